"""Labels for a folder of pictures, as a table."""

import csv
import os
import sys

from edge.classify import bundle as bundles
from edge.decide.threshold import decide
from edge.offline.files import score_files
from export.photographs import pictures
from export.progress import Progress


def run(bundle, images, out):
    """Write the best label of each picture below `images` to the TSV file `out`.

    Its columns are `file` (relative to `images`), `label` and `score`, in file order. A picture
    that cannot be read has an empty label and score, and a line on stderr.

    Args:
        bundle, images, out: paths.

    Raises:
        LabeldError: the bundle is refused, or there are no pictures.
    """
    bundle = bundles.read(bundle)
    files = pictures(images)
    results = score(bundle, [os.path.join(images, file) for file in files])
    with open(out, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(("file", "label", "score"))
        for name, result in zip(files, results):
            table.writerow((name,) + _answer(result, bundle.labels))


def score(bundle, files):
    """Return `edge.offline.files.score_files` of the paths `files`, and show how far it is."""
    with Progress("classify", len(files), "picture") as progress:
        return score_files(bundle, files, progress=lambda done, _: progress.update(done))


def _answer(result, labels):
    if result.scores is None:
        print("{}: {}; its label is left empty".format(result.file, result.error), file=sys.stderr)
        return "", ""
    best = decide(result.scores, labels, threshold=0.0, top=1)
    return best.label, "{:.6f}".format(best.score)
