"""`labeld-export explore`: what labelled photographs are like, as one page; no model is asked."""

import os
import sys
from typing import Any, Dict, List, Optional, Sequence

import cv2
import numpy as np

from edge import output
from edge.errors import PictureError
from edge.prepare.decoder import decode
from edge.prepare.preprocess import SIZE
from export.assessment import FEW
from export.pictures import collection, photographs
from export.pictures.photographs import Photograph, PhotographsError
from export.progress import Progress
from export.report import looks, page, plots
from export.report.album import MEDIUM, SMALL, Album
from export.report.looks import Look

MOST_EXTREMES = 8
"""Of the darkest pictures, the brightest and the most blurred."""

MOST_PAIRS = 24

SHEET_SIDE, SHEET_COLUMNS, SHEET_ROWS = 72, 10, 3
"""Of a contact sheet: its pictures' sides in pixels, and how many there are at the most."""

MOST_SHEETS = 200


def run(data: str, images: Optional[str], out: str) -> None:
    """Write a page about the labelled photographs of `data`.

    Args:
        data, images: see `export.pictures.collection.read`.
        out: the file.

    Raises:
        LabeldError: the photographs cannot be read, or `out` cannot be written.
    """
    page.check()
    output.try_file(out)
    there = collection.read(data, images)
    for remark in there.remarks:
        print(remark, file=sys.stderr)
    found = []
    with Progress("look", len(there.photographs), "picture") as progress:
        for look in looks.taken(there.photographs):
            found.append(look)
            progress.update(len(found))
    if all(look.fault for look in found):
        raise PhotographsError("{}: none of its pictures can be read".format(data))
    with open(out, "wb") as file:
        file.write(page.rendered("explore.html", **_facts(data, there, found)))


def _facts(data: str, there: collection.Collection, found: Sequence[Look]) -> Dict[str, Any]:
    """Return what the template shows."""
    album, below = Album(page.PICTURE_BYTES), there.below
    good = [look for look in found if look.fault is None]
    by_light = sorted(good, key=lambda look: look.light)
    by_sharpness = sorted(good, key=lambda look: look.sharpness)
    extremes = (
        ("The darkest", by_light[:MOST_EXTREMES]),
        ("The brightest", by_light[: -MOST_EXTREMES - 1 : -1]),
        ("The least sharp", by_sharpness[:MOST_EXTREMES]),
    )
    pairs = looks.alike(good, MOST_PAIRS)
    classes = photographs.by_class(look.photograph for look in good)
    return {
        "data": data,
        "count": len(found),
        "unreadable": [
            {"file": os.path.relpath(look.photograph.path, below), "fault": look.fault}
            for look in found
            if look.fault is not None
        ],
        "classes": {label: len(group) for label, group in classes.items()},
        "few": FEW,
        "small": sum(min(look.width, look.height) < SIZE for look in good),
        "size": SIZE,
        "conflicts": photographs.conflicts(
            photographs.Checked(look.photograph, None, look.digest) for look in good
        ),
        "plots": _plots(good),
        "extremes": [
            (title, [_pictured(look, below, album, SMALL) for look in some])
            for title, some in extremes
        ],
        "pairs": pairs.number,
        "shown_pairs": [
            {
                "first": _pictured(first, below, album, MEDIUM),
                "second": _pictured(second, below, album, MEDIUM),
                "likeness": likeness,
            }
            for first, second, likeness in pairs.shown
        ],
        "sheets": [
            {"label": label, "count": len(group), "picture": _sheet(group, album)}
            for label, group in list(classes.items())[:MOST_SHEETS]
        ],
    }


def _plots(good: Sequence[Look]) -> Dict[str, str]:
    return {
        "size": plots.histogram(
            [look.width * look.height / 1e6 for look in good], "How large they are", "megapixels"
        ),
        "shape": plots.histogram(
            [look.width / look.height for look in good], "What shape they have", "width / height"
        ),
        "light": plots.histogram(
            [look.light for look in good], "How bright they are", "mean of the pixels, 0 to 255"
        ),
        "sharpness": plots.histogram(
            [float(np.log10(max(look.sharpness, 0.1))) for look in good],
            "How sharp they are",
            "logarithm (base 10) of the Laplacian's variance",
        ),
    }


def _pictured(look: Look, below: str, album: Album, side: int) -> Dict[str, Any]:
    return {
        "file": os.path.relpath(look.photograph.path, below),
        "label": look.photograph.label,
        "picture": album.of_file(look.photograph.path, side),
        "light": look.light,
        "sharpness": look.sharpness,
    }


def _sheet(group: Sequence[Photograph], album: Album) -> Optional[str]:
    """Return a contact sheet of a class: some of its pictures, evenly chosen, in one."""
    count = min(len(group), SHEET_COLUMNS * SHEET_ROWS)
    chosen = [group[number * len(group) // count] for number in range(count)]
    cells = [cell for cell in (_cell(one.path) for one in chosen) if cell is not None]
    columns = min(len(cells), SHEET_COLUMNS)
    rows: List[np.ndarray] = []
    for begin in range(0, len(cells), SHEET_COLUMNS):
        row = cells[begin : begin + SHEET_COLUMNS]
        row += [np.full_like(cells[0], 128)] * (columns - len(row))
        rows.append(np.concatenate(row, axis=1))
    if not rows:
        return None
    sheet = np.concatenate(rows)
    return album.of_pixels(sheet, max(sheet.shape))


def _cell(path: str) -> Optional[np.ndarray]:
    """Return the middle of a picture: uint8[SHEET_SIDE, SHEET_SIDE, 3]."""
    try:
        with open(path, "rb") as file:
            image = decode(file.read(), covering=SHEET_SIDE)
    except (OSError, PictureError):
        return None
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = image[top : top + side, left : left + side]
    return cv2.resize(middle, (SHEET_SIDE, SHEET_SIDE), interpolation=cv2.INTER_AREA)
