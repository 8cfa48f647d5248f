"""The documents name what there is, and link what is there."""

import os
import re

import pytest

from edge import __version__
from tests.support.checkout import ROOT, modules

DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] + sorted(
    os.path.join("docs", name) for name in os.listdir(os.path.join(ROOT, "docs"))
)


def text_of(document):
    with open(os.path.join(ROOT, document), encoding="utf-8") as file:
        return file.read()


def named_modules(architecture):
    """Return the modules that the tables of ARCHITECTURE.md name."""
    package, found = None, set()
    for line in architecture.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        head = re.match(r"`(edge|export)/`$", cells[0])
        if head:
            package = head.group(1)
        elif line.startswith("|") and package is not None and len(cells) == 3:
            room = re.match(r"`([\w.]+)`$", cells[0])
            place = package + ("." + room.group(1) if room else "")
            found.update(place + "." + name for name in re.findall(r"`(\w+)`", cells[2]))
        else:
            package = None
    return found


def test_the_architecture_names_every_file_and_no_other():
    there = {name for name in modules() if not name.endswith(".__init__")}
    assert named_modules(text_of("ARCHITECTURE.md")) == there


def test_the_architecture_names_every_package():
    packages = {name[: -len(".__init__")] for name in modules() if name.endswith(".__init__")}
    floors = text_of("ARCHITECTURE.md").partition("## Threads")[0]
    rooms = set(re.findall(r"^\| `([\w.]+)/?` \|", floors, re.MULTILINE))
    assert {name.partition(".")[2] or name for name in packages} == rooms


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_and_links_lead_somewhere(document):
    text = text_of(document)
    folder = os.path.dirname(os.path.join(ROOT, document))
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text)]
    for link in links:
        if link and "://" not in link:
            assert os.path.exists(os.path.join(folder, link)), link
    pattern = r"`((?:edge|export|tests|bench|config|systemd|docs)/[\w./-]+)`"
    for path in re.findall(pattern, text):
        assert os.path.exists(os.path.join(ROOT, path)), path


def test_the_readme_is_short_enough_to_be_read():
    assert len(text_of("README.md").splitlines()) < 250


def test_the_version_is_in_the_changes():
    assert "## {}".format(__version__) in text_of("CHANGELOG.md")
