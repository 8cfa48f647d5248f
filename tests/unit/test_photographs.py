"""What `labeld-export train` takes for labelled photographs, and what it refuses."""

import os

import pytest

from export import tables
from export.pictures import collection, photographs
from export.pictures.photographs import Photograph, PhotographsError
from tests.support import tiny


def add(folder, *names):
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiny.encode(tiny.picture("red", number, (20, 20)), ".png"))


def refusal(data, images=None):
    with pytest.raises(PhotographsError) as caught:
        collection.read(str(data), images and str(images))
    return str(caught.value)


def test_sub_folders_are_classes(tmp_path):
    add(tmp_path, "b/2.png", "b/deep/1.png", "a & c/1.png", "a & c/2.JPG", ".thumbs/1.png")
    (tmp_path / "a & c" / "notes.txt").write_text("no picture")
    found = collection.read(str(tmp_path)).photographs
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
        found = collection.read(str(table), images and str(tmp_path / images)).photographs
        assert [photograph.label for photograph in found] == ["x", "x", "y", "y"]
        assert found[0].path == str(tmp_path / "pictures" / "1.png")


def test_all_faults_of_a_table_are_told_at_once_with_their_lines(tmp_path):
    add(tmp_path, "1.png", "2.png")
    table = tmp_path / "labels.tsv"
    table.write_text("file\tlabel\n1.png\tx\n1.png\ty\ngone.png\tx\n2.png\t\n")
    text = refusal(table)
    assert "labels.tsv: line 3: 1.png is 'y', and was 'x' in line 2" in text
    assert "labels.tsv: line 4: gone.png: no such file" in text
    assert "labels.tsv: line 5: file or label is empty" in text


def test_what_cannot_be_trained_on_is_refused_by_name(tmp_path):
    assert "no sub-folders" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "gone.tsv")
    (tmp_path / "t.tsv").write_text("picture\tlabel\n")
    assert "must name the columns file and label" in refusal(tmp_path / "t.tsv")
    (tmp_path / "t.tsv").write_text("file\tlabel\n")
    assert "no rows below its header" in refusal(tmp_path / "t.tsv")
    (tmp_path / "empty").mkdir()
    assert "empty: no pictures there" in refusal(tmp_path)


def test_a_tables_rows_are_all_accounted_for(tmp_path):
    add(tmp_path, "deep/1.png", "2.png", "cafe\u0301.png", "4.png")
    table = tmp_path / "labels.tsv"
    rows = ["file\tlabel", "deep\\1.png\t x ", "2.png\tx", "./2.png\tx", "caf\u00e9.png\ty"]
    rows.append("{}\ty".format(tmp_path / "4.png"))
    table.write_text("\n".join(rows), "utf-8")
    found = collection.read(str(table))
    assert [(os.path.basename(one.path), one.label) for one in found.photographs] == [
        ("2.png", "x"),
        ("4.png", "y"),
        ("cafe\u0301.png", "y"),
        ("1.png", "x"),
    ]
    assert len(found.remarks) == 1
    assert "labels.tsv: line 4: left out, ./2.png is in line 3" in found.remarks[0]


def test_what_systems_and_labeld_put_among_photographs_is_no_class_and_is_named(tmp_path):
    add(tmp_path, "a/1.png", "a/2.png", "b/1.png", "b/2.JFIF", "b/3.png")
    add(tmp_path, "@eaDir/a/1.png", "a/@eaDir/1.png", "__MACOSX/1.png", ".hidden/1.png")
    add(tmp_path, "b/.ipynb_checkpoints/1.png", "b/._1.png", "#recycle/1.png", "products/1.png")
    for name in ("b/Thumbs.db", "b/.DS_Store", "products/bundle.json", "b/4.GIF", "b/notes.txt"):
        (tmp_path / name).write_bytes(b"\0")
    add(tmp_path, "loose.png")
    found = collection.read(str(tmp_path))
    assert [one.label for one in found.photographs] == ["a"] * 2 + ["b"] * 3
    told = "\n".join(found.remarks)
    for name in ("2 @eaDir", "1 __MACOSX", "1 .ipynb_checkpoints", "1 products", "1 Thumbs.db"):
        assert name in told
    assert "1 .gif" in told
    assert "1 .txt" in told
    assert "1 picture(s) that lie in no class folder, such as loose.png" in told


def test_one_class_in_two_spellings_is_one(tmp_path):
    add(tmp_path, "caf\u00e9/1.png", "cafe\u0301/2.png", "tea/1.png", "tea /2.png", "Tea/3.png")
    found = collection.read(str(tmp_path))
    assert sorted({one.label for one in found.photographs}) == ["Tea", "caf\u00e9", "tea"]
    assert any("'Tea', 'tea': different classes" in remark for remark in found.remarks)


@pytest.mark.parametrize("name", [b"gr\xfcn", b"unknown", b" unknown", b"a\tb"])
def test_what_cannot_be_a_label_is_refused_before_training(tmp_path, name):
    add(tmp_path, "a/1.png", "a/2.png")
    folder = os.path.join(os.fsencode(str(tmp_path)), name)
    os.mkdir(folder)
    with open(os.path.join(folder, b"1.png"), "wb") as file:
        file.write((tmp_path / "a" / "1.png").read_bytes())
    text = refusal(tmp_path)
    assert "it cannot be a class" in text
    text.encode("utf-8"), "whoever prints it need not know of bytes"
    table = tmp_path / "a" / "t.tsv"
    table.write_text("file\tlabel\n1.png\tunknown\n2.png\ta\n")
    assert "line 2: 'unknown' cannot be a label" in refusal(table)


