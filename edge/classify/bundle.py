"""The model bundle on disk: a manifest, a frozen graph, and golden samples that prove it.

BUNDLE/bundle.json              the manifest, hashed over itself and over every file below
BUNDLE/saved_model/             the frozen graph: uint8[n, 299, 299, 3] -> float32[n, classes]
BUNDLE/plain_model/             of a converted one: the graph that it was made from
BUNDLE/golden/                  pictures as files, `pixels.npy` as prepared, `scores.npy`
BUNDLE/held_out.tsv             of a trained one: the photographs that its scores are from
"""

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections import namedtuple
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

import numpy as np

from edge.errors import BundleError
from edge.prepare import preprocess

FORMAT = 1
MANIFEST = "bundle.json"
SAVED_MODEL = "saved_model"
PLAIN_MODEL = "plain_model"
GOLDEN = "golden"
HELD_OUT = "held_out.tsv"
"""The table of the photographs that a bundle was scored on, for `labeld-export evaluate`."""

_FIELDS = {
    "format": int,
    "name": str,
    "created_at": str,
    "labels": list,
    "preprocessing": dict,
    "precision": str,
    "batch_sizes": list,
    "scores": dict,
    "made_with": dict,
    "golden": list,
    "files": dict,
    "content_hash": str,
}

