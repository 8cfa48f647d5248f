"""What the doctor advises, of a machine laid out in a folder and software that answers as told."""

import signal

import pytest

from edge.config.settings import CameraSettings, Config, FolderSettings, ModelSettings
from edge.doctor import machine, software
from edge.doctor.findings import BAD, NOTE, OK, bad, exit_code, ok
from edge.doctor.software import Probe
from edge.errors import Exit
from edge.machine.device import Device
from tests.support import tx2


def by_what(findings):
    return {finding.what: finding for finding in findings}


MEMINFO = "MemTotal: 8041992 kB\nMemAvailable: 1041992 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB"


CHANGES = [
    ({"var/lib/nvpmodel/status": "pmode:0001"}, "power mode", "MAXQ (1)", "nvpmodel -m 0"),
    ({"proc/meminfo": MEMINFO}, "memory", "1.1 GB available", "end what else runs"),
    ({"proc/meminfo": MEMINFO}, "swap", "none", "docs/jetson.md"),
    ({tx2.THERMAL + "thermal_zone2/temp": "91000"}, "temperature", "91 degrees", "more air"),
    (
        {tx2.THERMAL + "cooling_device0/cur_state": "2"},
        "throttling",
        "slowed down: gpu-balanced",
        "too hot",
    ),
    ({"sys/block/mmcblk0/device/life_time": "0x0a 0x01"}, "wear", "at the end", "replace"),
    ({"sys/block/mmcblk0/device/pre_eol_info": "0x03"}, "wear", "at the end", "replace"),
]


@pytest.mark.parametrize(("changes", "what", "found", "advice"), CHANGES)
def test_what_is_not_so_well_on_a_tx2_comes_with_advice(tmp_path, changes, what, found, advice):
    only_the_soldered = {"sys/block/mmcblk1/device/type": None}
    root = tx2.lay_out(tmp_path, dict(only_the_soldered, **changes))
    finding = by_what(machine.check(Device(root), None))[what]
    assert finding.state == NOTE
    assert found in finding.found
    assert advice in finding.advice


def test_a_jetson_that_says_little_is_still_one(tmp_path):
    root = tx2.lay_out(
        tmp_path,
        {
            "proc/device-tree/model": None,
            "etc/nvpmodel.conf": None,
            "var/lib/nvpmodel/status": None,
        },
    )
    found = by_what(machine.check(Device(root), None))
    assert found["Jetson"].found == "unknown board, L4T 32.7.1"
    assert found["power mode"].found == "unknown"


def test_more_than_half_of_the_shared_memory_for_the_gpu_is_too_much(tmp_path):
    config = Config(model=ModelSettings(bundle="b", gpu_memory_mb=4096), sources=())
    finding = by_what(machine.check(Device(tx2.lay_out(tmp_path)), config))["GPU memory"]
    assert finding.state == NOTE


def test_a_full_disk_and_a_camera_that_is_not_there_are_bad(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "FREE_BYTES", 1e18)
    drop = FolderSettings(name="drop", kind="folder", path=str(tmp_path))
    camera = CameraSettings(name="aisle", kind="camera", url="/dev/video7")
    config = Config(model=ModelSettings(bundle="b"), sources=(drop, camera))
    root = tx2.lay_out(tmp_path / "tx2", {"sys/class/video4linux/video1/name": None})
    found = by_what(machine.check(Device(root), config))
    assert found["disk"].state == BAD
    assert "after: delete" in found["disk"].advice
    assert found["camera"].found == "aisle: /dev/video7 is not there"


