"""A plain bundle converted while it serves: what is begun, kept, given up and ended.

The conversion itself needs a Jetson's GPU: a process that ends as it is told stands for it.
"""

import os

import pytest
import yaml

from edge.classify import variant
from edge.config.load import load
from edge.daemon import converter as converters
from edge.daemon.summary import Summary
from tests.support import tiny
from tests.support.daemons import Built


class Conversion:
    """Stands for a Child; `ends` is its exit code, None while it runs."""

    def __init__(self, name, command, stop_seconds):
        self.command, self.ends, self.stopped = list(command), None, False

    def code(self):
        return self.ends

    def stop(self):
        self.stopped = True


class Site:
    """A daemon's parts with `convert: true`, and the conversions that were begun."""

    def __init__(self, folder, monkeypatch):
        tiny.write_bundle(folder / "tiny", save=tiny.save_nothing)
        self._path = folder / "labeld.yaml"
        self.configure(convert=True)
        self.built = Built(str(self._path), load(str(self._path)))
        self.converter = self.built.parts.converter
        self.begun = []
        monkeypatch.setattr(converters, "Child", self._begin)

    def configure(self, **model):
        settings = {
            "model": dict(model, bundle="tiny", converted="converted"),
            "batch": {"max_size": 6},
            "sources": [{"name": "a", "kind": "folder", "path": "a"}],
            "outbox": {"path": "outbox.db"},
        }
        self._path.write_text(yaml.safe_dump(settings))

    def _begin(self, *arguments, **options):
        self.begun.append(Conversion(*arguments, **options))
        return self.begun[-1]

    def step(self):
        """Let it look once; return the conversion begun last."""
        self.converter.step()
        return self.begun[-1] if self.begun else None

    def is_converting(self):
        return self.built.metric("labeld_model_converting") == 1

    def place(self):
        model = self.built.parts.service.config.model
        return variant.place(self.built.parts.service.bundle, model.converted, self.built.runtime)


@pytest.fixture
def site(tmp_path, monkeypatch):
    site = Site(tmp_path, monkeypatch)
    with site.built:
        yield site


def test_it_is_begun_at_the_lowest_priority_for_the_sizes_that_are_served(site):
    conversion = site.step()
    assert conversion.command[:3] == ["nice", "-n", "19"]
    options = dict(zip(conversion.command[-6::2], conversion.command[-5::2]))
    assert options["--batch-sizes"] == "1,3,6"
    assert options["--out"] == site.place()
    assert site.is_converting()
    assert "the model is being converted" in Summary(site.built.registry).line("tiny")


def test_while_it_runs_no_other_is_begun(site):
    site.step()
    site.step()
    assert len(site.begun) == 1


def test_once_done_the_bundle_is_looked_for_again(site):
    conversion = site.step()
    os.makedirs(site.place())
    conversion.ends = 0
    site.step()
    assert not site.is_converting()
    assert site.built.parts.reload._swap.is_set()
    assert os.path.exists(site.place())


def test_one_that_fails_is_not_tried_again_and_leaves_nothing(site, caplog):
    conversion = site.step()
    os.makedirs(os.path.dirname(site.place()))
    conversion.ends = 3
    site.step()
    site.step()
    assert len(site.begun) == 1
    assert not site.is_converting()
    assert not os.path.exists(os.path.dirname(site.place()))
    assert "could not be converted (exit code 3, see above" in caplog.text


def test_one_that_cannot_even_be_begun_is_told(site, monkeypatch, caplog):
    def missing(*_, **__):
        raise FileNotFoundError(2, "No such file or directory", "nice")

    monkeypatch.setattr(converters, "Child", missing)
    site.converter.step()
    assert "No such file or directory: 'nice'" in caplog.text
    assert not site.is_converting()


def test_at_the_end_it_is_stopped_and_nothing_more_is_begun(site):
    conversion = site.step()
    site.converter.close()
    assert conversion.stopped
    site.step()
    assert len(site.begun) == 1


def test_where_it_is_not_asked_for_nothing_is_begun(site):
    site.built.start()
    site.configure(convert=False)
    site.built.parts.reload.ask()
    site.built.parts.reload.step()
    assert site.step() is None
