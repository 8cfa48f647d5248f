"""`labeld-export train`: labelled photographs in, a model bundle out."""

import itertools
import os
import random
import sys
from typing import Any, List, Optional, Sequence

import numpy as np
import tensorflow as tf

from edge.classify import bundle, writer
from edge.errors import LabeldError
from edge.prepare import heic
from export import assessment, forms, scores, tables, thresholds
from export.network import freeze
from export.pictures import collection, photographs
from export.pictures.collection import Collection
from export.pictures.photographs import Checked, Photograph
from export.progress import Progress
from export.quantize import needs
from export.recipe import suspects
from export.report import predictions
from export.trainer import Options, Trained, Trainer

GOLDEN_SAMPLES = 8
MOST_GOLDEN_SAMPLES = 32
"""A bundle has at least the former, one of each class up to the latter."""

MOST_CONFLICTS = 10
"""Of pictures that are nearly the same with different labels, so many are named."""


def run(data: str, out: str, images: Optional[str], split: str, options: Options) -> None:
    """Train on the labelled photographs of `data` and write the bundle `out`.

    Args:
        data, images, split: see `export.pictures.collection.read`.
        out: the bundle's folder.
        options: Options.

    Raises:
        LabeldError: the photographs, the weights or the target cannot be used.
        KeyboardInterrupt: Ctrl-C before there was anything worth keeping.
    """
    writer.check_target(out)
    found = collection.read(data, images, split)
    readable = _checked(data, found)
    _seed(options.seed)
    trainer = Trainer(readable, options)
    plan = trainer.plan
    print(
        "{} pictures of {} classes: {} to choose the recipe by, {} held out".format(
            len(readable), len(trainer.labels), np.sum(~plan.held_out), np.sum(plan.held_out)
        )
    )
    choice = trainer.choose()
    print("chosen{}: {}".format(" until Ctrl-C" if choice.interrupted else "", choice.candidate))
    print(trainer.saved(choice.candidate))
    trained = trainer.fit(choice)
    figures = _held_out_figures(trainer, trained, options.seed)
    threshold = _threshold(trainer, trained, options.precision)
    suspicious = suspects.find(trained.scores, trainer.classes)
    chosen = [one.photograph for one in readable]
    _say_of_pictures(trainer, chosen, suspicious)
    points = trainer.curve(choice)
    if points:
        print(assessment.curve_text(points))
        figures["learning_curve"] = [list(point) for point in points]
    told = predictions.predictions(chosen, plan.held_out, trainer.labels, trained.scores)
    held_out = [chosen[number] for number in np.flatnonzero(plan.held_out)]
    others = [chosen[number] for number in np.flatnonzero(~plan.held_out)]
    freeze.write_bundle(
        out,
        trained.graph,
        trainer.labels,
        [photograph.path for photograph in _golden(held_out, others)],
        figures,
        threshold,
        {
            bundle.HELD_OUT: tables.labelled(held_out, found.below),
            bundle.SUSPECTS: tables.suspects(suspicious, chosen, trainer.labels, found.below),
            bundle.DUPLICATES: tables.duplicates(trainer.duplicates, chosen, found.below),
            bundle.PREDICTIONS: predictions.written(told, found.below),
        },
        {
            "data": os.path.abspath(data),
            "images": None if images is None else os.path.abspath(images),
        },
    )
    print("wrote {}".format(out))
    if options.int8 == needs.AUTO:
        forms.write(out, trainer, trained, chosen)
    _report(out, found.below, None if trained.tuned else trainer.seen_by(choice.candidate))


def _report(out: str, below: str, seen: Any) -> None:
    """Add the report to a bundle that has been written, and print the lines that matter.

    Args:
        out: the bundle's folder.
        below: where its photographs lie.
        seen: see `export.report.report.write`.
    """
    from export.report import page, report

    try:
        page.check()
        told = predictions.read(out, below)
        lines = report.write(bundle.read(out), below, told, seen=seen)
    except LabeldError as error:
        print("report: not written: {}".format(error))
    except KeyboardInterrupt:
        print("report: Ctrl-C: not written")
    else:
        print("\n".join(lines + ["Report: " + os.path.join(out, bundle.REPORT)]))


