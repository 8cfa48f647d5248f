"""The picture files below a folder, and what of it is left out, by name."""

import os
from collections import Counter
from typing import Any, List, NamedTuple, Tuple
from typing import Counter as CounterType

from edge.classify.manifest import MANIFEST
from edge.prepare import heic
from edge.sources.folder.names import Names
from export.pictures.photographs import PhotographsError

EXTENSIONS = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".webp",
    ".bmp",
    ".dib",
    ".tif",
    ".tiff",
)

STRAY = (
    "@recycle",
    "@recently-snapshot",
    "@tmp",
    "#recycle",
    "#snapshot",
    "system volume information",
    "__pycache__",
)
"""Folders of network drives and systems, beside what no drop folder takes either."""

NAMES = Names(STRAY)

MOST_NAMED = 10
"""Of what is left out, so many are named in one line."""


def extensions() -> Tuple[str, ...]:
    """Return how the names of pictures end, in small letters."""
    return EXTENSIONS + heic.EXTENSIONS if heic.is_read() else EXTENSIONS


class Listing(NamedTuple):
    """What is below a folder.

    Attributes:
        files: of pictures by their extension, as sorted paths relative to it.
        ignored: how often each name occurs that is no user's picture, nor a folder of such:
            hidden, of a system, or a bundle.
        others: how many files there are of each other extension.
    """

    files: List[str]
    ignored: CounterType[str]
    others: CounterType[str]


def below(folder: str) -> Listing:
    """List what is below a folder to the bottom; links to folders are followed, once.

    What is HEIC counts as a picture where it can be read.

    Raises:
        PhotographsError: a folder cannot be read.
    """
    found = Listing([], Counter(), Counter())
    seen = set()
    for place, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
        seen.add(os.path.realpath(place))
        for name in list(folders):
            path = os.path.join(place, name)
            if is_stray(path):
                found.ignored[name] += 1
                folders.remove(name)
            elif os.path.realpath(path) in seen:
                folders.remove(name)
        for name in names:
            _sort_in(found, os.path.relpath(os.path.join(place, name), folder))
    found.files.sort()
    return found


def is_stray(folder: str) -> bool:
    """Return True for a folder that is no user's class: hidden, a system's, or a bundle."""
    return not NAMES.takes(os.path.basename(folder)) or os.path.isfile(
        os.path.join(folder, MANIFEST)
    )


def remarks(where: str, found: Listing) -> List[str]:
    """Return what is left out of a folder, in words: no line, one or two."""
    lines = []
    if found.ignored:
        lines.append("{}: ignored: {}".format(where, _counted(found.ignored)))
    if found.others:
        lines.append(
            "{}: not read, since their names do not end in one of {}: {}".format(
                where, ", ".join(extensions()), _counted(found.others)
            )
        )
    return lines


def _sort_in(found: Listing, file: str) -> None:
    name = os.path.basename(file)
    if not NAMES.takes(name):
        found.ignored[name if name[0] != "." else ".*"] += 1
    elif name.lower().endswith(extensions()):
        found.files.append(file)
    else:
        found.others[os.path.splitext(name)[1].lower() or "no extension"] += 1


def _counted(counts: CounterType[str]) -> str:
    shown = ["{} {}".format(count, name) for name, count in counts.most_common(MOST_NAMED)]
    more = len(counts) - len(shown)
    return ", ".join(shown + (["and {} other kinds".format(more)] if more else []))


def _refuse(error: Any) -> None:
    raise PhotographsError("{}: {}".format(error.filename, error.strerror))
