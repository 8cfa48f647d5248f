"""A bundle's scores on labelled photographs, classified exactly as the daemon would."""

import json
import sys
from typing import Optional, Sequence

import numpy as np

from edge.classify import bundle as bundles
from edge.config.settings import ModelSettings
from export import predict, scores
from export.pictures import collection, photographs


def run(wanted: ModelSettings, data: str, images: Optional[str], as_json: bool) -> None:
    """Print the figures of a bundle on the labelled photographs of `data`.

    Args:
        wanted: the bundle, and what is to run it.
        data, images: see `export.pictures.collection.read`; of a user's own split, what is held
            out is scored.
        as_json: print what `export.scores.measure` returns, with `model` and `left_out` (the
            unreadable files and why), instead of text.

    Raises:
        LabeldError: the bundle is refused, `data` cannot be read or none of it is a picture, or
            has a label that the bundle does not know.
    """
    bundle = bundles.read(wanted.bundle)
    there = collection.read(data, images)
    for remark in there.remarks:
        print(remark, file=sys.stderr)
    found = [one for one in there.photographs if one.held_out is not False]
    _check_labels(bundle, data, found)
    results = predict.score(bundle, wanted, [photograph.path for photograph in found])
    left_out = [result for result in results if result.scored is None]
    for result in left_out:
        print("{}: {}; left out".format(result.file, result.error), file=sys.stderr)
    if len(left_out) == len(found):
        raise photographs.PhotographsError("{}: none of its pictures can be read".format(data))
    pairs = [pair for pair in zip(found, results) if pair[1].scored is not None]
    figures = scores.measure(
        bundle.labels,
        np.array([bundle.labels.index(photograph.label) for photograph, _ in pairs]),
        np.stack([result.scored.scores for _, result in pairs if result.scored is not None]),
    )
    if as_json:
        figures["model"] = bundle.model
        figures["left_out"] = [{"file": one.file, "error": one.error} for one in left_out]
        print(json.dumps(figures, indent=1, ensure_ascii=False))
    else:
        print("{} on {}".format(bundle.model, data))
        print(scores.text(figures))


def _check_labels(
    bundle: bundles.Bundle, data: str, found: Sequence[photographs.Photograph]
) -> None:
    unknown = sorted({photograph.label for photograph in found} - set(bundle.labels))
    if unknown:
        raise photographs.PhotographsError(
            "{}: the bundle {} does not know the label(s) {}; it knows {}".format(
                data,
                bundle.path,
                ", ".join(repr(label) for label in unknown),
                ", ".join(repr(label) for label in bundle.labels),
            )
        )
