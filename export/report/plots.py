"""Plots as SVG within a page, in its own text colour, so that they can be read in the dark too."""

import html
import io
import re
from typing import Any, Callable, Sequence, Tuple

INK = "#010203"
"""Stands for the page's text colour until the SVG is written."""

BLUE, ORANGE, GREEN = "#3b82c4", "#d9772b", "#3f9b5a"
"""Of lines: to be told apart in light and dark, and by those who see few colours."""

_OWN_NAMES = re.compile(
    r' id="(?:figure|axes|patch|line2d|text|legend|matplotlib\.axis|xtick|ytick'
    r'|PolyCollection|PathCollection|LineCollection)_\d+"'
)
"""Ids that each plot has, and a page may have once."""

_SIZE = re.compile(r'<svg ([^>]*?)(?:width|height)="[^"]*"\s*([^>]*?)(?:width|height)="[^"]*"')


def svg(title: str, draw: Callable[[Any], None], size: Tuple[float, float] = (5.0, 3.4)) -> str:
    """Return a plot as an `<svg>` element that is as wide as its place.

    Args:
        title: what it shows, for who cannot see it.
        draw: called with the axes to draw on.
        size: in inches, of which the shape counts.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    look: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": title,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": INK,
        "grid.alpha": 0.15,
        "legend.frameon": False,
        "font.size": 9,
    }
    with matplotlib.rc_context(look):
        figure = Figure(figsize=size)
        FigureCanvasSVG(figure)
        axes = figure.add_subplot(111)
        axes.patch.set_alpha(0)
        draw(axes)
        figure.tight_layout()
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return _within_a_page(out.getvalue(), title)


def _within_a_page(text: str, title: str) -> str:
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = _OWN_NAMES.sub("", text).replace(INK, "currentColor")
    text = _SIZE.sub(r"<svg \1\2", text, count=1)
    told = html.escape(title)
    return text.replace("<svg ", '<svg role="img" aria-label="{}" '.format(told), 1)


def reliability(rows: Sequence[Any]) -> str:
    """Return how often scores are right; `rows`: of `export.reliability.table`."""

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", label="as they say")
        scores, right = [row["score"] for row in rows], [row["right"] for row in rows]
        axes.plot(scores, right, color=BLUE, marker="o", label="as they are")
        for row in rows:
            axes.annotate(
                str(row["pictures"]),
                (row["score"], row["right"]),
                textcoords="offset points",
                xytext=(0, 6),
                ha="center",
                fontsize=7,
            )
        axes.set(xlim=(0, 1), ylim=(0, 1.08), xlabel="score", ylabel="share that is right")
        axes.grid(True)
        axes.legend(loc="upper left")

    return svg("How often a label is right, by its score", draw)


def thresholds(found: Sequence[Tuple[float, bool]], chosen: Any) -> str:
    """Return what a threshold gives.

    Args:
        found: (score, whether the label is right) of each picture.
        chosen: the threshold to mark, or None.
    """

    def draw(axes: Any) -> None:
        ordered = sorted(found)
        count, right = len(ordered), sum(ok for _, ok in ordered)
        scores, labelled, precision = [0.0], [1.0], [right / count]
        for number, (score, ok) in enumerate(ordered[:-1], 1):
            right -= ok
            scores.append(score)
            labelled.append(1 - number / count)
            precision.append(right / (count - number))
        axes.step(scores, precision, where="post", color=BLUE, label="of these, right")
        axes.step(scores, labelled, where="post", color=ORANGE, linestyle="--", label="get a label")
        if chosen is not None:
            axes.axvline(chosen, color=GREEN, linewidth=1, label="the bundle's threshold")
        axes.set(xlim=(0, 1), ylim=(0, 1.05), xlabel="threshold", ylabel="share of the pictures")
        axes.grid(True)
        axes.legend(loc="lower left")

    return svg("What a threshold of the score gives", draw)


def learning(points: Sequence[Tuple[float, float]], expected: Tuple[float, float]) -> str:
    """Return the learning curve: (pictures, share that is right), and what twice as many give."""

    def draw(axes: Any) -> None:
        counts, right = zip(*points)
        axes.plot(counts, right, color=BLUE, marker="o", label="seen")
        axes.plot(
            [counts[-1], expected[0]],
            [right[-1], expected[1]],
            color=ORANGE,
            marker="o",
            markerfacecolor="none",
            linestyle="--",
            label="to be expected",
        )
        axes.set(xlabel="pictures to learn from", ylabel="share that is right")
        axes.set_xlim(0, expected[0] * 1.05)
        axes.set_ylim(min(right) - 0.05, min(1.0, expected[1] + 0.05))
        axes.grid(True)
        axes.legend(loc="lower right")

    return svg("How right it is, by pictures learnt from", draw)


def histogram(values: Sequence[float], title: str, label: str, bins: int = 30) -> str:
    """Return how many pictures have which value."""

    def draw(axes: Any) -> None:
        axes.hist(values, bins=bins, color=BLUE)
        axes.set(xlabel=label, ylabel="pictures")
        axes.grid(True, axis="y")

    return svg(title, draw)
