"""A bundle being written: whole, or not at all."""

import fcntl
import io
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np

from edge import output
from edge.classify import manifest as manifests
from edge.classify.bundle import FAMILIAR, GOLDEN, PLAIN_MODEL, SAVED_MODEL, SCORES, GoldenSample
from edge.classify.manifest import MANIFEST, write_file
from edge.errors import BundleError

DRAFT = ".labeld-draft.{}."
"""How the name of a draft beside its bundle begins, by the bundle's name."""


@dataclass(frozen=True)
class Draft:
    """What a bundle is to hold.

    Attributes:
        fill_saved_model: called with a folder that it must make and save the frozen graph in.
        labels: the class names, in the order of the graph's output.
        golden: the golden samples.
        scores: what was measured on held-out pictures (for JSON).
        made_with: versions of what made it (for JSON).
        precision: what the graph computes in.
        batch_sizes: the only sizes the graph takes; empty: any.
        threshold: the least score at which labels are as often right as was asked for, or None.
        tables: {file name: bytes}, what else is kept with it, for people.
        conversion: how it was made of a plain bundle (for JSON), or None.
        plain_model: the folder of that one's graph, which is copied, or None.
        trained_on: the paths `data` and `images` of the photographs.
        preprocessing: of the bundle that it was made of, or None: today's.
    """

    fill_saved_model: Callable[[str], None]
    labels: Sequence[str]
    golden: Sequence[GoldenSample]
    scores: Dict[str, Any]
    made_with: Dict[str, Any]
    precision: str = "fp32"
    batch_sizes: Sequence[int] = ()
    threshold: Optional[float] = None
    tables: Dict[str, bytes] = field(default_factory=dict)
    conversion: Optional[Dict[str, Any]] = None
    plain_model: Optional[str] = None
    trained_on: Dict[str, Any] = field(default_factory=dict)
    preprocessing: Optional[Dict[str, Any]] = None


def write(path: str, draft: Draft) -> None:
    """Write a bundle; one that was there before is replaced.

    Args:
        path: the bundle's folder; its name is the model's.
        draft: what it is to hold.

    Raises:
        BundleError: `path` exists and is not a bundle.
        OutputError: nothing can be written there.
    """
    write_folder(path, lambda folder, name: _fill(folder, name, draft))


def write_folder(path: str, fill: Callable[[str, str], None]) -> None:
    """Write a bundle by calling `fill` with a folder to fill, and with the model's name.

    Raises:
        BundleError: `path` exists and is not a bundle.
        OutputError: nothing can be written there.
    """
    path = os.path.abspath(path)
    check_target(path)
    parent, name = os.path.split(path)
    os.makedirs(parent, exist_ok=True)
    begun = DRAFT.format(name)
    _remove_abandoned(parent, begun)
    folder = tempfile.mkdtemp(prefix=begun, dir=parent)
    mark = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(mark, fcntl.LOCK_EX)
        fill(folder, name)
        os.chmod(folder, 0o755)  # mkdtemp's 0700 would keep the daemon's user out
        _replace(folder, path)
    finally:
        os.close(mark)
        shutil.rmtree(folder, ignore_errors=True)


def check_target(path: str) -> None:
    """Raise BundleError if `path` is what `write` must not replace, OutputError if it cannot."""
    is_free = not os.path.lexists(path) or (os.path.isdir(path) and not os.listdir(path))
    if not is_free and not os.path.isfile(os.path.join(path, MANIFEST)):
        raise BundleError(path, "it exists and is not a bundle: choose another --out")
    output.try_folder(path)


def _remove_abandoned(parent: str, begun: str) -> None:
    """Remove the drafts whose writers have been killed: nobody holds their locks."""
    for name in os.listdir(parent):
        if not name.startswith(begun):
            continue
        folder = os.path.join(parent, name)
        try:
            mark = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            continue  # it has gone since
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(mark)


def _fill(folder: str, name: str, draft: Draft) -> None:
    draft.fill_saved_model(os.path.join(folder, SAVED_MODEL))
    if draft.plain_model is not None:
        shutil.copytree(draft.plain_model, os.path.join(folder, PLAIN_MODEL))
    facts: Dict[str, Any] = {
        "name": name,
        "created_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "labels": list(draft.labels),
        "precision": draft.precision,
        "batch_sizes": list(draft.batch_sizes),
        "scores": draft.scores,
        "made_with": draft.made_with,
        "golden": _write_golden(folder, draft.golden),
    }
    if draft.threshold is not None:
        facts["threshold"] = draft.threshold
    if draft.conversion is not None:
        facts["conversion"] = draft.conversion
    if draft.preprocessing is not None:
        facts["preprocessing"] = draft.preprocessing
    if draft.trained_on:
        facts["trained_on"] = draft.trained_on
    for file, content in draft.tables.items():
        write_file(os.path.join(folder, file), content)
    manifests.seal(folder, facts)


def _write_golden(folder: str, golden: Sequence[GoldenSample]) -> List[str]:
    """Write the golden samples below `folder`; return the pictures' paths relative to it."""
    os.mkdir(os.path.join(folder, GOLDEN))
    files = []
    for number, sample in enumerate(golden):
        extension = os.path.splitext(sample.name)[1].lower()
        files.append("{}/{:02d}{}".format(GOLDEN, number, extension))
        write_file(os.path.join(folder, files[-1]), sample.data)
    arrays = {
        "pixels": [sample.pixels for sample in golden],
        SCORES: [sample.scored.scores for sample in golden],
    }
    if all(sample.scored.familiar is not None for sample in golden):
        arrays[FAMILIAR] = [np.array(sample.scored.familiar, np.float32) for sample in golden]
    for name, values in arrays.items():
        write_array(os.path.join(folder, GOLDEN, name + ".npy"), np.stack(values))
    return files


def write_array(path: str, values: np.ndarray) -> None:
    """Write an array in numpy's format (NEP 1)."""
    buffer = io.BytesIO()
    np.save(buffer, values)
    write_file(path, buffer.getvalue())


def _replace(draft: str, path: str) -> None:
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
