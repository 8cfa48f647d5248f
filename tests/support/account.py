"""Whether each picture's label was delivered: how many are lost, and how many came twice."""

import json
from typing import NamedTuple, Sequence


class Balance(NamedTuple):
    """What became of some pictures.

    Attributes:
        pictures: how many there were.
        lost: the names of those of which nothing was acknowledged.
        twice: of how many something was acknowledged more than once.
    """

    pictures: int
    lost: Sequence[str]
    twice: int

    def __str__(self):
        lost, twice = len(self.lost), self.twice
        return "{} pictures, lost {}, twice {}".format(self.pictures, lost, twice)


def balance(names, acknowledged):
    """Return the Balance of pictures, failing if one of them had two ids.

    Args:
        names: of the pictures, as events have them.
        acknowledged: (topic, payload) of messages; those on `…/label` and `…/failed` count.
    """
    ids = {name: [] for name in names}
    for topic, payload in acknowledged:
        if payload and topic.endswith(("/label", "/failed")):
            event = json.loads(payload.decode("utf-8"))
            ids[event["image"]].append(event["id"])
    for name, found in ids.items():
        assert len(set(found)) <= 1, "{} had several ids: {}".format(name, found)
    lost = sorted(name for name, found in ids.items() if not found)
    return Balance(len(ids), lost, sum(len(found) > 1 for found in ids.values()))