GoldenSample = namedtuple("GoldenSample", "name data pixels scores")
GoldenSample.__doc__ = """A picture with what it must become.

name: its file name; data: the file's bytes; pixels: uint8[299, 299, 3] as prepared;
scores: float32[classes] as the graph gave them where the bundle was made.
"""


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every byte has been checked against its manifest."""

    path: str
    name: str
    labels: tuple
    precision: str
    batch_sizes: tuple
    """The batch sizes the graph was built for; empty: any size will do."""
    scores: dict
    made_with: dict
    golden_files: tuple
    content_hash: str
    conversion: dict = field(default_factory=dict)
    """How it was made of a plain bundle, and on what: `labeld-export convert`; empty: it is plain.
    """
    graph: str = SAVED_MODEL
    """The folder of the graph that is to be served."""

    @property
    def model(self):
        """The name and the start of the hash: what events and metrics call this model."""
        return "{}-{}".format(self.name, self.content_hash[:6])

    @property
    def saved_model(self):
        return os.path.join(self.path, self.graph)

    def plain(self):
        """Return a converted bundle as the plain one that it was made from."""
        return replace(self, precision="fp32", batch_sizes=(), conversion={}, graph=PLAIN_MODEL)

    def golden(self):
        """Return the golden samples, in their recorded order."""
        pixels = np.load(os.path.join(self.path, GOLDEN, "pixels.npy"), allow_pickle=False)
        scores = np.load(os.path.join(self.path, GOLDEN, "scores.npy"), allow_pickle=False)
        names = [os.path.basename(file) for file in self.golden_files]
        data = [_read_file(os.path.join(self.path, file)) for file in self.golden_files]
        return [GoldenSample(*sample) for sample in zip(names, data, pixels, scores)]


def read(path):
    """Read and check the bundle at `path`; return a `Bundle`.

    Raises:
        BundleError: it is missing, of another format, damaged, or made for another preprocessing.
    """
    manifest = _read_manifest(os.path.join(str(path), MANIFEST))
    if manifest["preprocessing"] != preprocess.SPEC:
        raise BundleError(
            os.path.join(str(path), MANIFEST),
            "it was trained on pictures prepared as {}, and this labeld prepares {}: export it "
            "again with this version".format(manifest["preprocessing"], preprocess.SPEC),
        )
    for file, facts in sorted(manifest["files"].items()):
        _check_file(os.path.join(str(path), file), facts)
    return Bundle(
        path=str(path),
        name=manifest["name"],
        labels=tuple(manifest["labels"]),
        precision=manifest["precision"],
        batch_sizes=tuple(manifest["batch_sizes"]),
        scores=manifest["scores"],
        made_with=manifest["made_with"],
        golden_files=tuple(manifest["golden"]),
        content_hash=manifest["content_hash"],
        conversion=manifest.get("conversion") or {},
    )


def write(
    path,
    fill_saved_model,
    labels,
    golden,
    scores,
    made_with,
    precision="fp32",
    batch_sizes=(),
    tables=None,
    conversion=None,
    plain_model=None,
):
    """Write a bundle, whole or not at all; a bundle that was there before is replaced.

    Args:
        path: the bundle's folder; its name is the model's.
        fill_saved_model: called with a folder that it must make and save the frozen graph in.
        labels: the class names, in the order of the graph's output.
        golden: a sequence of GoldenSample.
        scores: what was measured on held-out pictures (a dict for JSON).
        made_with: versions of what made it (a dict for JSON).
        precision: what the graph computes in.
        batch_sizes: the only sizes the graph takes; empty: any.
        tables: {file name: bytes}, what else is kept with it, for people.
        conversion: how it was made of a plain bundle (a dict for JSON), or None.
        plain_model: the folder of that one's graph, which is copied, or None.

    Raises:
        BundleError: `path` exists and is not a bundle.
    """
    path = os.path.abspath(str(path))
    check_target(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    draft = tempfile.mkdtemp(prefix=os.path.basename(path) + ".", dir=os.path.dirname(path))
    try:
        fill_saved_model(os.path.join(draft, SAVED_MODEL))
        if plain_model is not None:
            shutil.copytree(plain_model, os.path.join(draft, PLAIN_MODEL))
        manifest = {
            "format": FORMAT,
            "name": os.path.basename(path),
            "created_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "labels": list(labels),
            "preprocessing": preprocess.SPEC,
            "precision": precision,
            "batch_sizes": list(batch_sizes),
            "scores": scores,
            "made_with": made_with,
            "golden": _write_golden(draft, golden),
        }
        if conversion is not None:
            manifest["conversion"] = conversion
        for name, content in (tables or {}).items():
            _write_file(os.path.join(draft, name), content)
        manifest["files"] = _files(draft)
        manifest["content_hash"] = _content_hash(manifest)
        _write_file(os.path.join(draft, MANIFEST), _canonical(manifest))
        os.chmod(draft, 0o755)  # mkdtemp's 0700 would keep the daemon's user out
        _replace(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check_target(path):
    """Raise BundleError if `path` is something that `write` must not replace."""
    is_free = not os.path.lexists(path) or (os.path.isdir(path) and not os.listdir(path))
    if not is_free and not os.path.isfile(os.path.join(path, MANIFEST)):
        raise BundleError(path, "it exists and is not a bundle: choose another --out")


def _read_manifest(path):
    try:
        text = _read_file(path)
    except OSError as error:
        raise BundleError(path, "{}: is this a bundle?".format(error.strerror))
    try:
        manifest = json.loads(text.decode("utf-8"))
    except ValueError as error:
        raise BundleError(path, "not JSON ({}): copy the bundle again".format(error))
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise BundleError(path, "no format number: not a bundle's manifest")
    if manifest["format"] != FORMAT:
        raise BundleError(
            path,
            "format {!r}; this labeld reads format {}: export the bundle again, or install the "
            "labeld that made it".format(manifest["format"], FORMAT),
        )
    for name, kind in _FIELDS.items():
        if not isinstance(manifest.get(name), kind):
            raise BundleError(path, "{!r} is missing or no {}".format(name, kind.__name__))
    if text != _canonical(manifest) or manifest["content_hash"] != _content_hash(manifest):
        raise BundleError(path, "it was changed after it was written: copy the bundle again")
    return manifest


def _check_file(path, facts):
    try:
        data = _read_file(path)
    except OSError as error:
        raise BundleError(path, "{}: copy the bundle again".format(error.strerror))
    if _sha256(data) != facts["sha256"]:
        raise BundleError(
            path,
            "its content is not what bundle.json recorded ({} bytes, {} recorded): copy the "
            "bundle again".format(len(data), facts["bytes"]),
        )


def _write_golden(draft, golden):
    """Write the golden samples below `draft`; return the pictures' paths relative to it."""
    folder = os.path.join(draft, GOLDEN)
    os.mkdir(folder)
    files = []
    for number, sample in enumerate(golden):
        extension = os.path.splitext(sample.name)[1].lower()
        files.append("{}/{:02d}{}".format(GOLDEN, number, extension))
        _write_file(os.path.join(draft, files[-1]), sample.data)
    for name in ("pixels", "scores"):
        buffer = io.BytesIO()
        np.save(buffer, np.stack([getattr(sample, name) for sample in golden]))
        _write_file(os.path.join(folder, name + ".npy"), buffer.getvalue())
    return files


def _files(draft):
    found = {}
    for folder, _, names in os.walk(draft):
        for name in names:
            path = os.path.join(folder, name)
            data = _read_file(path)
            relative = os.path.relpath(path, draft).replace(os.sep, "/")
            found[relative] = {"bytes": len(data), "sha256": _sha256(data)}
    return found


def _replace(draft, path):
    """Put `draft` in the place of `path`, whose former content goes only after that."""
    former = draft + ".former"
    if os.path.lexists(path):
        os.rename(path, former)
    try:
        os.rename(draft, path)
    except OSError:
        if os.path.lexists(former):
            os.rename(former, path)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _canonical(manifest):
    """The one way to write a manifest, so that no byte of it can change unseen."""
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode("utf-8")


def _content_hash(manifest):
    rest = {key: value for key, value in manifest.items() if key != "content_hash"}
    return _sha256(_canonical(rest))


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


def _read_file(path):
    with open(path, "rb") as file:
        return file.read()


def _write_file(path, data):
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
