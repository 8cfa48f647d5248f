"""An outbox in memory, and messages for it."""

import time

from prometheus_client import CollectorRegistry

from edge.deliver.message import Message
from edge.deliver.outbox import Bounds, Outbox
from edge.deliver.outcomes import Outcomes
from edge.metrics import PUBLISHED, Metrics
from edge.mqtt.topics import Topics

TOPICS = Topics("labeld", "bench")


def outbox_for(room, wakeup=None, metrics=None, **bounds):
    """Return an Outbox with room for so many messages."""
    metrics = metrics or Metrics(CollectorRegistry(), ["drop"])
    return Outbox(Bounds(room, **bounds), Outcomes(TOPICS, metrics), wakeup)


def label(name, settled=None, source="drop", **facts):
    """Return a label's message whose payload names it, and which notes there that it is settled."""
    told = {} if settled is None else {"settle": lambda reason: settled.append(name)}
    payload = '{{"id": "{}"}}'.format(name).encode()
    facts = dict({"retain": False, "since": time.monotonic()}, source=source, **facts)
    return Message(TOPICS.label(source), payload, outcome=PUBLISHED, **dict(told, **facts))
