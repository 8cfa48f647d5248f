"""A bundle written again with more in it: its graph in 8 bits, or a report."""

import os
import shutil
from typing import Any, Dict, Iterable, Mapping, NamedTuple, Optional

from edge.classify import manifest as manifests
from edge.classify import writer
from edge.classify.bundle import FAMILIAR, GOLDEN, INT8, INT8_MODEL, SCORES, golden_file
from edge.classify.outputs import Outputs

_DERIVED = ("format", "files", "content_hash")
"""What `seal` finds out anew."""


class Int8(NamedTuple):
    """A graph in 8 bits.

    Attributes:
        folder: its folder.
        golden: what it says of the bundle's golden samples.
    """

    folder: str
    golden: Outputs


def write(source: str, out: str, facts: Mapping[str, Any], int8: Optional[Int8]) -> None:
    """Write the bundle at `source` to `out` with other facts and another graph in 8 bits.

    Args:
        source: a bundle's folder.
        out: a bundle's folder, which may be the same.
        facts: of the manifest, by their names.
        int8: the graph in 8 bits, which is copied, or None.

    Raises:
        BundleError: `source` is damaged, or `out` exists and is not a bundle.
        OutputError: nothing can be written there.
    """
    said = manifests.read(source)

    def fill(folder: str, name: str) -> None:
        _copy(source, folder, [path for path in said["files"] if not _is_of_int8(path)])
        if int8 is not None:
            shutil.copytree(int8.folder, os.path.join(folder, INT8_MODEL))
            for output, values in ((SCORES, int8.golden.scores), (FAMILIAR, int8.golden.familiar)):
                if values is not None:
                    file = golden_file(output, INT8)
                    writer.write_array(os.path.join(folder, GOLDEN, file), values)
        manifests.seal(folder, dict(_kept(said), **dict(facts, name=name)))

    writer.write_folder(out, fill)


def add(path: str, files: Mapping[str, bytes]) -> None:
    """Write the bundle at `path` again with some files, whose former content they replace.

    Args:
        path: a bundle's folder.
        files: {name in the folder: content}.

    Raises:
        BundleError: it is damaged.
        OutputError: nothing can be written there.
    """
    said = manifests.read(path)

    def fill(folder: str, name: str) -> None:
        _copy(path, folder, [file for file in said["files"] if file not in files])
        for file, content in files.items():
            manifests.write_file(os.path.join(folder, file), content)
        manifests.seal(folder, dict(_kept(said), name=name))

    writer.write_folder(path, fill)


def _copy(source: str, folder: str, files: Iterable[str]) -> None:
    for file in files:
        os.makedirs(os.path.dirname(os.path.join(folder, file)), exist_ok=True)
        shutil.copyfile(os.path.join(source, file), os.path.join(folder, file))


def _kept(said: Mapping[str, Any]) -> Dict[str, Any]:
    return {fact: value for fact, value in said.items() if fact not in _DERIVED}


def _is_of_int8(path: str) -> bool:
    return path.startswith((INT8_MODEL + "/", "{}/{}_".format(GOLDEN, INT8)))
