"""bundle.json: what a bundle says of itself, hashed over itself and over every file beside it."""

import hashlib
import json
import os
from typing import Any, Dict, Mapping

from edge.errors import BundleError
from edge.prepare import preprocess

FORMAT = 1
MANIFEST = "bundle.json"

Manifest = Dict[str, Any]

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


def read(folder: str) -> Manifest:
    """Return the manifest of the bundle in `folder`, every file of which is as it says.

    Raises:
        BundleError: it is missing, of another format, damaged, or made for another preprocessing.
    """
    path = os.path.join(folder, MANIFEST)
    manifest = _read_manifest(path)
    if manifest["preprocessing"] != preprocess.SPEC:
        raise BundleError(
            path,
            "it was trained on pictures prepared as {}, and this labeld prepares {}: export it "
            "again with this version".format(manifest["preprocessing"], preprocess.SPEC),
        )
    for file, facts in sorted(manifest["files"].items()):
        _check_file(os.path.join(folder, file), facts)
    return manifest


def seal(folder: str, facts: Mapping[str, Any]) -> None:
    """Write the manifest of a bundle whose every other file is in `folder` already.

    Args:
        folder: the bundle's.
        facts: what it says, but for the format, the preprocessing, the files and their hashes.
    """
    manifest = dict(facts, format=FORMAT, preprocessing=preprocess.SPEC, files=_files(folder))
    manifest["content_hash"] = _content_hash(manifest)
    write_file(os.path.join(folder, MANIFEST), _canonical(manifest))


def read_file(path: str) -> bytes:
    """Return the content of a file; raises OSError."""
    with open(path, "rb") as file:
        return file.read()


def write_file(path: str, data: bytes) -> None:
    """Write a file that is on the disk once this has returned."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read_manifest(path: str) -> Manifest:
    try:
        text = read_file(path)
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


def _check_file(path: str, facts: Mapping[str, Any]) -> None:
    try:
        data = read_file(path)
    except OSError as error:
        raise BundleError(path, "{}: copy the bundle again".format(error.strerror))
    if _sha256(data) != facts["sha256"]:
        raise BundleError(
            path,
            "its content is not what bundle.json recorded ({} bytes, {} recorded): copy the "
            "bundle again".format(len(data), facts["bytes"]),
        )


def _files(top: str) -> Dict[str, Dict[str, Any]]:
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            data = read_file(path)
            relative = os.path.relpath(path, top).replace(os.sep, "/")
            found[relative] = {"bytes": len(data), "sha256": _sha256(data)}
    return found


def _canonical(manifest: Manifest) -> bytes:
    """The one way to write a manifest, so that no byte of it can change unseen."""
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode("utf-8")


def _content_hash(manifest: Manifest) -> str:
    rest = {key: value for key, value in manifest.items() if key != "content_hash"}
    return _sha256(_canonical(rest))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
