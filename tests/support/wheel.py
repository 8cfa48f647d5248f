"""labeld's wheel, and pip."""

import os
import shutil
import subprocess
import sys

from tests.support.checkout import ROOT

SOURCES = ("edge", "export", "setup.py", "README.md", "LICENSE")


def build(folder):
    """Return the path of a wheel in `folder`, built of a copy: an earlier build has left things."""
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in SOURCES:
        path = os.path.join(ROOT, name)
        copy = shutil.copytree if os.path.isdir(path) else shutil.copy
        copy(path, str(checkout / name))
    into = ["--wheel-dir", str(folder)]
    pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", *into, str(checkout))
    (found,) = folder.glob("*.whl")
    return found


def pip(python, *arguments):
    subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check"] + list(arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=os.path.dirname(arguments[-1]),  # in the checkout pip would find labeld installed
        timeout=300,
        check=True,
    )
