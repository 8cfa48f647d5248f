"""How fast each form of a bundle is on this machine: tried once, and remembered beside the bundle.

It is tried again when the processor, the libraries, labeld or the bundle have changed, and some
times at the next start where other programs kept the processor busy: these can only make a form
look slower than it is, so the better answer counts.
"""

import json
import logging
import os
from contextlib import suppress
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from edge import __version__
from edge.classify import trial
from edge.classify.bundle import Bundle
from edge.classify.trial import NEARLY, Speed
from edge.machine.others import Others
from edge.machine.processor import installed, processor

PACKAGES = ("tensorflow", "openvino")

MOST_OTHERS = 0.1
"""Of the cores' time other programs may take so much while forms are tried: between forms that are
served, there is a factor of two, mostly."""

MOST_TRIALS = 3
"""So many there are, if they do every time."""

SUFFIX = ".speeds.json"
"""Of the file beside a bundle."""

Speeds = Dict[str, Speed]
"""By `Bundle.form`."""


class _Kept(NamedTuple):
    """What is remembered: the Speeds, and at how many more starts it is tried again."""

    speeds: Speeds
    again: int


_log = logging.getLogger(__name__)


def of(forms: Sequence[Bundle], folder: str, gpu_memory_mb: Optional[int] = None) -> Speeds:
    """Return the Speeds of the forms of one bundle: as they are remembered, or tried now.

    There may be those of more forms: of what other configurations ask for.

    Args:
        forms: of `Runtime.forms`.
        folder: where they are remembered if that cannot be beside the bundle.
        gpu_memory_mb: see `Runtime.load`.
    """
    path, facts = forms[0].path, _facts(forms[0])
    places = [
        path + SUFFIX,
        os.path.join(folder, "{}{}".format(forms[0].content_hash[:12], SUFFIX)),
    ]
    kept = (_remembered(place, facts) for place in places)
    before, again = next((one for one in kept if one is not None), _Kept({}, 0))
    wanted = [form for form in forms if again or form.form not in before]
    if not wanted:
        return before
    _log.info("%s: trying which of its forms is the fastest here", path)
    others = Others()
    found = dict(before)
    for form in wanted:
        found[form.form] = _better(trial.tried(form, gpu_memory_mb), before.get(form.form))
    again = (again or MOST_TRIALS) - 1 if others.share() > MOST_OTHERS else 0
    if again:
        _log.warning(
            "other programs took %.0f %% of the processor meanwhile: which form is the fastest is "
            "tried again at the next start",
            100 * others.share(),
        )
    if not any(_remember(place, facts, _Kept(found, again)) for place in places):
        _log.info("which is the fastest is tried again at the next start: %s", " and ".join(places))
    return found


def ranked(forms: Sequence[Bundle], found: Speeds) -> List[Bundle]:
    """Return those of some forms that can be served, the fastest first, each in the number of
    streams that its trial chose; of two that are nearly as fast, as they are listed."""
    best: List[Bundle] = []
    for form in forms:
        per_second = found[form.form].per_second
        if per_second is None:
            continue
        slower = [one for one in best if (found[one.form].per_second or 0.0) < per_second * NEARLY]
        best.insert(len(best) - len(slower), form.in_streams(found[form.form].streams))
    return best


def text(forms: Sequence[Bundle], found: Speeds) -> str:
    """Return in words how fast some forms are."""
    return ", ".join("{}: {}".format(form.form, found[form.form]) for form in forms)


def _better(now: Speed, before: Optional[Speed]) -> Speed:
    """Return what counts of two trials of a form; whether it is served, the last one says."""
    if before is None or before.per_second is None or now.per_second is None:
        return now
    return max(now, before, key=lambda one: one.per_second or 0.0)


def _facts(bundle: Bundle) -> Dict[str, Any]:
    """Return what a trial holds for."""
    return {
        "labeld": __version__,
        "bundle": bundle.content_hash,
        "machine": processor(),
        "packages": installed(PACKAGES),
    }


def _remembered(place: str, facts: Dict[str, Any]) -> Optional[_Kept]:
    try:
        with open(place, encoding="utf-8") as file:
            kept = json.load(file)
        if kept["facts"] != facts:
            return None
        speeds = {form: Speed(**speed) for form, speed in kept["speeds"].items()}
        return _Kept(speeds, int(kept["again"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _remember(place: str, facts: Dict[str, Any], found: _Kept) -> bool:
    """Write it there; return False if that cannot be done."""
    speeds = {form: speed._asdict() for form, speed in found.speeds.items()}
    kept = {"facts": facts, "speeds": speeds, "again": found.again}
    draft = "{}.{}".format(place, os.getpid())
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(draft, "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1, sort_keys=True)
        os.replace(draft, place)
    except OSError:
        with suppress(OSError):
            os.unlink(draft)
        return False
    return True
