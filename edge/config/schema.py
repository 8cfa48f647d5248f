"""From YAML to frozen dataclasses, finding every fault on the way.

A field is declared with `option(check, default)`. A check is called with (value, place, faults),
returns the value to keep, and appends a line of text to `faults` for each thing wrong.
"""

import dataclasses
import difflib

_REQUIRED = object()


def option(check, default=_REQUIRED):
    """Return a dataclass field that `build` fills through `check`."""
    metadata = {"check": check, "required": default is _REQUIRED}
    value = None if default is _REQUIRED else default
    return dataclasses.field(default=value, metadata=metadata)


def build(kind, value, place, faults):
    """Return an instance of the dataclass `kind` made from the mapping `value`.

    Args:
        kind: a dataclass whose fields are options.
        value: what the YAML holds there.
        place: the key path, for messages; "" at the top.
        faults: a list that is appended to.
    """
    if not isinstance(value, dict):
        faults.append("{}: {!r} is not a section of `key: value` lines".format(place, value))
        return kind()
    known = {field.name: field for field in dataclasses.fields(kind) if field.metadata}
    for key in value:
        if key not in known:
            faults.append(_unknown(key, known, place))
    kept = {}
    for name, field in known.items():
        where = "{}.{}".format(place, name) if place else name
        if name in value and (value[name] is not None or field.metadata["required"]):
            kept[name] = field.metadata["check"](value[name], where, faults)
        elif field.metadata["required"]:
            faults.append("{}: missing; it has no default".format(where))
    return kind(**kept)


def section(kind):
    """Return the check for a nested dataclass."""
    return lambda value, place, faults: build(kind, value, place, faults)


def text(value, place, faults):
    if not isinstance(value, str) or not value:
        faults.append(
            "{}: {!r} is not a text; quote it if it looks like a number".format(place, value)
        )
    return value


def number(low, high, whole=False):
    """Return the check for a number from `low` to `high`."""

    def check(value, place, faults):
        kinds = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            noun = "a whole number" if whole else "a number"
            faults.append("{}: {!r} is not {} from {} to {}".format(place, value, noun, low, high))
        return value

    return check


def flag(value, place, faults):
    if not isinstance(value, bool):
        faults.append("{}: {!r} is neither true nor false".format(place, value))
    return value


def choice(*values):
    """Return the check for one of `values`."""

    def check(value, place, faults):
        if value not in values or isinstance(value, bool):  # True == 1
            names = ", ".join(str(known) for known in values)
            faults.append(
                "{}: {!r} is none of {}{}".format(place, value, names, _nearest(value, values))
            )
        return value

    return check


def _unknown(key, known, place):
    where = "{}.{}".format(place, key) if place else str(key)
    hint = _nearest(key, known) or "; known here: {}".format(", ".join(known))
    return "{}: unknown key{}".format(where, hint)


def _nearest(value, known):
    close = difflib.get_close_matches(str(value), [str(name) for name in known], n=1, cutoff=0.5)
    return "; did you mean {!r}?".format(close[0]) if close else ""
