"""The pages about a model and about photographs."""

import csv
import os
import re
import shutil

import numpy as np
import pytest

from edge.classify import bundle as bundles
from tests.support import tiny
from tests.support.commands import labeld_export
from tests.support.html import Page

MOST_BYTES = 5 << 20


def content_of(path):
    with open(str(path), "rb") as file:
        content = file.read()
    assert len(content) < MOST_BYTES
    return content.decode("utf-8")


def read(path):
    return Page(content_of(path))


@pytest.fixture(scope="module")
def report(trained):
    """The report that training has written, as a Page."""
    return read(os.path.join(trained.bundle.path, bundles.REPORT))


def test_training_writes_a_report_that_needs_nothing_from_outside(report, trained):
    assert not report.faults
    assert report.text["h1"] == ["stamps: how good it is, and what it gets wrong"]
    assert report.all("html") == [{"lang": "en"}]
    assert "name" in report.all("meta")[2]  # the viewport, for phones
    headings = " ".join(report.text["h2"])
    for part in ("thresholds", "What is taken for what", "Each class", "worst mistakes"):
        assert part in headings
    for part in ("Suspects", "Nearly the same", "preprocessing"):
        assert part in headings


def test_it_fits_a_phone(browser, trained):
    browser.phone()
    browser.open("file://" + os.path.join(trained.bundle.path, bundles.REPORT))
    assert browser.run("window.innerWidth") == 360
    assert browser.run("document.documentElement.scrollWidth") <= 360
    assert not browser.complaints()


def test_its_figures_are_those_of_the_bundle(report, trained):
    scores = trained.bundle.scores
    told = " ".join(report.text["dl"])
    assert "{:.3f}".format(scores["accuracy"]) in told
    assert "{:.3f} to {:.3f}".format(*scores["accuracy_interval"]) in told
    assert "{:.3f}".format(scores["macro_f1"]) in told


def test_its_matrix_counts_each_picture_that_was_held_out(trained):
    with open(os.path.join(trained.bundle.path, bundles.PREDICTIONS), encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 144
    held_out = [row for row in rows if row["part"] == "held out"]
    assert len(held_out) == trained.bundle.scores["pictures"]
    right = [row for row in held_out if row["taken_for"] == row["label"]]
    share = len(right) / len(held_out)
    assert share == pytest.approx(trained.bundle.scores["accuracy"], abs=1e-3)
    content = content_of(os.path.join(trained.bundle.path, bundles.REPORT))
    (matrix,) = re.findall(r'<table class="matrix".*?</table>', content, re.S)
    assert sum(int(count) for count in re.findall(r">(\d+)</td>", matrix)) == len(held_out)
    own = re.findall(r'<td class="own"[^>]*>(\d+)</td>', matrix)
    assert sum(int(count) for count in own) == len(right)


def test_it_shows_the_worst_mistakes_with_where_the_model_looked(report, trained):
    looked = [one["alt"] for one in report.all("img") if one["alt"].startswith("what speaks for ")]
    wrong = re.findall(r"taken for ", " ".join(report.text["h3"]))
    assert len(looked) == len(wrong) > 0
    assert {one[len("what speaks for ") :] for one in looked} <= set(trained.bundle.labels)


def test_training_ends_with_the_three_lines_that_matter_and_the_report(trained):
    lines = trained.text.splitlines()[-4:]
    pattern = r"How good: \d+% of {} pictures that were held out are labelled rightly \(95 % sure: "
    assert re.match(pattern.format(trained.bundle.scores["pictures"]), lines[0])
    assert lines[1].startswith("What is worst: ")
    assert lines[2].startswith("What to do next: ")
    assert lines[3] == "Report: {}".format(os.path.join(trained.bundle.path, "report.html"))


def test_a_report_is_made_anew_into_a_file_and_the_bundle_stays(trained, tmp_path):
    out = tmp_path / "anew.html"
    code, text, errors = labeld_export("report", trained.bundle.path, "--out", out)
    assert code == 0, errors
    assert "Report: {}".format(out) in text
    with open(os.path.join(trained.bundle.path, bundles.REPORT), "rb") as file:
        assert out.read_bytes() == file.read()
    assert bundles.read(trained.bundle.path).content_hash == trained.bundle.content_hash


def test_a_report_is_made_anew_into_the_bundle_from_photographs_elsewhere(trained, tmp_path):
    path, moved = str(tmp_path / "stamps"), str(tmp_path / "moved")
    shutil.copytree(trained.bundle.path, path)
    shutil.copytree(trained.bundle.trained_on["data"], moved)
    code, _, errors = labeld_export("report", path, moved)
    assert code == 0, errors
    assert moved in " ".join(read(os.path.join(path, bundles.REPORT)).text["code"])
    assert bundles.read(path).labels == trained.bundle.labels


def test_a_bundle_without_predictions_is_refused_with_what_to_do(tiny_bundle, few):
    code, _, errors = labeld_export("report", tiny_bundle.path, few)
    assert code == 1
    assert "train it again with this labeld" in errors


def test_photographs_are_explored_without_a_model(tmp_path):
    data, out = tmp_path / "data", tmp_path / "page.html"
    hostile = '<img src=x onerror=alert(1)> & "so"'
    tiny.file_pictures(data, {hostile: ["red"] * 6, "blue": ["blue"] * 4})
    (data / "blue" / "broken.jpg").write_bytes(b"no picture")
    code, _, errors = labeld_export("explore", data, "--out", out)
    assert code == 0, errors
    page = read(out)
    assert not page.faults
    assert hostile in page.text["th"]
    assert any("broken.jpg" in text for text in page.text["li"])
    figures = " ".join(" ".join(page.text["dl"]).split())
    assert "Photographs 11" in figures.replace("Photographs11", "Photographs 11")
    assert "tensorflow" not in errors.lower()


def test_near_duplicates_and_extremes_are_found(tmp_path):
    import cv2

    from export.pictures.photographs import Photograph
    from export.report import looks

    chance = np.random.RandomState(0)
    scene = cv2.resize(chance.randint(0, 256, (12, 16, 3)).astype(np.uint8), (640, 480))
    pictures = {
        "a": scene,
        "b": cv2.resize(scene, (320, 240)),
        "c": scene[::-1],
        "dark": scene // 20,
        "soft": cv2.GaussianBlur(scene, (0, 0), 25),
    }
    found = []
    for name, picture in pictures.items():
        path = str(tmp_path / (name + ".png"))
        assert cv2.imwrite(path, picture)
        found.append(Photograph(path, "x" if name == "a" else "y"))
    taken = list(looks.taken(found))
    assert looks.alike([], 1) == (0, [])
    alike = looks.alike(taken, 1)
    first, second, _ = alike.shown[0]
    assert {os.path.basename(one.photograph.path) for one in (first, second)} == {"a.png", "b.png"}
    assert alike.number == 3
    by_name = {os.path.basename(one.photograph.path)[:-4]: one for one in taken}
    assert by_name["dark"].light < 20 < by_name["a"].light
    assert by_name["soft"].sharpness < by_name["a"].sharpness / 2
    assert (by_name["b"].width, by_name["b"].height) == (320, 240)
