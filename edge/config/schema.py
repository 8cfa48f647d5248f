"""From YAML to frozen dataclasses, finding every fault on the way.

A field is declared with `option(check, default)`. A check is called with (value, place, faults),
returns the value to keep, and appends a line of text to `faults` for each thing wrong.
"""

import dataclasses
import difflib
from typing import Any, Callable, Iterable, List, Sequence, Type, TypeVar

from edge import text as texts

MOST_NAME_BYTES = 255
"""As of a file name: a name is in each topic, log line and series."""

_REQUIRED: Any = object()

Check = Callable[[Any, str, List[str]], Any]

T = TypeVar("T")


def option(check: Check, default: Any = _REQUIRED) -> Any:
    """Return a dataclass field that `build` fills through `check`."""
    metadata = {"check": check, "required": default is _REQUIRED}
    value = None if default is _REQUIRED else default
    return dataclasses.field(default=value, metadata=metadata)


def build(
    kind: Type[T], value: Any, place: str, faults: List[str], elsewhere: Sequence[str] = ()
) -> T:
    """Return an instance of the dataclass `kind` made from the mapping `value`.

    Args:
        kind: a dataclass whose fields are options.
        value: what the YAML holds there.
        place: the key path, for messages; "" at the top.
        faults: a list that is appended to.
        elsewhere: keys that somebody else reads.
    """
    if not isinstance(value, dict):
        faults.append("{}: {!r} is not a section of `key: value` lines".format(place, value))
        return kind()
    known = {field.name: field for field in dataclasses.fields(kind) if field.metadata}  # type: ignore[arg-type]  # any dataclass
    for key in value:
        if key not in known and key not in elsewhere:
            faults.append(_unknown(key, (*known, *elsewhere), place))
    kept = {}
    for name, field in known.items():
        where = "{}.{}".format(place, name) if place else name
        if name in value and (value[name] is not None or field.metadata["required"]):
            kept[name] = field.metadata["check"](value[name], where, faults)
        elif field.metadata["required"]:
            faults.append("{}: missing; it has no default".format(where))
    return kind(**kept)


def section(kind: Type[Any]) -> Check:
    """Return the check for a nested dataclass."""
    return lambda value, place, faults: build(kind, value, place, faults)


def text(value: Any, place: str, faults: List[str], most_bytes: int = texts.MOST_BYTES) -> Any:
    """The check for a text that is not empty, and has nothing in it that cannot be shown."""
    if not isinstance(value, str) or not value:
        faults.append(
            "{}: {!r} is not a text; quote it if it looks like a number".format(place, value)
        )
        return value
    fault = texts.fault(value, most_bytes)
    if fault is not None:
        faults.append("{}: {:.80}: {}".format(place, ascii(value), fault))
    return value


def name(value: Any, place: str, faults: List[str]) -> Any:
    """The check for a name that becomes a level of topics and a label of metrics."""
    return text(value, place, faults, MOST_NAME_BYTES)


def number(low: float, high: float, whole: bool = False) -> Check:
    """Return the check for a number from `low` to `high`."""

    def check(value: Any, place: str, faults: List[str]) -> Any:
        kinds = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            noun = "a whole number" if whole else "a number"
            faults.append("{}: {!r} is not {} from {} to {}".format(place, value, noun, low, high))
        return value

    return check


def flag(value: Any, place: str, faults: List[str]) -> Any:
    """The check for true or false."""
    if not isinstance(value, bool):
        faults.append("{}: {!r} is neither true nor false".format(place, value))
    return value


def one_of(*values: Any) -> Check:
    """Return the check for one of `values`."""

    def check(value: Any, place: str, faults: List[str]) -> Any:
        if value not in values or isinstance(value, bool):  # True == 1
            names = ", ".join(str(known) for known in values)
            faults.append(
                "{}: {!r} is none of {}{}".format(place, value, names, _nearest(value, values))
            )
        return value

    return check


def _unknown(key: Any, known: Sequence[str], place: str) -> str:
    where = "{}.{}".format(place, key) if place else str(key)
    hint = _nearest(key, known) or "; known here: {}".format(", ".join(known))
    return "{}: unknown key{}".format(where, hint)


def _nearest(value: Any, known: Iterable[Any]) -> str:
    close = difflib.get_close_matches(str(value), [str(name) for name in known], n=1, cutoff=0.5)
    return "; did you mean {!r}?".format(close[0]) if close else ""
