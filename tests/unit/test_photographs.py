"""What `labeld-export train` takes for labelled photographs, and what it refuses."""

import pytest

from export import tables
from export.pictures import photographs
from export.pictures.photographs import Photograph, PhotographsError
from tests.support import tiny


def add(folder, *names):
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiny.encode(tiny.picture("red", number, (20, 20)), ".png"))


def refusal(data, images=None):
    with pytest.raises(PhotographsError) as caught:
        photographs.read(str(data), images and str(images))
    return str(caught.value)


def test_sub_folders_are_classes(tmp_path):
    add(tmp_path, "b/2.png", "b/deep/1.png", "a & c/1.png", "a & c/2.JPG", ".thumbs/1.png")
    (tmp_path / "a & c" / "notes.txt").write_text("no picture")
    found = photographs.read(str(tmp_path))
    assert found == [
        Photograph(str(tmp_path / "a & c" / "1.png"), "a & c"),
        Photograph(str(tmp_path / "a & c" / "2.JPG"), "a & c"),
        Photograph(str(tmp_path / "b" / "2.png"), "b"),
        Photograph(str(tmp_path / "b" / "deep" / "1.png"), "b"),
    ]


@pytest.mark.parametrize(("name", "between"), [("labels.tsv", "\t"), ("labels.csv", ",")])
def test_a_table_names_files_of_its_own_folder_or_of_images(tmp_path, name, between):
    add(tmp_path / "pictures", "1.png", "2.png", "3.png", "4.png")
    rows = [("label", "file"), ("x", "1.png"), ("x", "2.png"), ("y", "3.png"), ("y", "4.png")]
    for table, images in ((tmp_path / name, "pictures"), (tmp_path / "pictures" / name, None)):
        table.write_text("\ufeff" + "\n".join(between.join(row) for row in rows), "utf-8")
        found = photographs.read(str(table), images and str(tmp_path / images))
        assert [photograph.label for photograph in found] == ["x", "x", "y", "y"]
        assert found[0].path == str(tmp_path / "pictures" / "1.png")


def test_all_faults_of_a_table_are_told_at_once_with_their_lines(tmp_path):
    add(tmp_path, "1.png", "2.png")
    table = tmp_path / "labels.tsv"
    table.write_text("file\tlabel\n1.png\tx\n1.png\ty\ngone.png\tx\n2.png\t\n")
    text = refusal(table)
    assert "labels.tsv: line 3: 1.png is 'y', and was 'x' before" in text
    assert "labels.tsv: line 4: gone.png: no such file" in text.replace(str(tmp_path) + "/", "")
    assert "labels.tsv: line 5: file or label is empty" in text


def test_what_cannot_be_trained_on_is_refused_by_name(tmp_path):
    assert "no sub-folders" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "gone.tsv")
    (tmp_path / "t.tsv").write_text("picture\tlabel\n")
    assert "lacks file" in refusal(tmp_path / "t.tsv")
    (tmp_path / "t.tsv").write_text("file\tlabel\n")
    assert "no rows below its header" in refusal(tmp_path / "t.tsv")
    (tmp_path / "empty").mkdir()
    assert "empty: no pictures there" in refusal(tmp_path)


def test_a_class_that_cannot_be_split_is_refused_by_name(tmp_path):
    add(tmp_path, "full/1.png", "full/2.png")
    with pytest.raises(PhotographsError, match="1 class.es., at least 2"):
        photographs.check_classes("here", photographs.read(str(tmp_path)))
    add(tmp_path, "poor/1.png")
    with pytest.raises(PhotographsError, match="here: fewer than two pictures of 'poor'"):
        photographs.check_classes("here", photographs.read(str(tmp_path)))


def test_a_table_that_was_written_is_read_again(tmp_path):
    add(tmp_path, "b & c/2.png", "b & c/deep/1.png", "a/1.png")
    found = photographs.read(str(tmp_path))
    (tmp_path / "table").mkdir()
    written = tmp_path / "table" / "some.tsv"
    written.write_bytes(tables.labelled(found, str(tmp_path)))
    assert photographs.read(str(written), str(tmp_path)) == found


def test_an_unreadable_picture_is_told_with_its_reason(tmp_path):
    add(tmp_path, "a/1.png", "a/2.png", "b/1.png", "b/2.png")
    whole = (tmp_path / "a/2.png").read_bytes()
    (tmp_path / "a/2.png").write_bytes(whole[: len(whole) // 2])
    faults = dict(photographs.readable(photographs.read(str(tmp_path))))
    assert len(faults) == 4
    told = {photograph.path: fault for photograph, fault in faults.items() if fault is not None}
    assert list(told) == [str(tmp_path / "a/2.png")]
    assert "cut short" in told[str(tmp_path / "a/2.png")]
