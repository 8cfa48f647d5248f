"""Labels for a folder of pictures, as a table."""

import csv
import os
import sys
from typing import List, Sequence, Tuple

from edge import output
from edge.classify import bundle as bundles
from edge.classify import variant
from edge.classify.bundle import Bundle
from edge.classify.runtimes import Runtimes
from edge.config.settings import ModelSettings
from edge.decide.threshold import decide
from edge.offline.files import Result, score_files
from export.pictures import listing
from export.pictures.photographs import PhotographsError
from export.progress import Progress


def run(wanted: ModelSettings, images: str, out: str) -> None:
    """Write the best label of each picture below `images` to the TSV file `out`.

    Its columns are `file` (relative to `images`), `label` and `score`, in file order. A picture
    that cannot be read has an empty label and score, and a line on stderr.

    Args:
        wanted: the bundle, and what is to run it.
        images, out: of the pictures and the table.

    Raises:
        LabeldError: the bundle is refused, there are no pictures, or `out` cannot be written.
    """
    output.try_file(out)
    bundle = bundles.read(wanted.bundle)
    files = _files(images)
    results = score(bundle, wanted, [os.path.join(images, file) for file in files])
    with open(out, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(("file", "label", "score"))
        for name, result in zip(files, results):
            table.writerow((name,) + _answer(result, bundle.labels))


def _files(images: str) -> List[str]:
    found = listing.below(images)
    for remark in listing.remarks(images, found):
        print(remark, file=sys.stderr)
    if not found.files:
        raise PhotographsError("{}: no pictures there".format(images))
    return found.files


def score(bundle: Bundle, wanted: ModelSettings, files: Sequence[str]) -> List[Result]:
    """Return the Results of some files, as a bundle is served here, and show how far it is.

    Args:
        bundle: the Bundle.
        wanted: what is to run it.
        files: paths.

    Raises:
        LabeldError: the bundle cannot be served here, or a stage failed.
    """
    runtime = Runtimes()
    suitable = variant.suitable(bundle, wanted.fallback, runtime)
    form = variant.fastest(suitable, wanted, runtime).candidates[0]
    graph = runtime.load(form)
    with Progress("classify", len(files), "picture") as progress:
        return score_files(form, files, graph, lambda done, _: progress.update(done))


def _answer(result: Result, labels: Sequence[str]) -> Tuple[str, str]:
    if result.scored is None:
        print("{}: {}; its label is left empty".format(result.file, result.error), file=sys.stderr)
        return "", ""
    best = decide(result.scored, labels, threshold=0.0, top=1)
    return best.label, "{:.6f}".format(best.score)
