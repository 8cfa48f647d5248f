"""Pictures that something has happened to: none ends labeld, and each has an answer."""

import os

from tests.support import mutated, tiny
from tests.support.account import balance
from tests.support.processes import peak_mb
from tests.support.servers import wait_for

A_ROUND = 67
"""Mutated pictures; each tenth picture besides is whole."""

MOST_MB = 1000
"""Above idle: decoding may take as much, and one more picture."""


def test_two_thousand_mutated_pictures(labeld, subscriber, rounds, tell):
    labeld.start_ready()
    before = peak_mb(labeld.pid)
    sent, whole = [], []
    for number, (name, data) in enumerate(mutated.mutated(A_ROUND * rounds, seed=rounds)):
        sent.append(name)
        labeld.drop_file(name, data)
        if number % 10 == 0:
            whole.append("whole-{:05d}.png".format(number))
            labeld.drop_file(whole[-1], tiny.encode(tiny.picture("red", number), ".png"))
    names = sent + whole
    wait_for(lambda: not labeld.waiting(), "all are put away", 300.0)
    wait_for(lambda: not balance(names, subscriber.told()).lost, "each is answered")
    found = balance(names, subscriber.told())
    peak = peak_mb(labeld.pid)
    assert labeld.end() == 0, labeld.log()
    labels = {event["image"]: event["label"] for event in subscriber.events("drop/label")}
    failed = {event["image"]: event["error"] for event in subscriber.events("drop/failed")}
    tell(
        "mutated pictures: {}; {} could be read, {} could not; {:.0f} MB at most above idle".format(
            found, len(labels) - len(whole), len(failed), peak - before
        )
    )
    assert (found.lost, found.twice) == ([], 0)
    assert all(labels.get(name) == "red" for name in whole)
    assert all(failed.values())
    assert set(failed).isdisjoint(labels)
    put_aside = os.listdir(os.path.join(labeld.drop, "failed"))
    assert sorted(put_aside) == sorted(list(failed) + [name + ".error" for name in failed])
    assert peak - before < MOST_MB
    assert "ended unexpectedly" not in labeld.log()
