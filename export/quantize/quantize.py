"""`labeld-export quantize`: a bundle that also has its graph in 8 bits, if that is as right."""

import os
import shutil
import tempfile
from dataclasses import replace
from functools import partial
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from edge.classify import amend
from edge.classify import bundle as bundles
from edge.classify.amend import Int8
from edge.classify.bundle import HELD_OUT, INT8, Bundle
from edge.classify.openvino import OpenVinoRuntime
from edge.classify.outputs import Outputs
from edge.errors import LabeldError, PictureError
from edge.offline.files import score_files
from edge.prepare import preprocess
from export.pictures import collection, photographs
from export.pictures.photographs import Photograph
from export.progress import Progress
from export.quantize import graph, verdict
from export.quantize.verdict import Figures

CALIBRATED_BY = 300
"""Pictures that ranges are found by: as many as NNCF asks for."""

FEWEST = 10

Save = Callable[[str], None]
"""Saves a graph in a folder that does not exist yet."""

Make = Callable[[str], Any]
"""Takes a plain graph's folder and returns an OpenVINO model in 8 bits."""


class QuantizeError(LabeldError):
    """A bundle that cannot be quantised; the text says why, and what to do."""


class Pictures(NamedTuple):
    """What a graph is quantised by, and what it is judged by."""

    learnt: Sequence[Photograph]
    held_out: Sequence[Photograph]


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
    write(bundle, out, _pictures(bundle, collection.of_bundle(bundle, data, images)))


def write(
    bundle: Bundle, out: str, pictures: Pictures, save_earlier: Optional[Save] = None
) -> None:
    """Quantise a bundle, print what came of it, and write it to `out` with that.

    Args:
        bundle: the Bundle.
        out: a bundle's folder, which may be its own.
        pictures: the Pictures.
        save_earlier: saves the graph as it was before it learnt from what is held out, too, which
            is judged instead; None: it never does, or what it was then is gone.

    Raises:
        LabeldError: it cannot be quantised.
    """
    check(bundle, pictures)
    has_learnt = save_earlier is None and bool(bundle.scores.get("held_out_learnt"))
    if has_learnt:
        print(
            "{}: since it was scored it has learnt from the pictures held out: how right it is on "
            "them in 8 bits tells less than what `train` compares before that".format(bundle.path)
        )
    with tempfile.TemporaryDirectory() as folder:
        judged = bundle
        if save_earlier is not None:
            judged = replace(bundle, path=folder)
            save_earlier(judged.saved_model)
        forms, make = _tried(judged, pictures, folder)
        if judged is not bundle and forms[INT8]["served"]:
            faults = _remade(bundle, pictures, folder, make)
            forms[INT8].update(served=not faults, faults=faults)
        int8 = None
        if forms[INT8]["served"]:
            form = _int8(bundle, folder)
            int8 = Int8(form.saved_model, _golden(bundle, form))
        told = {form: dict(facts, had_learnt=has_learnt) for form, facts in forms.items()}
        amend.write(bundle.path, out, {"forms": told}, int8)
    print("wrote {}".format(out))


def check(bundle: Bundle, pictures: Pictures) -> None:
    """Raise QuantizeError if a bundle cannot be quantised by such pictures."""
    if bundle.conversion:
        raise QuantizeError(
            "{}: it has TensorRT engines: quantise the bundle that it was converted from".format(
                bundle.path
            )
        )
    for what, found in (("to find ranges by", pictures.learnt), ("held out", pictures.held_out)):
        if len(found) < FEWEST:
            raise QuantizeError(
                "{}: there are {} pictures {}; {} are needed at least".format(
                    bundle.path, len(found), what, FEWEST
                )
            )


def _pictures(bundle: Bundle, found: collection.Collection) -> Pictures:
    """Return a collection's Pictures, as training divided them."""
    table = os.path.join(bundle.path, HELD_OUT)
    if not os.path.exists(table):
        raise QuantizeError(
            "{}: it lists no pictures that were held out ({}), which would tell whether it is as "
            "right in 8 bits".format(bundle.path, HELD_OUT)
        )
    held_out = collection.read(table, found.below).photographs
    apart = {os.path.realpath(one.path) for one in held_out}
    learnt = [one for one in found.photographs if os.path.realpath(one.path) not in apart]
    return Pictures(learnt, held_out)


