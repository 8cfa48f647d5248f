"""What a bundle's manifest may say: a rule for each of its facts."""

import re
from typing import Any, Callable, Dict, List, Mapping, Tuple

from edge import text

MOST_LABELS = 100000
MOST_LABEL_BYTES = 1000
MOST_BATCH = 1024

PRECISIONS = ("fp32", "fp16", "bf16", "int8")

_HEX = re.compile(r"[0-9a-f]{64}\Z")

Rule = Tuple[Callable[[Any], bool], str]
"""Whether a value keeps it, and what it asks for."""


def _is_name(value: Any, most_bytes: int = MOST_LABEL_BYTES) -> bool:
    return isinstance(value, str) and bool(value.strip()) and text.fault(value, most_bytes) is None


def _are_labels(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= MOST_LABELS
        and all(_is_name(label) for label in value)
        and len(set(value)) == len(value)
    )


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _are_sizes(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(_is_whole(size, 1, MOST_BATCH) for size in value)
        and value == sorted(set(value))
    )


def _is_path(value: Any) -> bool:
    """A path below the bundle's folder."""
    parts = value.split("/") if _is_name(value) else [""]
    return all(part not in ("", ".", "..") for part in parts) and "\\" not in value


def _are_files(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _is_path(name)
        and isinstance(facts, dict)
        and _is_whole(facts.get("bytes"), 0, 1 << 62)
        and _is_hash(facts.get("sha256"))
        for name, facts in value.items()
    )


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and _HEX.match(value) is not None


def _is_conversion(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and (
            not value
            or (
                isinstance(value.get("fingerprint"), dict)
                and (value.get("source") is None or _is_hash(value["source"]))
            )
        )
    )


def _are_forms(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and all(
            name in PRECISIONS and isinstance(facts, dict) and isinstance(facts.get("served"), bool)
            for name, facts in value.items()
        )
    )


def _is_origin(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and all(
            name in ("data", "images") and (path is None or isinstance(path, str))
            for name, path in value.items()
        )
    )


RULES: Dict[str, Rule] = {
    "name": (
        lambda value: _is_name(value, 255) and "/" not in value,
        "a file name of at most 255 bytes",
    ),
    "created_at": (_is_name, "a moment as text"),
    "labels": (
        _are_labels,
        "a list of at least one class name, each once, without control characters",
    ),
    "preprocessing": (lambda value: isinstance(value, dict), "a section"),
    "precision": (lambda value: value in PRECISIONS, "one of " + ", ".join(PRECISIONS)),
    "batch_sizes": (
        _are_sizes,
        "a list of ascending whole numbers from 1 to {}".format(MOST_BATCH),
    ),
    "scores": (lambda value: isinstance(value, dict), "a section"),
    "made_with": (lambda value: isinstance(value, dict), "a section"),
    "golden": (
        lambda value: isinstance(value, list) and bool(value) and all(map(_is_path, value)),
        "a list of at least one golden sample's file in the bundle",
    ),
    "files": (_are_files, "a section of files in the bundle, each with bytes and sha256"),
    "content_hash": (_is_hash, "a SHA-256 in hex"),
    "threshold": (
        lambda value: value is None or (type(value) in (int, float) and 0 <= value <= 1),
        "a number from 0 to 1",
    ),
    "conversion": (_is_conversion, "a section with fingerprint, and source where it is known"),
    "forms": (_are_forms, "a section of precisions, each with served: true or false"),
    "trained_on": (_is_origin, "a section with the paths data and images"),
}
"""By the fact's name; a fact that is not there counts as None."""

_SHOWN = 80


def faults(manifest: Mapping[str, Any]) -> List[str]:
    """Return a line for each fact of a manifest that breaks its rule."""
    found = []
    for name, (holds, what) in RULES.items():
        value = manifest.get(name)
        if not holds(value):
            shown = repr(value)
            shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."
            found.append("{!r} is {}, not {}".format(name, text.one_line(shown), what))
    if not found:
        missing = [name for name in manifest["golden"] if name not in manifest["files"]]
        found += ["golden sample {!r} is none of its files".format(name) for name in missing]
    return found
