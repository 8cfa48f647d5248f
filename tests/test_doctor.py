"""`labeld doctor`: what it finds, what it advises, and how it ends."""

import json
import signal

import pytest

from edge.config.settings import CameraSettings, Config, FolderSettings, ModelSettings
from edge.doctor import machine, software
from edge.doctor.findings import BAD, NOTE, OK, bad, exit_code, ok
from edge.doctor.software import Probe
from edge.errors import Exit
from edge.machine.device import Device
from tests import commands, servers, tiny, tx2


def doctor(labeld, *options):
    """Run it on a Labeld's configuration; return (exit code, stdout)."""
    code, text, errors = commands.labeld("doctor", "-c", labeld.config, "--seconds", "1", *options)
    assert "Traceback" not in errors
    return code, text


def by_what(findings):
    return {finding.what: finding for finding in findings}


def test_it_measures_what_can_be_served(labeld, tiny_bundle):
    code, text = doctor(labeld)
    assert code == 0, text
    rows = [line for line in text.splitlines() if not line.startswith(" ")]
    assert {row.split()[0] for row in rows} <= {"ok", "note"}
    for part in (
        "configuration  {}: no faults".format(labeld.config),
        "took us, MQTT 5",
        "labeld         not running",
        tiny_bundle.model + ", fp32, 3 classes; 9 golden samples reproduced",
        "batch of 8     ",
        " a second, decoding included",
    ):
        assert part in text


def test_programs_get_json(labeld):
    code, text = doctor(labeld, "--json")
    assert code == 0, text
    told = json.loads(text)
    assert told["ok"] is True
    assert sorted(told["latency_ms"], key=int) == ["1", "4", "8"]
    assert min(told["latency_ms"].values()) > 0
    assert told["pictures_per_second"] > 0
    assert {finding["state"] for finding in told["findings"]} <= {OK, NOTE}
    assert all(finding["advice"] for finding in told["findings"] if finding["state"] == NOTE)


def test_a_daemon_that_shares_the_machine_is_told(labeld):
    labeld.start_ready()
    assert "note  labeld         running" in doctor(labeld)[1]


def test_a_broker_that_is_not_there_is_found(labeld):
    labeld.configure(mqtt={"host": "127.0.0.1", "port": servers.free_port()})
    code, text = doctor(labeld)
    assert code == 1
    assert "bad   broker" in text
    assert "Connection refused" in text


@pytest.mark.parametrize(("password", "exit_code"), [("right", 0), ("wrong", 1)])
def test_the_credentials_are_tried(tmp_path, labeld, password, exit_code):
    broker = servers.Mosquitto(tmp_path, user=("labeld", "right"))
    broker.start()
    (tmp_path / "password").write_text(password)
    labeld.configure(
        mqtt={
            "host": "127.0.0.1",
            "port": broker.port,
            "username": "labeld",
            "password_file": str(tmp_path / "password"),
        }
    )
    try:
        code, text = doctor(labeld)
    finally:
        broker.stop()
    assert code == exit_code, text
    assert ("the broker refused us: Not authorized" in text) == bool(exit_code)


def test_engines_of_another_machine_are_found(labeld, tmp_path, tiny_bundle):
    elsewhere = tiny.write_bundle(
        tmp_path / "elsewhere",
        precision="fp16",
        batch_sizes=(1, 4),
        conversion={"fingerprint": {"gpu": "NVIDIA Tegra X2"}},
        plain_model=tiny_bundle.saved_model,
    )
    labeld.configure(model={"bundle": elsewhere.path})
    code, text = doctor(labeld, "--json")
    assert code == 3
    told = json.loads(text)
    assert (told["ok"], told["latency_ms"]) == (False, None)
    (finding,) = [found for found in told["findings"] if found["what"] == "bundle"]
    assert "its engines were built elsewhere" in finding["found"]


def test_a_configuration_with_faults_is_found_and_the_rest_looked_at(labeld):
    labeld.configure(batch={"max_size": 0}, decide={"treshold": 0})
    code, text = doctor(labeld)
    assert code == 2
    assert "(and 1 more)" in text
    assert "ok    memory" in text or "note  memory" in text


def test_one_that_was_asked_for_and_is_not_there_is_a_fault(tmp_path):
    assert commands.labeld("doctor", "-c", tmp_path / "none.yaml")[0] == 2


def test_a_tx2_s_files_can_be_looked_at_anywhere(labeld, tmp_path):
    code, text = doctor(labeld, "--root", tx2.lay_out(tmp_path / "tx2"))
    assert code == 1, "a camera that this user may not open"
    for row in (
        "ok    Jetson         quill, L4T 32.7.1",
        "ok    power mode     MAXN (0)",
        "note  clocks         they follow the load",
        "ok    GPU clock      1135 MHz, load 87%",
        "ok    memory         5.0 GB available of 8.2",
        "ok    swap           4.1 GB",
        "ok    GPU memory     model.gpu_memory_mb is 2048",
        "ok    temperature    42 degrees at most (BCPU-therm)",
        "ok    wear           mmcblk0 (soldered): at most 20% of its life is used",
        "ok    wear           mmcblk1 (SD): it does not tell",
        "bad   camera         /dev/video1 (UVC Camera (046d:0825)): this user may not open it",
    ):
        assert row in text.splitlines()


MEMINFO = "MemTotal: 8041992 kB\nMemAvailable: 1041992 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB"
CHANGES = [
    ({"var/lib/nvpmodel/status": "pmode:0001"}, "power mode", "MAXQ (1)", "nvpmodel -m 0"),
    ({"proc/meminfo": MEMINFO}, "memory", "1.1 GB available", "end what else runs"),
    ({"proc/meminfo": MEMINFO}, "swap", "none", "README"),
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
    return answer if asked == code else Probe(sound[asked], 0, "")


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
