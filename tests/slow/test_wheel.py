"""The built wheel, installed into a fresh environment away from the checkout, as pip gives it."""

import os
import subprocess
import sys
import venv
import zipfile

import pytest
import yaml

from tests.support.checkout import ROOT, modules
from tests.support.wheel import build, pip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """The folder of an environment with the wheel in it; libraries come from the one of the tests.

    Those are found by their folder alone, so that nothing there can lead back to the checkout.
    """
    folder = str(tmp_path_factory.mktemp("environment"))
    venv.create(folder, with_pip=True)
    packages = os.path.join(folder, "lib", "python{}.{}".format(*sys.version_info), "site-packages")
    pip(os.path.join(folder, "bin", "python"), "install", "--no-deps", str(wheel))
    with open(os.path.join(packages, "libraries.pth"), "w", encoding="utf-8") as file:
        file.write("".join(path + "\n" for path in sys.path if path.endswith("-packages")))
    return folder


def run(environment, name, *arguments):
    """Run what the environment has installed; return what it printed."""
    ran = subprocess.run(
        [os.path.join(environment, "bin", name)] + [str(argument) for argument in arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=environment,
        env={"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3"},
        timeout=300,
        check=False,
    )
    output = ran.stdout.decode()
    assert ran.returncode == 0, output
    return output


def test_the_wheel_holds_every_module(wheel):
    with zipfile.ZipFile(str(wheel)) as archive:
        packed = {name for name in archive.namelist() if name.endswith(".py")}
    assert packed == {os.path.relpath(path, ROOT) for path in modules().values()}


def test_both_commands_run_from_it(environment, tiny_bundle, tmp_path):
    where = run(environment, "python", "-c", "import edge, export; print(edge, export)")
    assert where.count(environment) == 2
    config = tmp_path / "labeld.yaml"
    source = {"name": "drop", "kind": "folder", "path": str(tmp_path)}
    config.write_text(yaml.safe_dump({"model": {"bundle": "b"}, "sources": [source]}))
    assert "no faults" in run(environment, "labeld", "check", "-c", config)
    assert "golden" in run(environment, "labeld-export", "verify", tiny_bundle.path)
