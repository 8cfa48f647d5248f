"""What the broker does not take comes again after a while."""

from edge.deliver.refusals import AGAIN_SECONDS, Refusals

FIRST, CAP = AGAIN_SECONDS


def test_what_was_refused_is_due_together_once_after_a_wait():
    refusals = Refusals()
    refusals.keep(1, now=0.0)
    refusals.keep(2, now=0.0)
    assert refusals.due(now=FIRST / 2 - 0.01) == []
    assert refusals.due(now=FIRST + 0.01) == [1, 2]
    assert refusals.due(now=1e9) == []


def test_the_wait_grows_until_the_topic_is_taken():
    refusals = Refusals()
    for _ in range(10):
        refusals.is_new("a", "Not authorized")
        refusals.keep(1, now=0.0)
        refusals.due(now=2 * CAP)
    refusals.keep(1, now=0.0)
    assert refusals.due(now=CAP / 2 - 0.01) == []
    assert refusals.due(now=CAP + 0.01) == [1]
    refusals.accepted("a")
    refusals.keep(1, now=0.0)
    assert refusals.due(now=FIRST + 0.01) == [1]


def test_a_topic_s_reason_is_new_once():
    refusals = Refusals()
    assert refusals.is_new("a", "Not authorized")
    assert not refusals.is_new("a", "Not authorized")
    assert refusals.is_new("a", "Quota exceeded")
    assert refusals.is_new("b", "Not authorized")
    refusals.accepted("a")
    assert refusals.is_new("a", "Quota exceeded"), "it was taken in between"
