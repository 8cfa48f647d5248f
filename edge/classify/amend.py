"""A bundle written again with more in it: its graph in 8 bits, say."""

import os
import shutil
from typing import Any, Mapping, NamedTuple, Optional

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
        for path in said["files"]:
            if not _is_of_int8(path):
                os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
                shutil.copyfile(os.path.join(source, path), os.path.join(folder, path))
        if int8 is not None:
            shutil.copytree(int8.folder, os.path.join(folder, INT8_MODEL))
            for output, values in ((SCORES, int8.golden.scores), (FAMILIAR, int8.golden.familiar)):
                if values is not None:
                    file = golden_file(output, INT8)
                    writer.write_array(os.path.join(folder, GOLDEN, file), values)
        kept = {fact: value for fact, value in said.items() if fact not in _DERIVED}
        manifests.seal(folder, dict(kept, **dict(facts, name=name)))

    writer.write_folder(out, fill)


def _is_of_int8(path: str) -> bool:
    return path.startswith((INT8_MODEL + "/", "{}/{}_".format(GOLDEN, INT8)))
