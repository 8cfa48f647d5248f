"""The events that subscribers read, as JSON."""

import json
from datetime import datetime, timedelta
from typing import Any, Dict, Optional

from edge.classify.bundle import Bundle
from edge.decide.threshold import Decision
from edge.frame import Frame, Prepared

SCHEMA = 1

HEAD = ("schema", "id", "device", "source", "image", "captured_at", "captured_at_clamped")
"""What every event begins with."""

_EPOCH = datetime(1970, 1, 1)

FIRST, LAST = -62135596800.0, 253402300799.9995
"""The seconds since 1970 of the years 1 to 9999, which dates are written for (RFC 3339)."""


def label_event(
    prepared: Prepared, decision: Decision, bundle: Bundle, age_seconds: float
) -> bytes:
    """Return the label event as UTF-8 JSON; `bundle`: in the form that was run."""
    event = _head(prepared.frame, prepared.identity)
    event.update(status=prepared.status, label=decision.label, score=_rounded(decision.score))
    if decision.reason is not None:
        event["reason"] = decision.reason
    if decision.familiar is not None:
        event["familiar"] = _rounded(decision.familiar)
    event["top"] = [{"label": name, "score": _rounded(score)} for name, score in decision.top]
    event.update(model=bundle.model, runtime=bundle.runtime, precision=bundle.precision)
    event.update(age_ms=round(age_seconds * 1000, 1))
    return _json(event)


def failed_event(frame: Frame, identity: str, reason: str) -> bytes:
    """Return the event for a picture that could not be classified, as UTF-8 JSON."""
    return _json(dict(_head(frame, identity), error=reason))


def failure_of(event: bytes, reason: str) -> bytes:
    """Return the event for a picture whose label event cannot be published, as UTF-8 JSON."""
    facts = json.loads(event.decode("utf-8"))
    return _json(dict({name: facts[name] for name in HEAD if name in facts}, error=reason))


def delayed(event: bytes) -> bytes:
    """Return an event that says that it is sent late; what is no event stays as it is."""
    return event[:-1] + b', "delayed": true}' if event.endswith(b"}") else event


def source_status(
    device: str, source: str, status: str, reason: Optional[str], since: float
) -> bytes:
    """Return a source's status as UTF-8 JSON.

    Args:
        device, source: their names.
        status: one word.
        reason: why it is not "live", or None.
        since: seconds since 1970 (UTC).
    """
    facts = {"schema": SCHEMA, "device": device, "source": source, "status": status}
    return _json(dict(facts, reason=reason, since=_moment(since)))


def _head(frame: Frame, identity: str) -> Dict[str, Any]:
    head = {
        "schema": SCHEMA,
        "id": identity,
        "device": frame.device,
        "source": frame.source,
        "image": frame.image,
        "captured_at": _moment(frame.captured_at),
    }
    if not FIRST <= frame.captured_at <= LAST:
        head["captured_at_clamped"] = True
    return head


def _moment(seconds: float) -> str:
    """Return a moment as RFC 3339 has it, the nearest; `seconds`: since 1970 (UTC)."""
    # not fromtimestamp: it takes no times before 1970 everywhere
    moment = _EPOCH + timedelta(seconds=min(max(seconds, FIRST), LAST))
    return (
        "{:04d}".format(moment.year)
        + moment.strftime("-%m-%dT%H:%M:%S.")
        + "{:03d}Z".format(moment.microsecond // 1000)
    )


def _rounded(score: float) -> float:
    return round(float(score), 6)


def _json(event: Dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, allow_nan=False).encode("utf-8")
