"""Which form of a bundle is the fastest: tried once, remembered, tried again when it may differ."""

import json
from types import SimpleNamespace

import pytest

from edge.classify import speeds, trial
from edge.classify.trial import Speed
from tests.support import tiny

FAST, PLAIN, OTHER = "openvino bf16", "openvino fp32", "tensorflow fp32"


@pytest.fixture
def forms(tmp_path):
    bundle = tiny.write_bundle(tmp_path / "tiny", save=tiny.save_nothing)
    return [bundle.as_run(*form.split()) for form in (FAST, PLAIN, OTHER)]


@pytest.fixture(autouse=True)
def others(monkeypatch):
    """A list whose only item is the share of the processor that other programs take."""
    share = [0.0]
    watched = SimpleNamespace(share=lambda: share[0])
    monkeypatch.setattr(speeds, "Others", lambda: watched)
    return share


@pytest.fixture
def tried(monkeypatch):
    """The forms that were tried, by their names; each is faster than the one before."""
    names = []

    def answer(form, gpu_memory_mb):
        names.append(form.form)
        return Speed(10.0 * len(names))

    monkeypatch.setattr(trial, "tried", answer)
    return names


@pytest.mark.parametrize(
    ("found", "order"),
    [
        ((30, 20, 10), [FAST, PLAIN, OTHER]),
        ((10, 20, 30), [OTHER, PLAIN, FAST]),
        ((100, 102, 99), [FAST, PLAIN, OTHER]),
        ((100, 200, 202), [PLAIN, OTHER, FAST]),
        ((None, 20, 30), [OTHER, PLAIN]),
        ((None, None, None), []),
    ],
)
def test_the_fastest_comes_first_and_of_equals_that_which_is_listed_first(forms, found, order):
    by_form = {form: Speed(one) for form, one in zip((FAST, PLAIN, OTHER), found)}
    assert [form.form for form in speeds.ranked(forms, by_form)] == order


def test_each_is_served_in_the_number_of_streams_that_its_trial_chose(forms, monkeypatch):
    answers = {FAST: Speed(30.0, streams=4), PLAIN: Speed(20.0), OTHER: Speed(None, "no")}
    monkeypatch.setattr(trial, "tried", lambda form, gpu_memory_mb: answers[form.form])
    for _ in ("tried", "remembered"):
        found = speeds.of(forms, "unused")
        assert [form.streams for form in speeds.ranked(forms, found)] == [4, 1]
    assert speeds.text(forms, found) == (
        "openvino bf16: 30.0 a second in 4 streams, openvino fp32: 20.0 a second, "
        "tensorflow fp32: not served (no)"
    )


@pytest.mark.parametrize(
    ("found", "best"),
    [
        ([(25.1, 1), (24.9, 2)], (24.9, 2)),
        ([(24.9, 1), (25.1, 2)], (25.1, 2)),
        ([(25.0, 1), (23.0, 2)], (25.0, 1)),
        ([(90.0, 1), (100.0, 2), (96.0, 4), (94.0, 8)], (96.0, 4)),
        ([(17.0, 1)], (17.0, 1)),
    ],
)
def test_of_streams_that_are_nearly_as_fast_it_takes_the_most(found, best):
    assert trial.best(found) == Speed(best[0], streams=best[1])


def test_it_is_tried_once_and_remembered_beside_the_bundle(forms, tried, tmp_path):
    first = speeds.of(forms, str(tmp_path / "converted"))
    assert tried == [FAST, PLAIN, OTHER]
    assert speeds.of(forms, str(tmp_path / "converted")) == first
    assert len(tried) == 3
    assert (tmp_path / "tiny.speeds.json").exists()
    assert not (tmp_path / "converted").exists()


