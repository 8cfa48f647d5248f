"""Class folders, and such in `train`, `val` and `test`, as labelled photographs."""

import os
from typing import AbstractSet, Dict, Iterable, List, Optional, Sequence, Tuple

from export.pictures import listing
from export.pictures.photographs import Photograph, PhotographsError, clean, label_fault

AUTO, NEW = "auto", "new"
"""Whose split counts: the user's, where the folders are one, or labeld's in any case."""

TRAIN, VALIDATION, TEST = "train", "val", "test"

PARTS = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "dev": VALIDATION,
    "test": TEST,
    "testing": TEST,
    "eval": TEST,
}
"""What the folders of a split are called, in small letters."""

Parts = Dict[str, str]
"""The folders of a user's split, and what each is for; empty: there are none."""


def read(data: str, split: str = AUTO) -> Tuple[List[Photograph], List[str]]:
    """Return the photographs below a folder, and what a user should know, a line each.

    Args:
        data: the folder, with a sub-folder for each class, or such in the folders of a split.
        split: AUTO or NEW.

    Raises:
        PhotographsError: there are none, or a folder's name cannot be a class.
    """
    listed = listing.below(data)
    files = [tuple(file.split(os.sep)) for file in listed.files]
    parts = _parts(data, files)
    depth = 1 if parts else 0
    classed = [file for file in files if len(file) > depth + 1 and (not parts or file[0] in parts)]
    remarks = listing.remarks(data, listed) + _unclassed(data, set(files) - set(classed))
    _check_folders(data, parts, {file[: depth + 1] for file in classed}, remarks)
    held_out = _held_out(parts) if split == AUTO else None
    if parts:
        remarks.append(_told(data, parts, held_out))
    found = [
        Photograph(
            os.path.join(data, *file),
            clean(file[depth]),
            None if held_out is None else parts[file[0]] == held_out,
        )
        for file in classed
    ]
    return found, remarks


def _parts(data: str, files: Sequence[Tuple[str, ...]]) -> Parts:
    """Return the folders of a split if the files lie so: in class folders within them."""
    tops = {file[0] for file in files if len(file) > 1}
    parts = {top: PARTS[top.lower()] for top in tops if top.lower() in PARTS}
    if TRAIN not in parts.values() or (len(parts) == 1 and len(tops) > 1):
        return {}
    if all(len(file) > 2 for file in files if file[0] in parts):
        return parts
    if len(parts) == len(tops):
        raise PhotographsError(
            "{}: its sub-folders are {}, and pictures lie in them: put these into a folder for "
            "each class, inside".format(data, _and(parts))
        )
    return {}


def _held_out(parts: Parts) -> Optional[str]:
    """Return which part of a user's split is held out, or None."""
    return next((part for part in (TEST, VALIDATION) if part in parts.values()), None)


def _check_folders(
    data: str, parts: Parts, full: AbstractSet[Tuple[str, ...]], remarks: Sequence[str]
) -> None:
    """Raise PhotographsError for class folders without pictures, or with names that are none."""
    there = _sub_folders(data)
    if parts:
        there = [(part,) + below for part in sorted(parts) for below in _sub_folders(data, part)]
    if not there:
        raise PhotographsError(
            "{}: no sub-folders: put the pictures of each class into a folder of its name".format(
                data
            )
        )
    faults = []
    for folder in there:
        fault = label_fault(clean(folder[-1]))
        if fault is not None:
            reason = "it cannot be a class: {}: rename the folder".format(fault)
            faults.append("{!r}: {}".format(os.path.join(data, *folder), reason))
        elif folder not in full:
            faults.append("{}: no pictures there".format(os.path.join(data, *folder)))
    if faults:
        raise PhotographsError("\n".join(faults + list(remarks)))


def _sub_folders(*place: str) -> List[Tuple[str, ...]]:
    folder = os.path.join(*place)
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    return [(name,) for name in names if not listing.is_stray(os.path.join(folder, name))]


def _unclassed(data: str, files: Iterable[Tuple[str, ...]]) -> List[str]:
    left = sorted(files)
    if not left:
        return []
    return [
        "{}: ignored: {} picture(s) that lie in no class folder, such as {}".format(
            data, len(left), os.path.join(*left[0])
        )
    ]


def _told(data: str, parts: Parts, held_out: Optional[str]) -> str:
    if held_out is None:
        return "{}: the pictures of {} are taken together".format(data, _and(parts))
    return (
        "{}: your own split: what is in {} is held out and never learnt from (train --split new "
        "divides all anew)".format(data, _and(top for top in parts if parts[top] == held_out))
    )


def _and(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))
