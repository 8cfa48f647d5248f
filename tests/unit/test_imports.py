"""Imports run one way, and TensorFlow stays where it belongs."""

import ast
import subprocess
import sys

import pytest

from tests.support.checkout import PACKAGES, ROOT, modules

HOUSE = {
    "edge": [
        "text",
        "masking",
        "errors",
        "output",
        "backoff",
        "wakeup",
        "metrics",
        "command",
        (
            "machine",
            [
                "device",
                "device_metrics",
                "memory",
                "tensorrt",
                "ffmpeg",
                "processor",
                "others",
                "child",
                "thread",
            ],
        ),
        "worker",
        (
            "mqtt",
            [
                "topics",
                "broker",
                "identity",
                "properties",
                "limits",
                "listener",
                "codes",
                "client",
                "protocol",
                "callbacks",
                "exchange",
                "connection",
            ],
        ),
        ("config", ["schema", "fields", "shared", "settings", "load"]),
        (
            "prepare",
            [
                "header",
                "exif",
                "jpeg",
                "heic",
                "png",
                "unfilter",
                "headers",
                "decoder",
                "admission",
                "preprocess",
                "validity",
            ],
        ),
        ("batch", ["sizes", "batch", "slots"]),
        (
            "classify",
            [
                "contents",
                "facts",
                "manifest",
                "outputs",
                "bundle",
                "writer",
                "amend",
                "runtime",
                "golden",
                "tensorflow",
                "openvino",
                "runtimes",
                "fingerprint",
                "trial",
                "speeds",
                "variant",
                "timed",
                "loaded",
                "serving",
            ],
        ),
        ("decide", ["threshold", "news"]),
        "frame",
        "sink",
        "in_hand",
        "pipeline",
        "board",
        (
            "deliver",
            [
                "event",
                "message",
                "sides",
                "held",
                "statuses",
                "pictures",
                "outcomes",
                "store",
                "pace",
                "outbox",
                "notes",
                "roster",
                "keeper",
                "refusals",
                "publisher",
                "homeassistant",
                "sink",
            ],
        ),
        (
            "sources",
            [
                "source",
                "state",
                (
                    "folder",
                    [
                        "arrivals",
                        "names",
                        "shelf",
                        "dropped",
                        "archive",
                        "in_flight",
                        "trouble",
                        "listing",
                        "watch",
                        "folder",
                    ],
                ),
                (
                    "camera",
                    [
                        "address",
                        "view",
                        "capture",
                        "http",
                        "mjpeg",
                        "snapshot",
                        "scaler",
                        "libav",
                        "opencv",
                        "opening",
                        "pace",
                        "handoff",
                        "reader",
                        "camera",
                    ],
                ),
                "mqtt",
                "restarting",
                "factory",
                "feeder",
                "supervisor",
            ],
        ),
        ("offline", ["street", "files", "replay", "comparison"]),
        ("http", ["access", "live", "pages", "connection", "server"]),
        (
            "daemon",
            [
                "sparing",
                "recent",
                "log",
                "service",
                "systemd",
                "heartbeat",
                "signals",
                "summary",
                "reload",
                "converter",
                "changes",
                "ending",
                "build",
                "sprite",
                "overview",
                "daemon",
            ],
        ),
        (
            "doctor",
            [
                "findings",
                "software",
                "machine",
                "service",
                "outbox",
                "speed",
                "model",
                "command",
            ],
        ),
        ("watch", ["seen", "table", "command"]),
        ("demo", ["samples", "trial_broker", "demo"]),
        "__main__",
    ],
    "export": [
        "progress",
        "reliability",
        "thresholds",
        "scores",
        (
            "pictures",
            [
                "photographs",
                "table",
                "listing",
                "folders",
                "collection",
                "augment",
                "strange",
                "dataset",
            ],
        ),
        (
            "recipe",
            [
                "blocks",
                "features",
                "lookalikes",
                "folds",
                "head",
                "linear",
                "side_by_side",
                "quality",
                "candidate",
                "heads",
                "calibration",
                "familiarity",
                "search",
                "suspects",
                "curve",
            ],
        ),
        (
            "network",
            ["model", "averages", "extract", "fit", "tune", "hidden", "familiar", "freeze"],
        ),
        "tables",
        "assessment",
        (
            "quantize",
            ["needs", "ranges", "verdict", "exam", "graph", "trunk", "quantize"],
        ),
        (
            "report",
            [
                "predictions",
                "album",
                "plots",
                "page",
                "looking",
                "words",
                "classes",
                "mistakes",
                "remarkable",
                "report",
                "looks",
                "explore",
            ],
        ),
        "finetune",
        "trainer",
        "forms",
        "train",
        "trt",
        "tftrt",
        "predict",
        "evaluate",
        "__main__",
    ],
}
"""The floors of each package, the lowest first: a module, or a package with the order within it.
Each imports only those that stand before it."""

