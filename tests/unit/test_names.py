"""Which files of a drop folder are taken, by their names."""

import pytest

from edge.sources.folder.names import Names

UNFINISHED = """
a.jpg.part a.jpg.partial a.jpg.filepart a.jpg.crdownload a.jpg.download a.jpg.opdownload a.jpg.tmp
a.jpg.TEMP a.jpg.!sync a.jpg~ .a.jpg .~lock.a.jpg# ._a.jpg .syncthing.a.jpg.tmp ~syncthing~a.jpg.tmp
.a.jpg.Xy12Zq .goutputstream-1A2B3C a.jpg.swp ~$a.docx #a.jpg# a.jpg.aria2 a.jpg.upload
a.jpg.sb-1a2b3c4d-Xyz123 a.jpg.incomplete .pending-1700000000-a.jpg Thumbs.db desktop.ini .DS_Store
a.jpg.lock
""".split()


@pytest.mark.parametrize("name", UNFINISHED)
def test_what_is_unfinished_or_a_system_s_is_left_alone(name):
    assert not Names().takes(name)


@pytest.mark.parametrize(
    "name", ["a.jpg", "part.jpg", "tmp", "a~b.jpg", "IMG_1.HEIC", "done", "#1.jpg"]
)
def test_what_is_a_picture_or_fails_as_none_is_taken(name):
    assert Names().takes(name)


def test_each_part_of_a_path_counts_and_what_was_put_away_is_not_taken():
    names = Names()
    assert names.takes("2026/03-01/a.jpg")
    assert not names.takes("2026/.thumbnails/a.jpg")
    assert not names.takes("@eaDir/a.jpg")
    assert not names.takes("done/a.jpg")
    assert not names.takes("failed/2026/a.jpg")
    assert names.takes("2026/done/a.jpg")


def test_a_source_adds_its_own():
    assert not Names(["*.Draft"]).takes("a.draft")
    assert not Names(["raw"]).takes("raw/a.jpg")
    assert not Names(["*-[ab]*"]).takes("x-b.jpg")
    assert Names(["*-[ab]*"]).takes("x-c.jpg")
