"""The events that subscribers read, as JSON."""

import json
from datetime import datetime, timezone

SCHEMA = 1


def label_event(frame, identity, decision, status, model, age_seconds):
    """Return the label event as UTF-8 JSON (bytes)."""
    event = _head(frame, identity)
    event.update(status=status, label=decision.label, score=_rounded(decision.score))
    event["top"] = [{"label": name, "score": _rounded(score)} for name, score in decision.top]
    event.update(model=model, age_ms=round(age_seconds * 1000, 1))
    return _json(event)


def failed_event(frame, identity, reason):
    """Return the event for a picture that could not be classified, as UTF-8 JSON (bytes)."""
    return _json(dict(_head(frame, identity), error=reason))


def source_status(device, source, status, reason, since):
    """Return a source's status as UTF-8 JSON (bytes).

    Args:
        device, source: their names.
        status: one word.
        reason: why it is not "live", or None.
        since: seconds since 1970 (UTC).
    """
    facts = {"schema": SCHEMA, "device": device, "source": source, "status": status}
    return _json(dict(facts, reason=reason, since=_moment(since)))


def _head(frame, identity):
    return {
        "schema": SCHEMA,
        "id": identity,
        "device": frame.device,
        "source": frame.source,
        "image": frame.image,
        "captured_at": _moment(frame.captured_at),
    }


def _moment(seconds):
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "{:03d}Z".format(moment.microsecond // 1000)


def _rounded(score):
    return round(float(score), 6)


def _json(event):
    return json.dumps(event, ensure_ascii=False).encode("utf-8")
