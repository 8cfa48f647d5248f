"""`labeld-export report`: how good a bundle is and what it gets wrong, as one page."""

import os
from typing import Any, Dict, List, Optional, Sequence

from edge import output
from edge.classify import amend
from edge.classify import bundle as bundles
from edge.classify.bundle import REPORT, Bundle
from edge.prepare import preprocess
from export.pictures import collection
from export.recipe import curve
from export.report import classes, mistakes, page, plots, predictions, remarkable, words
from export.report.album import LARGE, Album
from export.report.looking import Looking
from export.report.page import ReportError
from export.report.predictions import Prediction

PREPARED = 6
"""Photographs that are shown as they are and as they are prepared."""


def run(path: str, data: Optional[str], images: Optional[str], out: Optional[str]) -> List[str]:
    """Write the report of a bundle and return the lines that matter.

    Args:
        path: the bundle's.
        data, images: see `export.pictures.collection.of_bundle`.
        out: a file; None: the bundle's own.

    Raises:
        LabeldError: the bundle or the photographs cannot be used.
    """
    page.check()
    if out is not None:
        output.try_file(out)
    bundle = bundles.read(path)
    below = collection.of_bundle(bundle, data, images).below
    return write(bundle, below, predictions.read(path, below), out)


def write(
    bundle: Bundle,
    below: str,
    found: Sequence[Prediction],
    out: Optional[str] = None,
    seen: Optional[mistakes.Seen] = None,
) -> List[str]:
    """Write the report of a bundle that was read; see `run`.

    Args:
        bundle: the Bundle.
        below: where its photographs lie.
        found: what they were taken for.
        out: a file; None: the bundle's own.
        seen: tells what its head sees of `found`; None: the files are looked at.
    """
    facts = _facts(bundle, below, found, seen)
    content = page.rendered("report.html", **facts)
    if out is None:
        amend.add(bundle.path, {REPORT: content})
    else:
        with open(out, "wb") as file:
            file.write(content)
    return list(facts["lines"])


def _facts(
    bundle: Bundle, below: str, found: Sequence[Prediction], seen: Optional[mistakes.Seen]
) -> Dict[str, Any]:
    """Return what the template shows."""
    scored = [one for one in found if one.held_out and one.taken_for is not None]
    if not scored:
        raise ReportError("{}: no picture was held out: nothing tells how good it is".format(below))
    plain = bundle.plain() if bundle.conversion else bundle
    album = Album(page.PICTURE_BYTES)
    figures = predictions.figures(scored, bundle.labels)
    with Looking(plain) as looks:
        wrong = mistakes.shown(found, bundle.labels, bundle.preprocessing, looks, album, seen)
    return {
        "bundle": bundle,
        "below": below,
        "photographs": len(found),
        "figures": figures,
        "lines": words.lines(bundle, figures, [_within(one, below) for one in found]),
        "plots": _plots(bundle, figures, scored),
        "threshold": classes.chosen_threshold(bundle.threshold),
        "matrix": classes.matrix(figures),
        "confusions": classes.confusions(figures),
        "mistakes": [_named(one, below) for one in wrong],
        "suspects": remarkable.suspects(bundle.path, below, found, album),
        "duplicates": remarkable.duplicates(bundle.path, below, album),
        "prepared": _prepared(bundle, below, found, album),
        "examples": classes.examples(bundle.labels, scored, album),
    }


def _within(one: Prediction, below: str) -> Prediction:
    """Return a Prediction whose path is relative to the photographs' folder."""
    return one._replace(path=os.path.relpath(one.path, below))


def _named(mistake: mistakes.Mistake, below: str) -> mistakes.Mistake:
    """Return a Mistake whose files are relative to the photographs' folder."""
    like, like_own = (
        [(picture, os.path.relpath(path, below)) for picture, path in pairs]
        for pairs in (mistake.like, mistake.like_own)
    )
    return mistake._replace(one=_within(mistake.one, below), like=like, like_own=like_own)


def _plots(
    bundle: Bundle, figures: Dict[str, Any], scored: Sequence[Prediction]
) -> Dict[str, Optional[str]]:
    points = [curve.Point(*point) for point in bundle.scores.get("learning_curve", ())]
    learning = None
    if len(points) > 1:
        twice = 2 * points[-1].pictures
        pairs = [(point.pictures, point.accuracy) for point in points]
        learning = plots.learning(pairs, (twice, curve.expected(points, twice)))
    return {
        "reliability": plots.reliability(figures["reliability"]),
        "thresholds": plots.thresholds(
            [(one.score, one.is_right) for one in scored], bundle.threshold
        ),
        "learning": learning,
    }


def _prepared(
    bundle: Bundle, below: str, found: Sequence[Prediction], album: Album
) -> List[Dict[str, Optional[str]]]:
    """Return photographs as they are, and as the graph gets them."""
    answers = []
    for one in found[:: max(1, len(found) // PREPARED)][:PREPARED]:
        picture = album.of_file(one.path, LARGE)
        if picture is None:
            continue
        with open(one.path, "rb") as file:
            row = preprocess.load(file.read(), bundle.preprocessing)
        answers.append(
            {
                "file": os.path.relpath(one.path, below),
                "picture": picture,
                "row": album.of_pixels(row, LARGE),
            }
        )
    return answers