def _held_out_figures(trainer: Trainer, trained: Trained, seed: int) -> scores.Figures:
    """Print and return what the manifest says of the pictures that are held out."""
    figures = assessment.held_out_figures(
        trainer.labels, trainer.classes, trained.scores, trainer.plan, seed
    )
    print("held out: " + scores.headline(figures))
    print("held out: expected calibration error {expected_calibration_error:.3f}".format(**figures))
    print("held out: " + "\n".join(thresholds.text(figures["thresholds"])))
    if len(trained.familiar):
        kept = figures["familiar_kept"] = assessment.familiar_kept(trained.familiar)
        print("held out: {:.3f} are familiar at {:g}".format(kept, assessment.KNOWN))
    figures["held_out_learnt"] = trainer.learns_all
    if trainer.learns_all:
        print("once scored, the pictures held out were learnt from too")
    return figures


def _threshold(trainer: Trainer, trained: Trained, precision: Optional[float]) -> Optional[float]:
    """Print and return the threshold that is to give a precision, if one was asked for."""
    if precision is None:
        return None
    found = assessment.threshold(trainer.classes, trained.scores, trainer.plan, precision)
    if found is None:
        print("too few pictures to find a threshold by: none is recorded")
    else:
        print("threshold for a precision of {:g}: {:.4f}".format(precision, found))
    return found


def _say_of_pictures(
    trainer: Trainer, chosen: Sequence[Photograph], suspicious: Sequence[suspects.Suspect]
) -> None:
    """Print what is remarkable of the photographs."""
    different = [
        (chosen[pair.first], chosen[pair.second])
        for pair in trainer.duplicates
        if chosen[pair.first].label != chosen[pair.second].label
    ]
    print(
        "{}: {} pictures look like another class than their label, the most suspicious "
        "first".format(bundle.SUSPECTS, len(suspicious))
    )
    print(
        "{}: {} pairs of pictures are nearly the same, {} of them with different labels".format(
            bundle.DUPLICATES, len(trainer.duplicates), len(different)
        )
    )
    for pair in different[:MOST_CONFLICTS]:
        told = ["{0.path} ({0.label})".format(one) for one in pair]
        print("nearly the same: " + " and ".join(told))
    poor = assessment.few(trainer.labels, trainer.classes)
    if poor:
        listed = ", ".join("{} ({})".format(*one) for one in poor)
        print("classes with fewer than {} pictures: {}".format(assessment.FEW, listed))


def golden_choice(held_out: Sequence[Photograph], others: Sequence[Photograph]) -> List[Photograph]:
    """Choose the golden samples: the classes in turn, pictures that were held out first."""
    found = list(itertools.chain(held_out, others))
    count = min(max(GOLDEN_SAMPLES, len(photographs.by_class(found))), MOST_GOLDEN_SAMPLES)
    return photographs.in_turn(found)[:count]


def _golden(held_out: Sequence[Photograph], others: Sequence[Photograph]) -> List[Photograph]:
    """Choose samples that any machine can read, if there are such: not every one reads HEIC."""
    common = golden_choice(
        *([one for one in part if not _is_heic(one)] for part in (held_out, others))
    )
    return common or golden_choice(held_out, others)


def _is_heic(photograph: Photograph) -> bool:
    with open(photograph.path, "rb") as file:
        return heic.matches(file.read(heic.MARK_BYTES))


def _checked(data: str, found: Collection) -> List[Checked]:
    """Return the photographs that can be read; say what a user should know of them, and refuse."""
    for remark in found.remarks:
        print(remark, file=sys.stderr)
    photographs.check_classes(data, found.photographs)
    readable = _readable(found.photographs)
    photographs.check_distinct(data + ", without the unreadable", readable)
    for line in photographs.conflicts(readable):
        print(line, file=sys.stderr)
    return readable


def _readable(found: Sequence[Photograph]) -> List[Checked]:
    answers = []
    with Progress("check", len(found), "picture") as progress:
        for answer in photographs.checked(found):
            answers.append(answer)
            progress.update(len(answers))
    for one in answers:
        if one.fault is not None:
            print("{}: {}; left out".format(one.photograph.path, one.fault), file=sys.stderr)
    return [one for one in answers if one.fault is None]


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)
