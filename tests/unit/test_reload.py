"""The configuration read again: put in force, or refused whole."""

import pytest
import yaml

from edge.config.load import load
from edge.daemon.changes import Changes
from edge.daemon.reload import FIXED
from tests.support import tiny
from tests.support.daemons import Built


class Site:
    """A configuration file, and the parts that serve it."""

    def __init__(self, folder):
        self._folder = folder
        self.path = folder / "labeld.yaml"
        self._settings = {
            "model": {"bundle": "tiny"},
            "sources": [{"name": "a", "kind": "folder", "path": "a"}],
            "outbox": {"path": "outbox.db"},
        }
        self.bundle("tiny")
        self.write()
        self.built = Built(str(self.path), load(str(self.path)))
        self.service, self.reload = self.built.parts.service, self.built.parts.reload

    def bundle(self, name, **options):
        return tiny.write_bundle(self._folder / name, save=tiny.save_nothing, **options)

    def write(self, **sections):
        self._settings.update(sections)
        self.path.write_text(yaml.safe_dump(self._settings))

    def step(self):
        """Ask for the file to be read again, and have that done."""
        self.reload.ask()
        assert self.reload.step()

    def was_refused(self):
        return self.built.metric("labeld_config_last_reload_successful") == 0


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    with site.built:
        yield site


def test_without_being_asked_it_does_nothing(site):
    assert not site.reload.step()
    assert site.built.notifier.states == []


def test_what_is_without_fault_is_put_in_force(site):
    site.built.start()
    site.write(decide={"threshold": 0.9})
    site.step()
    assert site.service.config.decide.threshold == 0.9
    assert not site.was_refused()
    assert site.built.notifier.states[0].startswith("RELOADING=1")
    assert site.built.notifier.states[-1].startswith("READY=1\nSTATUS=serving tiny-")


def test_what_has_a_fault_is_refused_whole_with_the_reason(site, caplog):
    before = site.service.config
    site.write(decide={"threshold": 7}, batch={"max_size": 2})
    site.step()
    assert site.service.config is before
    assert site.was_refused()
    assert "decide.threshold: 7 is not a number from 0 to 1" in caplog.text
    assert "the last reload was refused" in site.built.notifier.statuses()[-1]


CHANGES = {
    "device": "other",
    "mqtt": {"port": 1884},
    "outbox": {"max_messages": 7},
    "http": {"port": 9110},
}


def test_what_only_a_restart_changes_is_refused(site, caplog):
    assert set(CHANGES) == set(FIXED)
    site.write(**CHANGES)
    site.step()
    assert site.was_refused()
    for section in FIXED:
        assert "{}: it has changed, and only a restart changes it".format(section) in caplog.text


def test_another_bundle_takes_over(site):
    site.built.start()
    other = site.bundle("other", labels=("rood", "groen", "blauw"))
    site.write(model={"bundle": "other"})
    site.step()
    assert site.service.bundle == other.as_run("numpy", "fp32")
    assert not site.was_refused()


def test_a_bundle_that_is_damaged_leaves_the_present_one(site, caplog):
    serving = site.service.bundle
    (site.path.parent / "tiny" / "saved_model" / "saved_model.pb").write_bytes(b"other")
    site.step()
    assert site.service.bundle == serving
    assert site.was_refused()
    assert "copy the bundle again" in caplog.text


def test_the_same_bundle_is_not_loaded_again(site):
    site.built.start()
    site.step()
    assert len(site.built.runtime.loaded) == 1


def test_after_a_stop_nothing_is_put_in_force(site):
    site.write(decide={"threshold": 0.9})
    site.built.ending.stop.set()
    site.reload.ask()
    assert not site.reload.step()
    assert site.service.config.decide.threshold == "auto"


class Steps:
    """Counts its steps, and says whether there was something to do."""

    def __init__(self, busy):
        self.count, self._busy = 0, busy

    def step(self):
        self.count += 1
        return self._busy


@pytest.mark.parametrize(("busy", "conversions"), [(True, 0), (False, 1)])
def test_a_reload_goes_before_a_conversion_s_next_step(busy, conversions):
    reload, converter = Steps(busy), Steps(None)
    assert Changes(reload, converter).step() is busy
    assert (reload.count, converter.count) == (1, conversions)
