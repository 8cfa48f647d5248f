"""A table of photographs: TSV or CSV, as editors, spreadsheets and scripts write them."""

import csv
import io
import re
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

from export.pictures.photographs import PhotographsError

FILE, LABEL = "file", "label"

DELIMITERS = "\t;,"

QUOTE = '"'

_ENCODINGS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""By the byte order mark that a file begins with."""


class Row(NamedTuple):
    """A row below the header.

    Attributes:
        line: where it begins, from 1.
        file, label: without spaces around them.
    """

    line: int
    file: str
    label: str


class _Fields(NamedTuple):
    line: int
    values: List[str]


def read(path: str) -> List[Row]:
    """Return every row of a table that is not empty.

    Quotation marks are taken as CSV's (RFC 4180) or, unless they are around a value, as letters:
    whichever gives each row the header's columns. Where it is the same, each line is a row.

    Raises:
        PhotographsError: it cannot be read, or not without doubt; the text names the line.
    """
    text = _text(path)
    delimiter = _delimiter(text)
    rows, fault = _quoted(text, delimiter)
    if QUOTE in text:
        rows, fault = _surer(rows, fault, list(_plain(text, delimiter)))
    fault = fault or _uneven(rows)
    if fault is not None:
        raise PhotographsError("{}: {}".format(path, fault))
    return _rows(path, rows)


def _surer(
    quoted: List[_Fields], fault: Optional[str], plain: List[_Fields]
) -> Tuple[List[_Fields], Optional[str]]:
    """Return the rows of the two readings that fit the header better, and a fault or None."""
    if fault is None and [row.line for row in quoted] == [row.line for row in plain]:
        return quoted, None
    if _is_full(plain) or (fault is not None and _uneven(plain) is None):
        return plain, None
    if fault is None and not _is_full(quoted) and _uneven(plain) is None:
        one_line = {row.line for row in plain} - {row.line for row in quoted}
        line = max(row.line for row in quoted if row.line < min(one_line))
        fault = "line {}: does its quotation mark end in another line?".format(line)
    return quoted, fault


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise PhotographsError(
            "{}: {}: give a folder of class folders, or a TSV or CSV file".format(
                path, error.strerror
            )
        )
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PhotographsError(
            "{}: line {}: it is not {} ({}): save the table as UTF-8".format(
                path, line, encoding.upper().replace("-SIG", ""), error.reason
            )
        )
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise PhotographsError("{}: line {}: a NUL: this is no table".format(path, line))
    return re.sub(r"\r\n?", "\n", text)


def _delimiter(text: str) -> str:
    """Return what separates the columns: what the first line has, tabs before the others."""
    header = text.lstrip("\n").split("\n", 1)[0]
    return next((one for one in DELIMITERS if one in header), "\t")


def _quoted(text: str, delimiter: str) -> Tuple[List[_Fields], Optional[str]]:
    """Return (the rows, why there are no more of them or None), marks taken as CSV's."""
    found: List[_Fields] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for values in reader:
            found.append(_Fields(begins, values))
            begins = reader.line_num + 1
    except csv.Error as error:
        return found, "line {}: {}: is there a quotation mark too many?".format(begins, error)
    return [row for row in found if any(map(str.strip, row.values))], None


def _plain(text: str, delimiter: str) -> Iterator[_Fields]:
    """Yield the rows, one for each line, marks taken as letters unless they are around a value."""
    for number, line in enumerate(text.split("\n")):
        values = [_unquoted(value) for value in line.split(delimiter)]
        if any(map(str.strip, values)):
            yield _Fields(number + 1, values)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == QUOTE:
        return value[1:-1].replace(QUOTE * 2, QUOTE)
    return value


def _uneven(rows: Sequence[_Fields]) -> Optional[str]:
    """Return which line has values beyond the header's columns, or None."""
    columns = len(rows[0].values) if rows else 0
    for row in rows[1:]:
        if any(map(str.strip, row.values[columns:])):
            return "line {}: it has {} columns, and the header {}: {!r}".format(
                row.line, len(row.values), columns, row.values[columns - 1 :]
            )
    return None


def _is_full(rows: Sequence[_Fields]) -> bool:
    return len({len(row.values) for row in rows}) == 1


def _rows(path: str, fields: Sequence[_Fields]) -> List[Row]:
    header = [name.strip().casefold() for name in fields[0].values] if fields else []
    if header.count(FILE) != 1 or header.count(LABEL) != 1:
        raise PhotographsError(
            "{}: its first line must name the columns file and label, each once, separated by "
            "tabs, commas or semicolons; it is {!r}".format(path, header)
        )
    file, label = header.index(FILE), header.index(LABEL)
    padding = [""] * len(header)
    return [
        Row(row.line, *((row.values + padding)[column].strip() for column in (file, label)))
        for row in fields[1:]
    ]
