"""Which labels count as news."""

from edge.decide.news import Changes


def published(changes, labels, seconds_apart=1.0):
    """Return the (number, label) of those that are published when `labels` come in turn."""
    found = []
    for number, label in enumerate(labels):
        now = 100.0 + number * seconds_apart
        due = changes.due(label, now)
        assert changes.due(label, now) == due, "asking changes nothing"
        changes.note(label, now, due)
        if due:
            found.append((number, label))
    return found


def test_any_change_counts_at_once():
    assert published(Changes(), "aabba") == [(0, "a"), (2, "b"), (4, "a")]


def test_a_change_counts_after_so_many_equal_results_in_a_row():
    assert published(Changes(results=3), "aaaabaabbabbb") == [(2, "a"), (12, "b")]


def test_a_change_counts_once_it_has_lasted():
    assert published(Changes(seconds=2.0), "aaabbcbbb") == [(2, "a"), (8, "b")]


def test_the_first_of_both_rules_suffices():
    assert published(Changes(results=3, seconds=60), "aaab") == [(2, "a")]
    assert published(Changes(results=30, seconds=1), "aaab") == [(1, "a")]


def test_an_unchanged_label_is_repeated_by_the_heartbeat_and_a_slip_is_not():
    changes = Changes(results=2, heartbeat_seconds=3.0)
    assert published(changes, "aaaaabaa") == [(1, "a"), (4, "a"), (7, "a")]


def test_a_label_that_could_not_be_published_is_still_due():
    changes = Changes()
    assert changes.due("a", 0.0)
    changes.note("a", 0.0, published=False)
    assert changes.due("a", 1.0)