def split_of(*data, **options):
    """Return {label: (learnt from, held out, for labeld to choose)}."""
    found = collection.read(*map(str, data), **options).photographs
    counts = {}
    for one in found:
        count = counts.setdefault(one.label, [0, 0, 0])
        count[[False, True, None].index(one.held_out)] += 1
    return counts


def test_a_users_own_split_is_kept(tmp_path):
    add(tmp_path, *("Train/{}/{}.png".format(label, n) for label in "ab" for n in range(3)))
    add(tmp_path, *("valid/{}/{}.png".format(label, n) for label in "ab" for n in range(2)))
    assert split_of(tmp_path) == {"a": [3, 2, 0], "b": [3, 2, 0]}
    add(tmp_path, "test/a/1.png", "extra/1.png")
    assert split_of(tmp_path) == {"a": [5, 1, 0], "b": [5, 0, 0]}
    assert split_of(tmp_path, split="new") == {"a": [0, 0, 6], "b": [0, 0, 5]}
    remarks = collection.read(str(tmp_path)).remarks
    assert any("what is in test is held out" in remark for remark in remarks)
    assert any("such as extra/1.png" in remark for remark in remarks)


def test_a_split_that_cannot_be_kept_is_refused(tmp_path):
    add(tmp_path, "train/a/1.png", "train/a/2.png", "train/b/1.png", "val/c/1.png", "val/c/2.png")
    add(tmp_path, "train/b/2.png")
    with pytest.raises(PhotographsError, match="all pictures of 'c' are held out"):
        photographs.check_classes("here", collection.read(str(tmp_path)).photographs)
    add(tmp_path, "flat/train/1.png", "flat/val/1.png")
    assert "pictures lie in them" in refusal(tmp_path / "flat")


def test_folders_that_only_sound_like_a_split_are_classes(tmp_path):
    add(tmp_path, "test/1.png", "bus/1.png", "train/1.png")
    assert sorted(split_of(tmp_path)) == ["bus", "test", "train"]


def test_copies_of_one_picture_are_no_two_pictures(tmp_path):
    add(tmp_path, "a/1.png", "a/2.png", "b/1.png")
    (tmp_path / "b/2.png").write_bytes((tmp_path / "b/1.png").read_bytes())
    tried = list(photographs.checked(collection.read(str(tmp_path)).photographs))
    with pytest.raises(PhotographsError, match="all pictures of 'b' are copies of one file"):
        photographs.check_distinct("here", tried)
    assert photographs.conflicts(tried) == []
    add(tmp_path, "c/1.png")
    (tmp_path / "c/2.png").write_bytes((tmp_path / "a/1.png").read_bytes())
    tried = list(photographs.checked(collection.read(str(tmp_path)).photographs))
    told = photographs.conflicts(tried)
    assert len(told) == 1
    for name in ("a/1.png (a)", "c/2.png (c)"):
        assert name in told[0]
    own = [one._replace(photograph=one.photograph._replace(held_out=False)) for one in tried]
    own.append(own[0]._replace(photograph=own[0].photograph._replace(held_out=True)))
    own = [one for one in own if one.photograph.label != "b"]
    with pytest.raises(PhotographsError, match="'c' are copies of"):
        photographs.check_distinct("here", own)


def test_a_class_that_cannot_be_split_is_refused_by_name(tmp_path):
    add(tmp_path, "full/1.png", "full/2.png")
    with pytest.raises(PhotographsError, match="1 class.es., at least 2"):
        photographs.check_classes("here", collection.read(str(tmp_path)).photographs)
    add(tmp_path, "poor/1.png")
    with pytest.raises(PhotographsError, match="here: fewer than two pictures of 'poor'"):
        photographs.check_classes("here", collection.read(str(tmp_path)).photographs)


def test_a_table_that_was_written_is_read_again(tmp_path):
    add(tmp_path, "b & c/2.png", "b & c/deep/1.png", "a/1.png")
    found = collection.read(str(tmp_path)).photographs
    (tmp_path / "table").mkdir()
    written = tmp_path / "table" / "some.tsv"
    written.write_bytes(tables.labelled(found, str(tmp_path)))
    assert collection.read(str(written), str(tmp_path)).photographs == found


def test_an_unreadable_picture_is_told_with_its_reason(tmp_path):
    add(tmp_path, "a/1.png", "a/2.png", "b/1.png", "b/2.png")
    whole = (tmp_path / "a/2.png").read_bytes()
    (tmp_path / "a/2.png").write_bytes(whole[: len(whole) // 2])
    tried = list(photographs.checked(collection.read(str(tmp_path)).photographs))
    assert len(tried) == 4
    told = {one.photograph.path: one.fault for one in tried if one.fault is not None}
    assert list(told) == [str(tmp_path / "a/2.png")]
    assert "cut short" in told[str(tmp_path / "a/2.png")]
