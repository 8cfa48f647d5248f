"""A user's labelled photographs, wherever they lie: in class folders, or in a table."""

import os
import unicodedata
from collections import OrderedDict
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from edge.classify.bundle import Bundle
from export.pictures import folders, table
from export.pictures.photographs import (
    Photograph,
    PhotographsError,
    by_class,
    clean,
    label_fault,
)

MOST_LINES = 20
"""How many faults of a table one message lists, or rows left out."""


class Collection(NamedTuple):
    """What was found.

    Attributes:
        photographs: sorted by path.
        below: the folder that they lie in.
        remarks: what a user should know, a line each.
    """

    photographs: List[Photograph]
    below: str
    remarks: List[str]


def read(data: str, images: Optional[str] = None, split: str = folders.AUTO) -> Collection:
    """Find the labelled photographs of `data`.

    Args:
        data: a folder, see `folders.read`; or a TSV or CSV file with the columns `file` and
            `label`.
        images: the folder that a table's files are relative to; None: the table's own.
        split: folders.AUTO or NEW.

    Raises:
        PhotographsError: there is none, a file is missing, or a label is in doubt.
    """
    if os.path.isdir(data):
        below = data
        found, remarks = folders.read(data, split)
    else:
        below = images or os.path.dirname(data) or "."
        found, remarks = _rows(data, table.read(data), below)
    return Collection(sorted(found), below, remarks + _alike(by_class(found)))


def of_bundle(bundle: Bundle, data: Optional[str], images: Optional[str]) -> Collection:
    """Find the photographs that a bundle was trained on.

    Args:
        bundle: the Bundle.
        data, images: where they lie now, see `read`; `data` None: where they lay then.

    Raises:
        PhotographsError: see `read`; or nobody says where they are.
    """
    if data is None:
        data, images = bundle.trained_on.get("data"), bundle.trained_on.get("images")
    if not data:
        raise PhotographsError(
            "{}: it does not say what it was trained on: name the photographs (DATA)".format(
                bundle.path
            )
        )
    return read(data, images)


def _rows(path: str, rows: Sequence[table.Row], images: str) -> Tuple[List[Photograph], List[str]]:
    """Return the photographs of a table's rows, and which of these are left out."""
    faults: List[str] = []
    again: List[str] = []
    found: Dict[str, Tuple[str, int]] = OrderedDict()
    for row in rows:
        where, label, picture = "line {}: ".format(row.line), clean(row.label), None
        fault = label_fault(label)
        if row.file:
            picture = _existing(images, row.file)
        if not row.file or not label:
            faults.append(where + "file or label is empty")
        elif fault is not None:
            faults.append(where + "{!r} cannot be a label: {}".format(label, fault))
        elif picture is None:
            faults.append(where + "{}: no such file in {}".format(row.file, images))
        elif picture not in found:
            found[picture] = label, row.line
        elif found[picture][0] == label:
            again.append(where + "left out, {} is in line {}".format(row.file, found[picture][1]))
        else:
            former = "{!r} in line {}".format(*found[picture])
            faults.append(where + "{} is {!r}, and was {}".format(row.file, label, former))
    if not rows:
        faults.append("no rows below its header")
    if faults:
        raise PhotographsError("\n".join(_lines(path, faults)))
    return [Photograph(file, label) for file, (label, _) in found.items()], _lines(path, again)


def _existing(images: str, file: str) -> Optional[str]:
    """Return the path of a table's file, whose name may be written another way; None: it has none.

    Windows writes backslashes, and macOS letters apart from their accents.
    """
    for name in (file, file.replace("\\", "/")):
        for form in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)):
            path = os.path.normpath(os.path.join(images, form))
            if os.path.isfile(path):
                return path
    return None


def _lines(path: str, lines: Sequence[str]) -> List[str]:
    more = len(lines) - MOST_LINES
    shown = list(lines[:MOST_LINES]) + (["and {} more".format(more)] if more > 0 else [])
    return ["{}: {}".format(path, line) for line in shown]


def _alike(labels: Iterable[str]) -> List[str]:
    """Return a line for labels of which only the case of letters differs."""
    groups: Dict[str, List[str]] = OrderedDict()
    for label in labels:
        groups.setdefault(label.casefold(), []).append(label)
    return [
        "{}: different classes, though only the case of letters differs".format(
            ", ".join(map(repr, group))
        )
        for group in groups.values()
        if len(group) > 1
    ]
