"""A user's labelled photographs: found and checked."""

import csv
import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from edge.errors import LabeldError, PictureError
from edge.prepare.decoder import decode

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")

MOST_FAULTS = 20
"""How many faults of a table one message lists."""


class Photograph(NamedTuple):
    """A picture file and what it shows."""

    path: str
    label: str


class PhotographsError(LabeldError):
    """Labelled photographs that cannot be trained on; the text says where and why."""


def read(data: str, images: Optional[str] = None) -> List[Photograph]:
    """Return the Photographs of `data`, sorted by path.

    Args:
        data: a folder with a sub-folder for each class, or a TSV or CSV file with the columns
            `file` and `label`.
        images: the folder that a table's files are relative to; None: the table's own.

    Raises:
        PhotographsError: there is none, a file is missing, or a label is in doubt.
    """
    if os.path.isdir(data):
        return sorted(_class_folders(data))
    return sorted(_table(data, folder(data, images)))


def folder(data: str, images: Optional[str] = None) -> str:
    """Return the folder that the photographs of `data` lie in; see `read`."""
    if os.path.isdir(data):
        return data
    return images or os.path.dirname(data) or "."


def readable(photographs: Sequence[Photograph]) -> Iterator[Tuple[Photograph, Optional[str]]]:
    """Try to decode every photograph, in parallel; yield (photograph, None or the reason not)."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for answer in zip(photographs, pool.map(_fault, photographs)):
            yield answer


def check_classes(where: str, photographs: Sequence[Photograph]) -> None:
    """Raise PhotographsError, naming `where`, for one class only, or one picture of a class."""
    groups = by_class(photographs)
    if len(groups) < 2:
        raise PhotographsError("{}: {} class(es), at least 2 are needed".format(where, len(groups)))
    poor = [label for label, group in groups.items() if len(group) < 2]
    if poor:
        raise PhotographsError(
            "{}: fewer than two pictures of {}: one trains and one is held out, so add some or "
            "drop the class".format(where, ", ".join(repr(label) for label in poor))
        )


def by_class(photographs: Iterable[Photograph]) -> Dict[str, List[Photograph]]:
    """Return {label: its photographs}, labels sorted."""
    groups: Dict[str, List[Photograph]] = {}
    for photograph in photographs:
        groups.setdefault(photograph.label, []).append(photograph)
    return OrderedDict(sorted(groups.items()))


def pictures(folder: str) -> List[str]:
    """Return the picture files below `folder`, by extension, as sorted paths relative to it.

    Raises:
        PhotographsError: there are none.
    """
    found = [
        os.path.relpath(os.path.join(place, name), folder)
        for place, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(EXTENSIONS)
    ]
    if not found:
        raise PhotographsError(
            "{}: no pictures there: files ending in {} are looked for".format(
                folder, ", ".join(EXTENSIONS)
            )
        )
    return sorted(found)


def _class_folders(data: str) -> List[Photograph]:
    labels = sorted(
        entry.name for entry in os.scandir(data) if entry.is_dir() and entry.name[0] != "."
    )
    if not labels:
        raise PhotographsError(
            "{}: no sub-folders: put the pictures of each class into a folder of its name".format(
                data
            )
        )
    return [
        Photograph(os.path.join(data, label, file), label)
        for label in labels
        for file in pictures(os.path.join(data, label))
    ]


def _table(path: str, images: str) -> List[Photograph]:
    rows = _table_rows(path)
    if not rows:
        raise PhotographsError("{}: no rows below its header".format(path))
    faults: List[str] = []
    labels: Dict[str, str] = OrderedDict()
    for line, file, label in rows:
        where = "line {}: ".format(line)
        picture = os.path.join(images, file)
        if not file or not label:
            faults.append(where + "file or label is empty")
        elif labels.get(picture, label) != label:
            faults.append(
                where + "{} is {!r}, and was {!r} before".format(file, label, labels[picture])
            )
        elif not os.path.isfile(picture):
            faults.append(where + "{}: no such file".format(picture))
        labels.setdefault(picture, label)
    if faults:
        more = len(faults) - MOST_FAULTS
        lines = faults[:MOST_FAULTS] + (["and {} more".format(more)] if more > 0 else [])
        raise PhotographsError("\n".join("{}: {}".format(path, line) for line in lines))
    return [Photograph(*item) for item in labels.items()]


def _table_rows(path: str) -> Any:
    """Return [(line number, file, label)] of a TSV or CSV file."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            rows = csv.DictReader(file, delimiter="\t" if "\t" in header else ",")
            missing = {"file", "label"} - set(rows.fieldnames or ())
            if missing:
                raise PhotographsError(
                    "{}: its first line lacks {}: it must name the columns file and label, "
                    "separated by tabs or commas".format(path, " and ".join(sorted(missing)))
                )
            return [
                (rows.line_num, (row["file"] or "").strip(), (row["label"] or "").strip())
                for row in rows
            ]
    except OSError as error:
        raise PhotographsError(
            "{}: {}: give a folder of class folders, or a TSV or CSV file".format(
                path, error.strerror
            )
        )
    except (UnicodeDecodeError, csv.Error) as error:
        raise PhotographsError("{}: not a UTF-8 table: {}".format(path, error))


def _fault(photograph: Photograph) -> Optional[str]:
    try:
        with open(photograph.path, "rb") as file:
            decode(file.read())
    except PictureError as error:
        return str(error)
    except OSError as error:
        return error.strerror
    return None
