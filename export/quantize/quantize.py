"""`labeld-export quantize`: a bundle that also has its graph in 8 bits, if that is as right."""

import os
import shutil
import tempfile
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from edge.classify import amend
from edge.classify import bundle as bundles
from edge.classify.amend import Int8
from edge.classify.bundle import HELD_OUT, INT8, Bundle
from edge.classify.openvino import OpenVinoRuntime
from edge.classify.outputs import Outputs, Scored
from edge.errors import LabeldError
from edge.offline.files import score_files
from export.pictures import collection
from export.pictures.photographs import Photograph
from export.progress import Progress
from export.quantize import graph, ranges, verdict
from export.quantize.exam import Exam
from export.quantize.trunk import Trunk

FEWEST = 10

BF16 = "bf16"


class QuantizeError(LabeldError):
    """A bundle that cannot be quantised; the text says why, and what to do."""


def run(path: str, out: str, data: Optional[str], images: Optional[str]) -> None:
    """Quantise the bundle at `path` and write it to `out`, and print what came of it.

    Args:
        path: the bundle's.
        out: a bundle's folder, which may be the same.
        data, images: see `export.pictures.collection.of_bundle`.

    Raises:
        LabeldError: the bundle or the photographs cannot be used.
    """
    bundle = bundles.read(path)
    learnt, held_out = _divided(bundle, collection.of_bundle(bundle, data, images))
    check(bundle, learnt, held_out)
    if bundle.scores.get("held_out_learnt"):
        print(
            "{}: since it was scored it has learnt from the pictures held out: how right it is on "
            "them in 8 bits tells less than what `train` compares before that".format(bundle.path)
        )
    said = _said(_plain(bundle), held_out)
    readable = [one for one, scored in zip(held_out, said) if scored is not None]
    exam = Exam(readable, [scored for scored in said if scored is not None])
    write(bundle, out, Trunk(ranges.rows(learnt, bundle.preprocessing)), exam)


def write(
    bundle: Bundle, out: str, trunk: Trunk, last: Exam, before: Optional[Exam] = None
) -> None:
    """Quantise a bundle, print what came of it, and write it to `out` with that.

    Args:
        bundle: the Bundle, for which `check` has passed.
        out: a bundle's folder, which may be its own.
        trunk: the Trunk of its graph, and of what that has learnt from before.
        last: the Exam of its graph.
        before: the Exam of a graph on the same base that has not learnt from the photographs by
            which it is judged; None: what it was then is gone, and `last` has to do.

    Raises:
        LabeldError: it cannot be quantised.
    """
    exam = before or last
    with tempfile.TemporaryDirectory() as folder:
        judged = bundle
        if exam.save is not None:
            judged = replace(bundle, path=folder)
            exam.save(judged.saved_model)
        plain = exam.figures(bundle.labels)
        print("fp32: {}".format(plain))
        facts = _tried(judged, trunk, exam, folder)
        if exam.save is not None and facts["served"]:
            faults = _remade(bundle, trunk, last, folder)
            facts.update(served=not faults, faults=faults)
        forms, int8 = {INT8: facts}, None
        if facts["served"]:
            form = _int8(bundle, folder)
            int8 = Int8(form.saved_model, _golden(bundle, form))
        else:
            forms.update(
                (form.precision, _judged(form, exam))
                for form in OpenVinoRuntime().forms(replace(judged, forms={}))
                if form.precision == BF16
            )
        has_learnt = before is None and bool(bundle.scores.get("held_out_learnt"))
        for told in forms.values():
            told.update(plain_scores=plain._asdict(), had_learnt=has_learnt)
        amend.write(bundle.path, out, {"forms": forms}, int8)
    print("wrote {}".format(out))


def check(bundle: Bundle, learnt: Sequence[Photograph], judges: Sequence[Photograph]) -> None:
    """Raise QuantizeError if a bundle cannot be quantised by such photographs."""
    if bundle.conversion:
        raise QuantizeError(
            "{}: it has TensorRT engines: quantise the bundle that it was converted from".format(
                bundle.path
            )
        )
    for what, found in (("to find ranges by", learnt), ("held out", judges)):
        if len(found) < FEWEST:
            raise QuantizeError(
                "{}: there are {} pictures {}; {} are needed at least".format(
                    bundle.path, len(found), what, FEWEST
                )
            )


