"""How right labels are, by recipe and number of photographs: `python -m bench.accuracy OUT`.

Trains each recipe on stamp photographs (or, with `--images`, on those of a folder) and scores it on
others, of things that it was not shown: accuracy, macro-F1, what training itself said, how long it
took, and pictures a second of the resulting graph. OUT is a folder for `accuracy.json`, which a
later run goes on with, and `accuracy.png`, where matplotlib is installed.
"""

import argparse
import json
import os
import shutil
import tempfile
import time

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from bench import photosets, plots
from bench.recipes import RECIPES
from edge.classify import bundle as bundles
from edge.classify.tensorflow import TensorFlowRuntime
from edge.classify.timed import TimedGraph
from edge.machine import memory
from edge.offline.files import score_files
from edge.prepare.preprocess import ROW
from tests.support import weights

SIZES = (5, 10, 20, 40, 100)
SEEDS = (1, 2, 3)
BATCH = 8
DRAWN = (("macro_f1", "macro-F1 on other things"), ("seconds", "seconds to train"))
"""The figures of a row that are drawn, and what they are called."""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--images", metavar="FOLDER", help="class folders, or a table")
    parser.add_argument("--weights", metavar="FILE", help="of the base (those of `make weights`)")
    parser.add_argument("--recipes", default=",".join(RECIPES), help="(%(default)s)")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="(%(default)s)")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="(%(default)s)")
    options = parser.parse_args()
    options.weights = options.weights or weights.require()
    os.makedirs(options.out, exist_ok=True)
    results = Results(os.path.join(options.out, "accuracy.json"))
    sizes, seeds = (
        [int(part) for part in text.split(",")] for text in (options.sizes, options.seeds)
    )
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            measure_seed(options, seed, sizes, folder, results)
    print(table(results.rows))
    draw(results.rows, os.path.join(options.out, "accuracy.png"))


class Results:
    """What was measured, in a file that each measurement is added to."""

    def __init__(self, path):
        self._path = path
        self.rows = []
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.rows = json.load(file)

    def has(self, **key):
        return any(key.items() <= row.items() for row in self.rows)

    def add(self, row):
        self.rows.append(row)
        with open(self._path + ".new", "w", encoding="utf-8") as file:
            json.dump(self.rows, file, indent=1)
        os.replace(self._path + ".new", self._path)


def measure_seed(options, seed, sizes, folder, results):
    name = os.path.basename(os.path.normpath(options.images)) if options.images else "stamps"
    wanted = [
        {"photographs": name, "recipe": recipe, "size": size, "seed": seed}
        for size in sizes
        for recipe in options.recipes.split(",")
    ]
    wanted = [key for key in wanted if not results.has(**key)]
    if not wanted:
        return
    if options.images:
        training, scored = photosets.of_folder(options.images, options.weights, seed)
    else:
        training, scored = photosets.of_stamps(folder, max(sizes), seed)
    for key in wanted:
        data = os.path.join(folder, "data")
        count = link(some(training, key["size"], seed), data)
        out = os.path.join(folder, "bundle")
        started = time.monotonic()
        RECIPES[key["recipe"]](data, sorted(training), out, options.weights, seed)
        row = dict(key, pictures=count, seconds=round(time.monotonic() - started, 1))
        row.update(measure_bundle(out, scored))
        results.add(row)
        print(json.dumps(row), flush=True)
        shutil.rmtree(out)
        shutil.rmtree(data)


def some(training, size, seed):
    """Return {label: paths} with at most `size` of each class."""
    chance = np.random.RandomState(seed)
    return {label: list(chance.permutation(paths)[:size]) for label, paths in training.items()}


def link(chosen, folder):
    """Link photographs into class folders; return how many."""
    for label, paths in chosen.items():
        os.makedirs(os.path.join(folder, label))
        for number, path in enumerate(paths):
            name = "{:04d}{}".format(number, os.path.splitext(path)[1])
            os.symlink(os.path.abspath(path), os.path.join(folder, label, name))
    return sum(map(len, chosen.values()))


def measure_bundle(path, scored):
    """Return the figures of a bundle on photographs, {label: paths}, as a dict for JSON."""
    bundle = bundles.read(path)
    graph = TensorFlowRuntime().load(bundle)
    pairs = [(file, label) for label, files in scored.items() for file in files]
    results = score_files(bundle, [file for file, _ in pairs], graph)
    found = [bundle.labels[result.scored.scores.argmax()] for result in results]
    truth = [label for _, label in pairs]
    row = {
        "accuracy": round(float(accuracy_score(truth, found)), 4),
        "macro_f1": round(float(f1_score(truth, found, average="macro")), 4),
        "pictures_per_second": round(pictures_per_second(graph), 2),
    }
    if "accuracy" in bundle.scores:
        row["own_accuracy"] = bundle.scores["accuracy"]
    return row


def pictures_per_second(graph):
    rows = memory.aligned((BATCH,) + ROW)
    return BATCH / TimedGraph(graph).warm_up(rows, (BATCH,))[BATCH]


def means(rows):
    """Return {(photographs, size, recipe): {figure: its mean over the seeds}}."""
    groups = {}
    for row in rows:
        groups.setdefault((row["photographs"], row["size"], row["recipe"]), []).append(row)
    figures = ("accuracy", "macro_f1", "own_accuracy", "seconds", "pictures_per_second")
    return {
        key: {
            figure: np.mean([row[figure] for row in group])
            for figure in figures
            if all(figure in row for row in group)
        }
        for key, group in groups.items()
    }


def table(rows):
    """Return the means as a table in Markdown."""
    found = means(rows)
    lines = [
        "| photographs | a class | recipe | accuracy | macro-F1 | own accuracy | seconds | "
        "pictures/s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (name, size, recipe), mean in sorted(found.items()):
        own = "{:.2f}".format(mean["own_accuracy"]) if "own_accuracy" in mean else ""
        lines.append(
            "| {} | {} | {} | {accuracy:.3f} | {macro_f1:.3f} | {} | {seconds:.0f} | "
            "{pictures_per_second:.1f} |".format(name, size, recipe, own, **mean)
        )
    return "\n".join(lines)


def draw(rows, path):
    """Draw macro-F1 and the seconds to train by pictures a class, if matplotlib is installed."""
    pyplot = plots.pyplot()
    if pyplot is None:
        return
    found = means(rows)
    names = sorted({name for name, _, _ in found})
    size = (6 * len(names), 4 * len(DRAWN))
    page, all_axes = pyplot.subplots(len(DRAWN), len(names), squeeze=False, figsize=size)
    for (figure, text), row in zip(DRAWN, all_axes):
        for name, axes in zip(names, row):
            own = [(key[1:], mean[figure]) for key, mean in found.items() if key[0] == name]
            draw_lines(axes, sorted(own))
            axes.set(title=name, ylabel=text)
    page.tight_layout()
    page.savefig(path, dpi=120)


def draw_lines(axes, points):
    """Draw a line for each recipe through points ((size, recipe), value), in order of sizes."""
    for recipe in RECIPES:
        line = [(size, value) for (size, other), value in points if other == recipe]
        if line:
            axes.plot(*zip(*line), marker="o", label=recipe)
    axes.set(xlabel="pictures a class", xscale="log")
    axes.set_ylim(bottom=0)
    sizes = sorted({size for (size, _), _ in points})
    axes.set_xticks(sizes, map(str, sizes))
    axes.set_xticks([], minor=True)
    axes.grid(alpha=0.3)
    axes.legend()


if __name__ == "__main__":
    main()
