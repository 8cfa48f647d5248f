"""A bundle made here is reproduced by the other stack: Python 3.6 beside 3.11, TensorFlow 2.6
beside 2.21. `make test` and `make test36` say where the other's Python is."""

import csv
import os
import subprocess

import pytest

from tests.support import stamps
from tests.support.commands import labeld_export
from tests.support.missing import skip_or_fail

VARIABLE = "LABELD_OTHER_PYTHON"


@pytest.fixture(scope="module")
def other():
    """The path of the other stack's Python."""
    path = os.environ.get(VARIABLE)
    if not path or not os.path.exists(path):
        reason = "{} names no Python of the other stack: make venv venv36 makes both".format(
            VARIABLE
        )
        skip_or_fail(reason)
    return path


def run(python, *arguments):
    """Run `labeld-export` there; return (exit code, stdout and stderr)."""
    ran = subprocess.run(
        [python, "-m", "export"] + [str(argument) for argument in arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=400,
        check=False,
    )
    return ran.returncode, ran.stdout.decode()


def scores(table):
    """Return {file: (label, score)} of what `predict` wrote."""
    with open(str(table), encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return {row["file"]: (row["label"], float(row["score"])) for row in rows}


def test_the_other_stack_reproduces_the_golden_samples_of_a_bundle_trained_here(trained, other):
    code, text = run(other, "verify", trained.bundle.path)
    assert code == 0, text
    assert "8 golden samples reproduced" in text


def test_the_other_stack_labels_photographs_as_this_one_does(trained, other, tmp_path):
    stamps.write(tmp_path / "unseen", count=2, served=True, seed=4)
    code, _, errors = labeld_export(
        "predict", trained.bundle.path, tmp_path / "unseen", "--out", tmp_path / "here.tsv"
    )
    assert code == 0, errors
    code, text = run(
        other, "predict", trained.bundle.path, tmp_path / "unseen", "--out", tmp_path / "there.tsv"
    )
    assert code == 0, text
    here, there = scores(tmp_path / "here.tsv"), scores(tmp_path / "there.tsv")
    assert len(here) == len(there) == 12
    for file, (label, score) in here.items():
        # two decoders of JPEG may differ by 2 grey levels, which golden samples leave out
        assert there[file] == (label, pytest.approx(score, abs=0.02)), file
