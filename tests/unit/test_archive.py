"""What was put away is kept as long as is said, and nothing else is touched."""

import os
import time

import pytest

from edge.config.settings import KeepSettings
from edge.sources.folder import archive
from edge.sources.folder.archive import DAY_SECONDS, Archive

KB = 1000


@pytest.fixture
def drop(tmp_path):
    """A drop folder with done/ and failed/."""
    for name in ("done", "failed"):
        (tmp_path / "drop" / name).mkdir(parents=True)
    return tmp_path / "drop"


def put(path, size=300 * KB):
    """Put a file there, later than the one before."""
    path.write_bytes(bytes(size))
    first = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == first:
        os.chmod(str(path), 0o600)


def tidy(drop, **keep):
    return Archive(str(drop), KeepSettings(**keep)).tidy()


def left(drop):
    return sorted(str(path.relative_to(drop)) for path in drop.rglob("*") if not path.is_dir())


def test_without_a_bound_it_is_never_looked_at(drop):
    assert not Archive(str(drop), KeepSettings()).is_due(time.monotonic())


def test_the_oldest_go_until_the_rest_is_little_enough(drop):
    (drop / "waiting.jpg").write_bytes(bytes(5000 * KB))
    for path in ("done/a.jpg", "failed/b.jpg", "failed/b.jpg.error", "done/c.jpg", "done/d.jpg"):
        put(drop / path, 10 if path.endswith("error") else 300 * KB)
    assert tidy(drop, max_mb=1) == 1
    assert left(drop) == [
        "done/c.jpg",
        "done/d.jpg",
        "failed/b.jpg",
        "failed/b.jpg.error",
        "waiting.jpg",
    ]
    put(drop / "done" / "e.jpg", 600 * KB)
    assert tidy(drop, max_mb=1) == 3
    assert left(drop) == ["done/d.jpg", "done/e.jpg", "waiting.jpg"]
    assert tidy(drop, max_mb=1) == 0


def test_what_has_been_there_too_long_goes_wherever_it_lies(drop, monkeypatch):
    (drop / "done" / "2026-03-01").mkdir()
    for path in ("done/a.jpg", "done/2026-03-01/b.jpg", "failed/c.jpg"):
        put(drop / path)
    os.utime(str(drop / "done" / "a.jpg"), (0, 0))  # as a sender may have set it
    assert tidy(drop, days=30) == 0
    now = time.time()
    monkeypatch.setattr(archive.time, "time", lambda: now + 30 * DAY_SECONDS + 60)
    assert tidy(drop, days=30, max_mb=1000) == 3
    assert left(drop) == []


def test_no_link_is_followed_or_removed(drop, tmp_path):
    others = tmp_path / "others"
    others.mkdir()
    put(others / "precious.jpg", 5000 * KB)
    (drop / "done" / "sub").symlink_to(others)
    (drop / "done" / "link.jpg").symlink_to(others / "precious.jpg")
    (drop / "failed").rmdir()
    (drop / "failed").symlink_to(others)
    assert tidy(drop, max_mb=1) == 0
    assert (others / "precious.jpg").exists()
    assert (drop / "done" / "link.jpg").is_symlink()


def test_a_folder_that_becomes_a_link_meanwhile_is_not_followed(drop, tmp_path, monkeypatch):
    (drop / "done" / "sub").mkdir()
    put(drop / "done" / "sub" / "a.jpg", 2000 * KB)
    others = tmp_path / "others"
    others.mkdir()
    put(others / "a.jpg")
    listed = archive._files

    def swap(names, handle):
        yield from listed(names, handle)
        if names:
            (drop / "done" / "sub").rename(tmp_path / "moved")
            (drop / "done" / "sub").symlink_to(others)

    monkeypatch.setattr(archive, "_files", swap)
    with pytest.raises(OSError, match="sub"):
        tidy(drop, max_mb=1)
    assert (others / "a.jpg").exists()


def test_of_very_many_some_go_at_a_time(drop, monkeypatch):
    monkeypatch.setattr(archive, "MOST_AT_ONCE", 3)
    for number in range(8):
        put(drop / "done" / "{}.jpg".format(number))
    assert [tidy(drop, max_mb=1) for _ in range(3)] == [3, 2, 0]
    assert left(drop) == ["done/{}.jpg".format(number) for number in (5, 6, 7)]
