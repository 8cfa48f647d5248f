"""What a check found, for people and for programs."""

import json
from typing import Dict, NamedTuple, Optional, Sequence

from edge.errors import Exit
from edge.masking import masked

OK, NOTE, BAD = STATES = ("ok", "note", "bad")

_WIDTHS = "{:<5} {:<14} {}"


class Finding(NamedTuple):
    """One row of the table."""

    state: str
    what: str
    found: str
    advice: str = ""
    exit_code: Exit = Exit.OK


class Speed(NamedTuple):
    """What was measured.

    Attributes:
        latency: {batch size: median seconds of a run of the graph}.
        pictures_per_second: from the files of the golden samples to their scores, by all stages
            together.
    """

    latency: Dict[int, float]
    pictures_per_second: float


def ok(what: str, found: str) -> Finding:
    """Return a Finding that is as it should be."""
    return Finding(OK, what, masked(found))


def note(what: str, found: str, advice: str) -> Finding:
    """Return a Finding with which labeld works, though not as well as it might."""
    return Finding(NOTE, what, masked(found), advice)


def bad(what: str, found: str, advice: str, exit_code: Exit = Exit.UNEXPECTED) -> Finding:
    """Return a Finding with which labeld, or a part of it, does not work.

    `advice` is empty where `found` says what to do, as a BundleError does.
    """
    return Finding(BAD, what, masked(found), advice, exit_code)


def row(finding: Finding) -> str:
    """Return a Finding as a row of the table; what to do stands below what was found."""
    text = _WIDTHS.format(finding.state, finding.what, finding.found)
    return text + ("\n" + _WIDTHS.format("", "", "-> " + finding.advice) if finding.advice else "")


def exit_code(findings: Sequence[Finding]) -> Exit:
    """Return the Exit that the first bad one asks for; Exit.OK without one."""
    return next((found.exit_code for found in findings if found.state == BAD), Exit.OK)


def as_json(findings: Sequence[Finding], speed: Optional[Speed]) -> str:
    """Return the whole as JSON.

    Args:
        findings: the Findings.
        speed: the Speed that was measured, or None.
    """
    return json.dumps(
        {
            "ok": exit_code(findings) == Exit.OK,
            "findings": [
                {"state": f.state, "what": f.what, "found": f.found, "advice": f.advice or None}
                for f in findings
            ],
            "latency_ms": speed and {str(n): 1000 * s for n, s in sorted(speed.latency.items())},
            "pictures_per_second": speed and speed.pictures_per_second,
        },
        indent=1,
    )