def _tried(bundle: Bundle, pictures: Pictures, folder: str) -> Tuple[Dict[str, Any], Make]:
    """Make the graph in 8 bits in `folder`; return what the manifest says of each form, and how."""
    before = _figures(bundle.as_run(OpenVinoRuntime.name, "fp32"), pictures.held_out)
    print("fp32: {}".format(before))
    found: Dict[str, Any] = {}
    for form in OpenVinoRuntime().forms(replace(bundle, forms={})):
        if form.precision == "bf16":
            found["bf16"] = _judged(form, pictures.held_out, before)
    int8, rows = _int8(bundle, folder), _rows(bundle, pictures.learnt)
    make = partial(graph.quantized, rows=rows)
    graph.save(make(bundle.saved_model), int8.saved_model)
    found[INT8] = _judged(int8, pictures.held_out, before)
    if not found[INT8]["served"]:
        print("int8: the layers that do the most harm go back into floats, in some minutes")
        make = partial(graph.controlled, rows=rows, judged_by=_rows(bundle, pictures.held_out))
        try:
            controlled = make(bundle.saved_model)
        except graph.TooLongError as error:
            print("int8: {}".format(error))
            return found, make
        shutil.rmtree(int8.saved_model)
        graph.save(controlled, int8.saved_model)
        found[INT8] = _judged(int8, pictures.held_out, before)
    return found, make


def _remade(bundle: Bundle, pictures: Pictures, folder: str, make: Make) -> List[str]:
    """Make the graph that is served in 8 bits in `folder`, as the one that was judged was made.

    Returns:
        What keeps it from being served: on pictures that it knows it has to be as right, too.
    """
    print("once more, of the graph that has learnt from the pictures held out, too:")
    int8 = _int8(bundle, folder)
    shutil.rmtree(int8.saved_model)
    try:
        graph.save(make(bundle.saved_model), int8.saved_model)
    except graph.TooLongError as error:
        print("int8: {}".format(error))
        return [str(error)]
    before = _figures(bundle.as_run(OpenVinoRuntime.name, "fp32"), pictures.held_out)
    print("fp32: {}".format(before))
    found: List[str] = _judged(int8, pictures.held_out, before)["faults"]
    return found


def _int8(bundle: Bundle, folder: str) -> Bundle:
    """Return the form in 8 bits whose graph is in `folder`."""
    return replace(bundle.as_run(OpenVinoRuntime.name, "int8"), path=folder)


def _judged(form: Bundle, held_out: Sequence[Photograph], plain: Figures) -> Dict[str, Any]:
    """Print and return what the manifest says of a form."""
    figures = _figures(form, held_out)
    faults = verdict.faults(plain, figures)
    answer = "not served: {}".format(", ".join(faults)) if faults else "as right as fp32"
    print("{}: {}: {}".format(form.precision, figures, answer))
    return {
        "served": not faults,
        "faults": faults,
        "scores": figures._asdict(),
        "plain_scores": plain._asdict(),
    }


def _figures(form: Bundle, held_out: Sequence[Photograph]) -> Figures:
    """Return the Figures of a form, by what it says of the photographs that can be read."""
    loaded = OpenVinoRuntime().load(form)
    paths = [one.path for one in held_out]
    with Progress(form.precision, len(paths), "picture") as progress:
        results = score_files(form, paths, loaded, lambda done, _: progress.update(done))
    pairs = [(one.label, result.scored) for one, result in zip(held_out, results)]
    return verdict.figures(
        form.labels,
        [form.labels.index(label) for label, scored in pairs if scored is not None],
        [scored for _, scored in pairs if scored is not None],
    )


def _rows(bundle: Bundle, found: Sequence[Photograph]) -> List[np.ndarray]:
    """Return CALIBRATED_BY photographs as prepared, uint8[299, 299, 3]: the classes in turn."""
    rows = []
    for one in photographs.in_turn(found)[:CALIBRATED_BY]:
        try:
            with open(one.path, "rb") as file:
                rows.append(preprocess.load(file.read(), bundle.preprocessing))
        except (OSError, PictureError):
            continue  # training has told of it
    return rows


def _golden(bundle: Bundle, form: Bundle) -> Outputs:
    """Return what a form says of a bundle's golden samples."""
    loaded = OpenVinoRuntime().load(form)
    found = [loaded.run(np.array([sample.pixels])) for sample in bundle.golden()]
    familiar = [one.familiar for one in found if one.familiar is not None]
    return Outputs(
        np.concatenate([one.scores for one in found]),
        np.concatenate(familiar) if familiar else None,
    )
