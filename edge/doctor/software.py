"""Python and what is imported; each import in a process of its own, since some end theirs."""

import json
import platform
import signal
import subprocess
import sys
from collections import namedtuple

from edge.doctor.findings import bad, note, ok

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

TENSORFLOW = """
import json
from edge.classify import fingerprint
facts = fingerprint.take()
linked = fingerprint.linked_tensorrt()
facts["linked"] = linked
facts["missing"] = fingerprint.missing_libraries(linked) if linked else []
print(json.dumps(facts))
"""

Probe = namedtuple("Probe", "facts code complaint")
Probe.__doc__ = """What became of an import.

facts: what it printed, or None; code: the exit code, negative for a signal, None if it took too
long; complaint: the last line that it wrote to stderr.
"""


def check(probe=None, machine=None):
    """Yield the Findings; the last is about the GPU.

    Args:
        probe: called with Python code, returns a Probe; None: run it.
        machine: what `uname -m` says; None: ask.
    """
    probe, machine = probe or _probe, machine or platform.machine()
    yield ok("Python", "{} on {}".format(platform.python_version(), machine))
    yield _numpy(probe(NUMPY), machine)
    yield _opencv(probe(OPENCV))
    yield from _tensorflow(probe(TENSORFLOW))


def _numpy(probe, machine):
    if probe.facts is None:
        return _not_imported("numpy", probe)
    version = probe.facts["version"]
    if (version, machine) == ("1.19.5", "aarch64"):
        return bad("numpy", version, "on a TX2 it dies of SIGILL: pip install numpy==1.19.4")
    return ok("numpy", version)


def _opencv(probe):
    if probe.facts is None:
        return _not_imported("OpenCV", probe)
    parts = probe.facts["parts"]
    found = "{}, with {}".format(probe.facts["version"], " and ".join(parts) or "nothing for video")
    if "FFMPEG" in parts:
        return ok("OpenCV", found)
    return note(
        "OpenCV", found, "without FFmpeg it reads no rtsp:// camera; a GStreamer pipeline may"
    )


def _tensorflow(probe):
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
            "install TensorRT {}: JetPack brings it".format(_dotted(facts["linked"])),
        )
    else:
        yield ok("TensorRT", facts["tensorrt"])
    if facts["gpu"]:
        yield ok("GPU", "{}, compute {}".format(facts["gpu"], facts["compute_capability"]))
    else:
        yield note(
            "GPU", "TensorFlow sees none", "the CPU does it all; a Jetson needs NVIDIA's wheel"
        )


def _not_imported(name, probe):
    advice = "pip install 'labeld[pc]'; on a Jetson see README, On a Jetson TX2"
    if probe.code == -signal.SIGILL:
        advice = "numpy 1.19.5 does that on a TX2: pip install numpy==1.19.4"
    elif "static TLS" in probe.complaint:
        advice = "export LD_PRELOAD=/usr/lib/aarch64-linux-gnu/libgomp.so.1 (README: where)"
    how = probe.complaint
    if probe.code is None:
        how = "it took more than {:.0f} s".format(PROBE_SECONDS)
    elif probe.code < 0:
        how = "it ended by {}".format(signal.Signals(-probe.code).name)
    return bad(name, "cannot be imported: " + how, advice)


def _probe(code):
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


def _last_line(output):
    """Return the last line; before it a library may have printed what it likes."""
    return output.decode("utf-8", "replace").strip().rpartition("\n")[2]


def _dotted(numbers):
    return ".".join(str(number) for number in numbers)