def _divided(
    bundle: Bundle, found: collection.Collection
) -> Tuple[List[Photograph], Sequence[Photograph]]:
    """Return (learnt, held out) of a collection, as training divided it."""
    table = os.path.join(bundle.path, HELD_OUT)
    if not os.path.exists(table):
        raise QuantizeError(
            "{}: it lists no pictures that were held out ({}), which would tell whether it is as "
            "right in 8 bits".format(bundle.path, HELD_OUT)
        )
    held_out = collection.read(table, found.below).photographs
    apart = {os.path.realpath(one.path) for one in held_out}
    learnt = [one for one in found.photographs if os.path.realpath(one.path) not in apart]
    return learnt, held_out


def _tried(bundle: Bundle, trunk: Trunk, exam: Exam, folder: str) -> Dict[str, Any]:
    """Make the graph in 8 bits in `folder`; return what the manifest says of it."""
    int8 = _int8(bundle, folder)
    graph.save(trunk.under(bundle.saved_model), int8.saved_model)
    found = _judged(int8, exam)
    if found["served"]:
        return found
    print("int8: the layers that do the most harm go back into floats, in some minutes")
    trunk.keep_in_floats(ranges.rows(exam.photographs, bundle.preprocessing), len(bundle.labels))
    try:
        controlled = trunk.under(bundle.saved_model)
    except graph.TooLongError as error:
        print("int8: {}".format(error))
        return found
    shutil.rmtree(int8.saved_model)
    graph.save(controlled, int8.saved_model)
    return _judged(int8, exam)


def _remade(bundle: Bundle, trunk: Trunk, exam: Exam, folder: str) -> List[str]:
    """Make the graph that is served in 8 bits in `folder`, as the one that was judged was made.

    Returns:
        What keeps it from being served: on pictures that it knows it has to be as right, too.
    """
    print("once more, of the graph that has learnt from the pictures held out, too:")
    int8 = _int8(bundle, folder)
    shutil.rmtree(int8.saved_model)
    try:
        graph.save(trunk.under(bundle.saved_model), int8.saved_model)
    except graph.TooLongError as error:
        print("int8: {}".format(error))
        return [str(error)]
    print("fp32: {}".format(exam.figures(bundle.labels)))
    found: List[str] = _judged(int8, exam)["faults"]
    return found


def _plain(bundle: Bundle) -> Bundle:
    return bundle.as_run(OpenVinoRuntime.name, "fp32")


def _int8(bundle: Bundle, folder: str) -> Bundle:
    """Return the form in 8 bits whose graph is in `folder`."""
    return replace(bundle.as_run(OpenVinoRuntime.name, "int8"), path=folder)


def _judged(form: Bundle, exam: Exam) -> Dict[str, Any]:
    """Print and return what the manifest says of a form."""
    plain = exam.figures(form.labels)
    figures = exam.figures_of(form.labels, _said(form, exam.photographs))
    faults = verdict.faults(plain, figures)
    answer = "not served: {}".format(", ".join(faults)) if faults else "as right as fp32"
    print("{}: {}: {}".format(form.precision, figures, answer))
    return {"served": not faults, "faults": faults, "scores": figures._asdict()}


def _said(form: Bundle, found: Sequence[Photograph]) -> List[Optional[Scored]]:
    """Return what a form says of photographs; None of those that cannot be read."""
    loaded = OpenVinoRuntime().load(form)
    paths = [one.path for one in found]
    with Progress(form.precision, len(paths), "picture") as progress:
        results = score_files(form, paths, loaded, lambda done, _: progress.update(done))
    return [result.scored for result in results]


def _golden(bundle: Bundle, form: Bundle) -> Outputs:
    """Return what a form says of a bundle's golden samples."""
    loaded = OpenVinoRuntime().load(form)
    found = [loaded.run(np.array([sample.pixels])) for sample in bundle.golden()]
    familiar = [one.familiar for one in found if one.familiar is not None]
    return Outputs(
        np.concatenate([one.scores for one in found]),
        np.concatenate(familiar) if familiar else None,
    )
