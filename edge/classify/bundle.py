"""The model bundle on disk: a manifest, a frozen graph, and golden samples that prove it.

BUNDLE/bundle.json              the manifest, hashed over itself and over every file below
BUNDLE/saved_model/             the frozen graph: uint8[n, 299, 299, 3] ->
                                scores float32[n, classes], and perhaps familiar float32[n, 1]
BUNDLE/plain_model/             of a converted one: the graph that it was made from
BUNDLE/int8_model/              perhaps: the graph in 8 bits, for OpenVINO
BUNDLE/golden/                  pictures as files, `pixels.npy` as prepared, `scores.npy` and
                                perhaps `familiar.npy`, what the graph says of them, and the same
                                with `int8_` before it of the graph in 8 bits
BUNDLE/held_out.tsv             of a trained one: the photographs that its scores are from
BUNDLE/suspects.tsv             those that are taken for another class than their label
BUNDLE/duplicates.tsv           pairs that are nearly the same
BUNDLE/predictions.tsv          what each was taken for by a model that had not seen it
BUNDLE/report.html              all that for people, with pictures
"""

import os
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from edge.classify import manifest as manifests
from edge.classify.contents import read_array, read_file
from edge.classify.outputs import Outputs, Scored
from edge.prepare import preprocess
from edge.prepare.preprocess import ROW

SAVED_MODEL = "saved_model"
PLAIN_MODEL = "plain_model"
INT8_MODEL = "int8_model"
GOLDEN = "golden"
INT8 = "int8"
SCORES, FAMILIAR = "scores", "familiar"
"""The outputs of a graph; the second need not be there."""

HELD_OUT = "held_out.tsv"
"""The table of the photographs that a bundle was scored on, for `labeld-export evaluate`."""

SUSPECTS = "suspects.tsv"
"""The table of the photographs that are taken for another class than their label."""

DUPLICATES = "duplicates.tsv"
"""The table of the photographs that are nearly the same."""

PREDICTIONS = "predictions.tsv"
"""The table of what each photograph was taken for by a model that had not seen it."""

TABLES = (HELD_OUT, SUSPECTS, DUPLICATES, PREDICTIONS)

REPORT = "report.html"
"""What `labeld-export report` made of the tables and the photographs."""

MOST_PICTURE_BYTES = 100 << 20
"""Of a golden sample's file."""


class GoldenSample(NamedTuple):
    """A picture with what it must become.

    Attributes:
        name: its file name.
        data: the file's bytes.
        pixels: uint8[299, 299, 3] as prepared.
        scored: what the graph said of it where the bundle was made.
    """

    name: str
    data: bytes
    pixels: np.ndarray
    scored: Scored


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every byte has been checked against its manifest."""

    path: str
    name: str
    labels: Tuple[str, ...]
    precision: str
    batch_sizes: Tuple[int, ...]
    """The batch sizes the graph was built for; empty: any size will do."""
    scores: Dict[str, Any]
    made_with: Dict[str, Any]
    golden_files: Tuple[str, ...]
    content_hash: str
    preprocessing: Dict[str, Any] = field(default_factory=lambda: dict(preprocess.SPEC))
    """One of `edge.prepare.preprocess.SPECS`."""
    threshold: Optional[float] = None
    """The least score at which its labels are as often right as was asked for; None: not asked."""
    conversion: Dict[str, Any] = field(default_factory=dict)
    """How it was made of a plain bundle, and on what: `labeld-export convert`; empty: it is plain.
    """
    graph: str = SAVED_MODEL
    """The folder of the graph that is to be served."""
    runtime: str = ""
    """The name of the runtime that is to run it; empty: nobody has chosen."""
    streams: int = 1
    """How many runs of the graph share the cores: a batch is dealt out to as many, side by side."""
    forms: Dict[str, Any] = field(default_factory=dict)
    """{precision: what is known of it}: `served`, `faults`, `scores`, and whether it `had_learnt`
    the pictures that these are of: `labeld-export quantize`."""
    trained_on: Dict[str, Any] = field(default_factory=dict)
    """The paths `data` and `images` of the photographs, where it was trained; empty: unknown."""

    @property
    def model(self) -> str:
        """The name and the start of the hash: what events and metrics call this model."""
        return "{}-{}".format(self.name, self.content_hash[:6])

    @property
    def covering(self) -> Optional[int]:
        """What `edge.prepare.decoder.decode` is to be told."""
        return preprocess.covering(self.preprocessing)

    @property
    def saved_model(self) -> str:
        """The path of the graph that is to be served."""
        return os.path.join(self.path, self.graph)

    def plain(self) -> "Bundle":
        """Return a converted bundle as the plain one that it was made from."""
        return replace(self, precision="fp32", batch_sizes=(), conversion={}, graph=PLAIN_MODEL)

    def as_run(self, runtime: str, precision: str) -> "Bundle":
        """Return it as run by a runtime, which computes in `precision`."""
        graph = INT8_MODEL if precision == INT8 else self.graph
        return replace(self, runtime=runtime, precision=precision, graph=graph)

    def in_streams(self, streams: int) -> "Bundle":
        """Return it as run in so many streams."""
        return replace(self, streams=streams)

    def may_serve(self, precision: str) -> bool:
        """Return True if it is as right in `precision`, or nobody has looked."""
        return bool(self.forms.get(precision, {}).get("served", precision != INT8))

    @property
    def form(self) -> str:
        """What runs it, and what that computes in, for people: "openvino bf16"."""
        return "{} {}".format(self.runtime, self.precision).strip()

    def golden(self) -> List[GoldenSample]:
        """Return the golden samples, in their recorded order; raises BundleError."""
        number = len(self.golden_files)
        prepared = os.path.join(self.path, GOLDEN, "pixels.npy")
        pixels = read_array(prepared, "uint8", (number,) + ROW)
        scores = self._golden_array(SCORES, "float32", (number, len(self.labels)))
        has_familiar = os.path.exists(self._golden_path(FAMILIAR))
        familiar = self._golden_array(FAMILIAR, "float32", (number,)) if has_familiar else None
        outputs = Outputs(scores, familiar)
        return [
            GoldenSample(
                os.path.basename(file),
                read_file(os.path.join(self.path, file), MOST_PICTURE_BYTES),
                pixels[place],
                outputs.of(place),
            )
            for place, file in enumerate(self.golden_files)
        ]

    def _golden_path(self, name: str) -> str:
        return os.path.join(self.path, GOLDEN, golden_file(name, self.precision))

    def _golden_array(self, name: str, dtype: str, shape: Tuple[int, ...]) -> np.ndarray:
        return read_array(self._golden_path(name), dtype, shape)


def golden_file(name: str, precision: str) -> str:
    """Return what the file is called that has an output for the golden samples."""
    return "{}{}.npy".format("int8_" if precision == INT8 else "", name)


def read(path: str) -> Bundle:
    """Read and check the bundle at `path`.

    Raises:
        BundleError: it is missing, of another format, damaged, or made for another preprocessing.
    """
    manifest = manifests.read(path)
    return Bundle(
        path=path,
        name=manifest["name"],
        labels=tuple(manifest["labels"]),
        precision=manifest["precision"],
        batch_sizes=tuple(manifest["batch_sizes"]),
        scores=manifest["scores"],
        made_with=manifest["made_with"],
        golden_files=tuple(manifest["golden"]),
        content_hash=manifest["content_hash"],
        preprocessing=manifest["preprocessing"],
        threshold=manifest.get("threshold"),
        conversion=manifest.get("conversion") or {},
        forms=manifest.get("forms") or {},
        trained_on=manifest.get("trained_on") or {},
    )
