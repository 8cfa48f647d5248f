"""bundle.json: what a bundle says of itself, hashed over itself and over every file beside it."""

import errno
import hashlib
import json
import os
from typing import Any, Dict, Mapping

from edge.classify import contents, facts
from edge.errors import BundleError
from edge.prepare import preprocess

FORMAT = 1
MANIFEST = "bundle.json"

Manifest = Dict[str, Any]

MOST_BYTES = 64 << 20
"""Of a manifest: more than one of 100,000 labels has."""


def read(folder: str) -> Manifest:
    """Return the manifest of the bundle in `folder`, every file of which is as it says.

    Raises:
        BundleError: it is missing, of another format, damaged, or made for another preprocessing.
    """
    path = os.path.join(folder, MANIFEST)
    manifest = _read_manifest(path)
    if manifest["preprocessing"] not in preprocess.SPECS:
        raise BundleError(
            path,
            "it was trained on pictures prepared as {}, and this labeld prepares {}: export it "
            "again with this version".format(manifest["preprocessing"], preprocess.SPEC),
        )
    contents.check_files(folder, manifest["files"], beside=(MANIFEST,))
    return manifest


def seal(folder: str, said: Mapping[str, Any]) -> None:
    """Write the manifest of a bundle whose every other file is in `folder` already.

    Args:
        folder: the bundle's.
        said: what it says, but for the format, the files and their hashes; the preprocessing only
            where it is not that of today.
    """
    files = {
        name: {"bytes": size, "sha256": contents.digest(os.path.join(folder, name), size)}
        for name, size in contents.list_files(folder).items()
    }
    manifest = dict({"preprocessing": preprocess.SPEC}, **dict(said, format=FORMAT, files=files))
    manifest["content_hash"] = _content_hash(manifest)
    write_file(os.path.join(folder, MANIFEST), _canonical(manifest))


def write_file(path: str, data: bytes) -> None:
    """Write a file that is on the disk once this has returned."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read_manifest(path: str) -> Manifest:
    if not os.path.lexists(path):
        raise BundleError(path, "{}: is this a bundle?".format(os.strerror(errno.ENOENT)))
    data = contents.read_file(path, MOST_BYTES)
    try:
        manifest = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BundleError(path, "not JSON ({}): copy the bundle again".format(error))
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise BundleError(path, "no format number: not a bundle's manifest")
    if manifest["format"] != FORMAT or isinstance(manifest["format"], bool):
        raise BundleError(
            path,
            "format {!r}; this labeld reads format {}: export the bundle again, or install the "
            "labeld that made it".format(manifest["format"], FORMAT),
        )
    for fault in facts.faults(manifest):
        raise BundleError(path, fault)
    try:
        whole = data == _canonical(manifest)
    except (ValueError, RecursionError):
        whole = False
    if not whole or manifest["content_hash"] != _content_hash(manifest):
        raise BundleError(path, "it was changed after it was written: copy the bundle again")
    return manifest


def _canonical(manifest: Manifest) -> bytes:
    """Return the one way to write a manifest, so that no byte of it can change unseen."""
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


def _content_hash(manifest: Manifest) -> str:
    rest = {key: value for key, value in manifest.items() if key != "content_hash"}
    return hashlib.sha256(_canonical(rest)).hexdigest()