def test_where_other_programs_run_it_is_tried_again_and_the_better_answer_counts(
    forms, monkeypatch, others, caplog
):
    trials = [(10, 30, None), (40, 20, 5), (None, 25, 6), (99, 99, 99)]
    answers = (Speed(one) for trial in trials for one in trial)
    monkeypatch.setattr(trial, "tried", lambda form, gpu_memory_mb: next(answers))
    others[0] = 0.4
    found = [list(speeds.of(forms, "unused").values()) for _ in range(4)]
    assert "other programs took 40 % of the processor" in caplog.text
    best = [(10, 30, None), (40, 30, 5), (None, 30, 6), (None, 30, 6)]
    assert [[one.per_second for one in answer] for answer in found] == [list(one) for one in best]


def test_once_they_are_gone_it_is_tried_no_more(forms, tried, others):
    others[0] = 0.4
    speeds.of(forms, "unused")
    others[0] = 0.05
    speeds.of(forms, "unused")
    assert len(tried) == 6
    speeds.of(forms, "unused")
    assert len(tried) == 6


def test_where_nothing_can_be_written_beside_it_it_is_remembered_elsewhere(forms, tried, tmp_path):
    (tmp_path / "tiny.speeds.json").mkdir()
    folder = tmp_path / "converted"
    first = speeds.of(forms, str(folder))
    assert speeds.of(forms, str(folder)) == first
    assert len(tried) == 3
    assert len(list(folder.iterdir())) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "converted",
        "tiny",
        "tiny.speeds.json",
    ]


def test_where_it_can_be_remembered_nowhere_it_says_so_and_goes_on(forms, tried, tmp_path, caplog):
    caplog.set_level("INFO")
    (tmp_path / "tiny.speeds.json").mkdir()
    (tmp_path / "converted").write_bytes(b"a file")
    assert speeds.of(forms, str(tmp_path / "converted"))[OTHER] == Speed(30.0)
    assert "is tried again at the next start" in caplog.text


@pytest.mark.parametrize("what", ["processor", "packages", "bundle", "damage"])
def test_it_is_tried_again_when_it_may_be_different(forms, tried, tmp_path, monkeypatch, what):
    folder = str(tmp_path / "converted")
    speeds.of(forms[:2], folder)
    assert len(tried) == 2
    asked = forms[:2]
    if what == "processor":
        monkeypatch.setattr(speeds, "processor", lambda: {"cores": "64"})
    elif what == "packages":
        monkeypatch.setattr(speeds, "installed", lambda packages: {"openvino": "newer"})
    elif what == "bundle":
        other = tiny.write_bundle(tmp_path / "tiny", labels=("a", "b", "c"), save=tiny.save_nothing)
        asked = [other.as_run(*form.form.split()) for form in asked]
    else:
        (tmp_path / "tiny.speeds.json").write_bytes(b'{"facts": 1')
    assert set(speeds.of(asked, folder)) == {form.form for form in asked}
    assert len(tried) == 2 + len(asked)


def test_two_configurations_that_ask_for_other_forms_take_nothing_from_one_another(
    forms, tried, others
):
    speeds.of(forms[:2], "unused")
    others[0] = 0.4
    assert set(speeds.of(forms[1:], "unused")) == {FAST, PLAIN, OTHER}
    assert tried == [FAST, PLAIN, OTHER]
    others[0] = 0.0
    speeds.of(forms[:1], "unused")
    assert tried == [FAST, PLAIN, OTHER, FAST]
    for asked in (forms[:2], forms[1:], forms):
        assert list(speeds.of(asked, "unused").values()) == [Speed(40.0), Speed(20.0), Speed(30.0)]
    assert len(tried) == 4


def test_a_form_that_ends_its_process_or_is_refused_is_not_served_and_why_is_told(forms, tmp_path):
    found = speeds.of(forms[2:], str(tmp_path / "converted"))
    assert found[OTHER].per_second is None
    assert "cannot load it" in found[OTHER].refused
    assert "tensorflow fp32: not served (" in speeds.text(forms[2:], found)
    with open(str(tmp_path / "tiny.speeds.json"), encoding="utf-8") as file:
        assert json.load(file)["speeds"][OTHER]["per_second"] is None