OPENVINO_INSIDE_FUNCTIONS = {"edge.classify.openvino"}
TENSORFLOW_INSIDE_FUNCTIONS = {"edge.classify.tensorflow", "export.__main__"}
TENSORFLOW_AT_TOP = {
    "export.pictures.dataset",
    "export.network.model",
    "export.network.extract",
    "export.network.fit",
    "export.network.tune",
    "export.network.hidden",
    "export.network.familiar",
    "export.network.freeze",
    "export.report.looking",
    "export.finetune",
    "export.trainer",
    "export.train",
    "export.trt",
    "export.tftrt",
}


def order(floors, inside=""):
    """Return the modules of nested floors, the lowest first; a package's `__init__` comes first."""
    names = [inside + "__init__"]
    for floor in floors:
        if isinstance(floor, str):
            names.append(inside + floor)
        else:
            names.extend(order(floor[1], inside + floor[0] + "."))
    return names


def imports(path):
    """Return [(imported name, True if at the module's top)] of a file, whatever the nesting."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    found = []
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.Import):
            found.extend((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "{}: relative imports are not used here".format(path)
            found.append((node.module, top))
            found.extend((node.module + "." + alias.name, top) for alias in node.names)
    return found


def own(name):
    """Return the module of ours that an imported name stands for, or None."""
    if name in modules():
        return name
    return name + ".__init__" if name + ".__init__" in modules() else None


def test_every_module_has_its_place_in_the_house():
    planned = [package + "." + name for package in PACKAGES for name in order(HOUSE[package])]
    assert sorted(planned) == sorted(modules())


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_imports_only_what_stands_before_it(name):
    package, _, own_name = name.partition(".")
    floors = order(HOUSE[package])
    for imported in {own(used) for used, _ in imports(modules()[name])} - {None}:
        from_package, _, other = imported.partition(".")
        if from_package == package:
            assert floors.index(other) < floors.index(own_name), imported
        else:
            assert PACKAGES.index(from_package) < PACKAGES.index(package), imported


@pytest.mark.parametrize("name", sorted(modules()))
def test_tensorflow_is_imported_only_where_it_belongs(name):
    for used, top in imports(modules()[name]):
        if used.split(".")[0] in ("tensorflow", "keras"):
            if not top and name in TENSORFLOW_AT_TOP:
                continue  # a part of it that not every TensorFlow has
            assert name in (TENSORFLOW_AT_TOP if top else TENSORFLOW_INSIDE_FUNCTIONS)
        if used.split(".")[0] == "openvino":
            assert not top
            assert name in OPENVINO_INSIDE_FUNCTIONS


@pytest.mark.parametrize("package", PACKAGES)
def test_help_answers_without_loading_tensorflow(package):
    code = (
        "import runpy, sys\n"
        "sys.argv = ['labeld', '--help']\n"
        "try:\n"
        "    runpy.run_module('{}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print('exit', end.code, 'tensorflow' in sys.modules)\n"
    ).format(package)
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, timeout=60, check=True
    )
    assert ran.stdout.decode().splitlines()[-1] == "exit 0 False"