PROBES = [
    (software.NUMPY, Probe({"version": "1.19.5"}, 0, ""), "numpy", BAD, "numpy==1.19.4"),
    (software.NUMPY, Probe(None, -signal.SIGILL, ""), "numpy", BAD, "numpy==1.19.4"),
    (
        software.TENSORFLOW,
        Probe(None, 1, "ImportError: libgomp.so.1: cannot allocate memory in static TLS block"),
        "TensorFlow",
        BAD,
        "LD_PRELOAD=/usr/lib/aarch64-linux-gnu/libgomp.so.1",
    ),
    (software.TENSORFLOW, Probe(None, None, ""), "TensorFlow", BAD, "pip install"),
    (software.OPENCV, Probe({"version": "4.1.1", "parts": []}, 0, ""), "OpenCV", NOTE, "rtsp"),
]


@pytest.mark.parametrize(("code", "answer", "what", "state", "advice"), PROBES)
def test_software_that_does_not_work_on_a_tx2_comes_with_its_cure(
    code, answer, what, state, advice
):
    finding = by_what(software.check(lambda asked: jetson(asked, code, answer), "aarch64"))[what]
    assert finding.state == state
    assert advice in finding.advice


MISSING = Probe(None, 1, "ModuleNotFoundError: No module named 'that'")


def jetson(asked, code, answer):
    """What a sound TX2 would answer, but for `code`."""
    sound = {
        software.NUMPY: {"version": "1.19.4"},
        software.OPENCV: {"version": "4.1.1", "parts": ["FFMPEG", "GStreamer"]},
        software.TENSORFLOW: {
            "tensorflow": "2.7.0",
            "cuda": "10.2",
            "linked": [8, 2, 1],
            "missing": [],
            "tensorrt": "8.2.1",
            "gpu": "NVIDIA Tegra X2",
            "compute_capability": "6.2",
        },
    }
    if asked == code:
        return answer
    return Probe(sound[asked], 0, "") if asked in sound else MISSING


def pc(asked, openvino, tensorflow):
    """What a PC would answer with these two."""
    answers = {software.OPENVINO: openvino, software.TENSORFLOW: tensorflow}
    return answers.get(asked) or jetson(asked, None, None)


def test_either_runtime_will_do():
    openvino = Probe({"version": "2026.4.1"}, 0, "")
    found = by_what(software.check(lambda asked: pc(asked, openvino, MISSING), "x86_64"))
    assert found["OpenVINO"].state == OK
    assert (found["TensorFlow"].state, found["TensorFlow"].found) == (NOTE, "not installed")
    found = by_what(software.check(lambda asked: pc(asked, MISSING, MISSING), "x86_64"))
    assert found["TensorFlow"].state == BAD
    broken = Probe(None, -signal.SIGILL, "")
    found = by_what(software.check(lambda asked: pc(asked, broken, None), "x86_64"))
    assert (found["OpenVINO"].state, found["TensorFlow"].state) == (NOTE, OK)
    assert "SIGILL" in found["OpenVINO"].found


def test_a_sound_tx2_has_nothing_to_mend():
    found = list(software.check(lambda asked: jetson(asked, None, None), "aarch64"))
    assert {finding.state for finding in found} == {OK}
    assert by_what(found)["OpenCV"].found == "4.1.1, with FFMPEG and GStreamer"
    assert by_what(found)["TensorRT"].found == "8.2.1"


def test_a_tensorrt_that_cannot_be_loaded_is_named():
    facts = dict(
        jetson(software.TENSORFLOW, None, None).facts, missing=["libnvinfer.so.8"], gpu=None
    )
    answer = Probe(facts, 0, "")
    found = by_what(
        software.check(lambda asked: jetson(asked, software.TENSORFLOW, answer), "aarch64")
    )
    assert found["TensorRT"].found == "libnvinfer.so.8 cannot be loaded"
    assert "TensorRT 8.2.1" in found["TensorRT"].advice
    assert found["GPU"].state == NOTE


def test_the_code_is_that_of_the_first_bad_finding():
    assert exit_code([ok("a", "b")]) == Exit.OK
    found = [ok("a", "b"), bad("c", "d", "e", Exit.BUNDLE), bad("f", "g", "h")]
    assert exit_code(found) == Exit.BUNDLE
