"""What sources share: the section `defaults`, merged into each entry of `sources`."""

import dataclasses
from typing import Any, Dict, List, Mapping

from edge.config.schema import Check, one_of

OWN = ("name", "path", "url", "topic")
"""What each source has for itself."""


def checked(value: Any, place: str, kinds: Mapping[str, Any], faults: List[str]) -> Dict[str, Any]:
    """Return what of the section `defaults` is sound.

    Args:
        value: what the YAML holds there.
        place: the key path, for messages.
        kinds: {kind: dataclass}, what a source may be.
        faults: a list that is appended to.
    """
    if not isinstance(value, dict):
        faults.append("{}: {!r} is not a section of `key: value` lines".format(place, value))
        return {}
    checks = _checks(kinds)
    sound = {}
    for key, shared in value.items():
        where = "{}.{}".format(place, key)
        found = []
        if key not in checks:
            found.append(
                "{}: no key that sources can share: {}".format(where, ", ".join(sorted(checks)))
            )
        elif shared is not None:
            checks[key](shared, where, found)
        faults.extend(found)
        if not found:
            sound[key] = shared
    return sound


def merged(entry: Any, shared: Mapping[str, Any], kinds: Mapping[str, Any]) -> Any:
    """Return an entry of `sources` with what it takes from the sound `shared`: its own keys win.

    A source takes what its kind knows, and a section key by key.
    """
    if not isinstance(entry, dict):
        return entry
    kind = entry.get("kind", shared.get("kind"))
    if not isinstance(kind, str) or kind not in kinds:
        return entry
    known = {field.name for field in dataclasses.fields(kinds[kind])}
    taken = {key: value for key, value in shared.items() if key in known}
    return _laid_over(taken, entry)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        former = below.get(key)
        if isinstance(value, dict) and isinstance(former, dict):
            value = _laid_over(former, value)
        result[key] = value
    return result


def _checks(kinds: Mapping[str, Any]) -> Dict[str, Check]:
    """Return {key: check} for all that sources can share."""
    checks = {
        field.name: field.metadata["check"]
        for kind in kinds.values()
        for field in dataclasses.fields(kind)
        if field.name not in OWN
    }
    return dict(checks, kind=one_of(*kinds))
