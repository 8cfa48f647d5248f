"""Two replays of the same pictures: which labels changed, and by how much scores differ."""

import json
from typing import Any, Dict, List, Tuple

from edge.errors import LabeldError


def compare(path: str, other: str) -> Tuple[List[str], bool]:
    """Compare the events in two files of `labeld replay`.

    Args:
        path, other: the files; `other` is what it was before, or elsewhere.

    Returns:
        (lines for people, True if each picture has the same label in both).

    Raises:
        LabeldError: one of them cannot be read.
    """
    here, there = events(path), events(other)
    both = [image for image in here if image in there]
    lines = [
        "{}: {}, in {} {}".format(image, _told(here[image]), other, _told(there[image]))
        for image in both
        if _label(here[image]) != _label(there[image])
    ]
    changed = len(lines)
    lines += ["{}: only in {}".format(image, path) for image in here if image not in there]
    lines += ["{}: only in {}".format(image, other) for image in there if image not in here]
    differences = [
        abs(here[image]["score"] - there[image]["score"])
        for image in both
        if "score" in here[image] and "score" in there[image]
    ]
    same = not lines
    lines.append("{} of {} labels are the same".format(len(both) - changed, len(both)))
    if differences:
        lines.append(
            "scores differ by {:.3f} at most, by {:.4f} on average".format(
                max(differences), sum(differences) / len(differences)
            )
        )
    return lines, same


def events(path: str) -> Dict[str, Dict[str, Any]]:
    """Return the events in a file of `labeld replay`, by their pictures.

    Raises:
        LabeldError: it cannot be read.
    """
    try:
        with open(path, encoding="utf-8") as file:
            found = [json.loads(line) for line in file]
        return {event["image"]: event for event in found}
    except OSError as error:
        raise LabeldError("{}: {}".format(path, error.strerror))
    except (ValueError, KeyError, TypeError) as error:
        raise LabeldError("{}: not events of labeld replay ({})".format(path, error))


def _label(event: Dict[str, Any]) -> Any:
    return event.get("label", event.get("error"))


def _told(event: Dict[str, Any]) -> str:
    if "error" in event:
        return "failed ({})".format(event["error"])
    return "{!r} ({:.3f})".format(event["label"], event["score"])
