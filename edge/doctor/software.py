"""Python and what is imported; each import in a process of its own, since some end theirs."""

import json
import platform
import signal
import subprocess
import sys
from typing import Any, Callable, Iterator, NamedTuple, Optional

from edge.doctor.findings import Finding, bad, note, ok
from edge.machine.tensorrt import dotted

PROBE_SECONDS = 180.0
"""TensorFlow's first import on a Jetson reads half a gigabyte from its card."""

NUMPY = "import json, numpy; print(json.dumps({'version': numpy.__version__}))"

OPENCV = """
import json, re, cv2
information = cv2.getBuildInformation()
print(json.dumps({
    "version": cv2.__version__,
    "parts": [part for part in ("FFMPEG", "GStreamer")
              if re.search(part + r":\\s+YES", information)],
}))
"""

OPENVINO = "import json, openvino; print(json.dumps({'version': openvino.__version__}))"

TENSORFLOW = """
import json
from edge.classify.tensorflow import TensorFlowRuntime, linked_tensorrt
from edge.machine.tensorrt import missing_libraries
facts = TensorFlowRuntime().fingerprint()
linked = linked_tensorrt()
facts["linked"] = linked
facts["missing"] = missing_libraries(linked) if linked else []
print(json.dumps(facts))
"""


class Probe(NamedTuple):
    """What became of an import.

    Attributes:
        facts: what it printed, or None.
        code: the exit code, negative for a signal; None if it took too long.
        complaint: the last line that it wrote to stderr.
    """

    facts: Any
    code: Optional[int]
    complaint: str

    @property
    def is_missing(self) -> bool:
        """True if it is not installed."""
        return self.complaint.startswith("ModuleNotFoundError")


def check(
    probe: Optional[Callable[[str], Probe]] = None, machine: Optional[str] = None
) -> Iterator[Finding]:
    """Yield the Findings; the last is about the GPU.

    Args:
        probe: called with Python code, returns a Probe; None: run it.
        machine: what `uname -m` says; None: ask.
    """
    probe, machine = probe or _probe, machine or platform.machine()
    yield ok("Python", "{} on {}".format(platform.python_version(), machine))
    yield _numpy(probe(NUMPY), machine)
    yield _opencv(probe(OPENCV))
    openvino, tensorflow = probe(OPENVINO), probe(TENSORFLOW)
    if not openvino.is_missing:
        yield _openvino(openvino)
    if tensorflow.is_missing and openvino.facts is not None:
        yield note("TensorFlow", "not installed", "OpenVINO serves; training needs it")
    else:
        yield from _tensorflow(tensorflow)


def _numpy(probe: Probe, machine: str) -> Finding:
    if probe.facts is None:
        return _not_imported("numpy", probe)
    version = probe.facts["version"]
    if (version, machine) == ("1.19.5", "aarch64"):
        return bad("numpy", version, "on a TX2 it dies of SIGILL: pip install numpy==1.19.4")
    return ok("numpy", version)


def _opencv(probe: Probe) -> Finding:
    if probe.facts is None:
        return _not_imported("OpenCV", probe)
    parts = probe.facts["parts"]
    found = "{}, with {}".format(probe.facts["version"], " and ".join(parts) or "nothing for video")
    if "FFMPEG" in parts:
        return ok("OpenCV", found)
    return note(
        "OpenCV", found, "without FFmpeg it reads no rtsp:// camera; a GStreamer pipeline may"
    )


def _openvino(probe: Probe) -> Finding:
    if probe.facts is None:
        return note(
            "OpenVINO",
            "cannot be imported: " + _how(probe),
            "TensorFlow serves meanwhile; pip install 'labeld[openvino]' again",
        )
    return ok("OpenVINO", probe.facts["version"])


def _tensorflow(probe: Probe) -> Iterator[Finding]:
    facts = probe.facts
    if facts is None:
        yield _not_imported("TensorFlow", probe)
        return
    yield ok("TensorFlow", "{}, CUDA {}".format(facts["tensorflow"], facts["cuda"] or "none"))
    if not facts["linked"]:
        yield note("TensorRT", "not in this TensorFlow", "it serves plain bundles only")
    elif facts["missing"]:
        yield note(
            "TensorRT",
            "{} cannot be loaded".format(" and ".join(facts["missing"])),
            "install TensorRT {}: JetPack brings it".format(dotted(facts["linked"])),
        )
    else:
        yield ok("TensorRT", facts["tensorrt"])
    if facts["gpu"]:
        yield ok("GPU", "{}, compute {}".format(facts["gpu"], facts["compute_capability"]))
    else:
        yield note(
            "GPU", "TensorFlow sees none", "the CPU does it all; a Jetson needs NVIDIA's wheel"
        )


def _not_imported(name: str, probe: Probe) -> Finding:
    advice = "pip install 'labeld[pc]'; on a Jetson see docs/jetson.md"
    if probe.code == -signal.SIGILL:
        advice = "numpy 1.19.5 does that on a TX2: pip install numpy==1.19.4"
    elif "static TLS" in probe.complaint:
        advice = "export LD_PRELOAD=/usr/lib/aarch64-linux-gnu/libgomp.so.1 (docs/jetson.md: where)"
    return bad(name, "cannot be imported: " + _how(probe), advice)


def _how(probe: Probe) -> str:
    if probe.code is None:
        return "it took more than {:.0f} s".format(PROBE_SECONDS)
    if probe.code < 0:
        return "it ended by {}".format(signal.Signals(-probe.code).name)
    return probe.complaint


def _probe(code: str) -> Probe:
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Probe(None, None, "")
    facts = json.loads(_last_line(done.stdout)) if done.returncode == 0 else None
    return Probe(facts, done.returncode, _last_line(done.stderr))


def _last_line(output: bytes) -> str:
    """Return the last line; before it a library may have printed what it likes."""
    return output.decode("utf-8", "replace").strip().rpartition("\n")[2]
