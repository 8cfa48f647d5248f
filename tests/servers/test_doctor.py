"""`labeld doctor`: what it finds, what it advises, and how it ends."""

import json
import os

import pytest

from edge.doctor import software
from edge.doctor.findings import NOTE, OK
from edge.doctor.software import Probe
from tests.support import commands, servers, tiny, tx2
from tests.support.certificates import Authority
from tests.support.servers import wait_for

SOFTWARE = {
    software.NUMPY: {"version": "1.26.0"},
    software.OPENCV: {"version": "4.9.0", "parts": ["FFMPEG"]},
    software.OPENVINO: {"version": "2026.4.1"},
    software.TENSORFLOW: {
        "tensorflow": "2.15.0",
        "cuda": None,
        "linked": None,
        "missing": [],
        "gpu": None,
    },
}
"""What a PC's software answers."""


@pytest.fixture
def doctor(monkeypatch):
    """Return a function that runs it here on a Labeld's configuration, and gives (code, stdout).

    The software is said to be sound: importing it in processes of their own takes long.
    """
    monkeypatch.setattr(software, "_probe", lambda code: Probe(SOFTWARE[code], 0, ""))

    def run(labeld, *options):
        code, text, _ = commands.labeld("doctor", "-c", labeld.config, "--seconds", "1", *options)
        return code, text

    return run


def by_what(findings):
    return {finding.what: finding for finding in findings}


def test_it_measures_what_can_be_served(labeld, tiny_bundle):
    code, text, errors = commands.process("edge", "doctor", "-c", labeld.config, "--seconds", "1")
    assert code == 0, text
    assert "Traceback" not in errors
    rows = [line for line in text.splitlines() if not line.startswith(" ")]
    assert {row.split()[0] for row in rows} <= {"ok", "note"}
    for part in (
        "configuration  {}: no faults".format(labeld.config),
        "took us, MQTT 5",
        "labeld         not running",
        "outbox.db: none yet",
        tiny_bundle.model + ", fp32, 3 classes; 9 golden samples reproduced",
        "batch of 8     ",
        " a second, decoding included",
    ):
        assert part in text


def test_programs_get_json(doctor, labeld):
    code, text = doctor(labeld, "--json")
    assert code == 0, text
    told = json.loads(text)
    assert told["ok"] is True
    assert sorted(told["latency_ms"], key=int) == ["1", "4", "8"]
    assert min(told["latency_ms"].values()) > 0
    assert told["pictures_per_second"] > 0
    assert {finding["state"] for finding in told["findings"]} <= {OK, NOTE}
    assert all(finding["advice"] for finding in told["findings"] if finding["state"] == NOTE)


def test_a_daemon_that_shares_the_machine_is_told(doctor, labeld):
    labeld.start_ready()
    _, text = doctor(labeld)
    assert "note  labeld         running" in text
    assert "outbox.db: 0 messages wait" in text


def test_a_daemon_with_another_password_is_told_from_one_that_is_unwell(doctor, labeld, tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")
    http = {"port": labeld.http_port, "password_file": str(tmp_path / "secret")}
    labeld.configure(http=http)
    labeld.start()
    wait_for(lambda: "daemon: ready" in labeld.log(), "labeld is ready")
    (tmp_path / "secret").write_text("another\n")
    code, text = doctor(labeld)
    assert code == 1
    assert "bad   labeld         running, but refuses the name and password" in text
    assert "its watchdog restarts it" not in text


def test_it_knows_the_daemon_s_certificate_and_password(doctor, labeld, tmp_path):
    cert, key = Authority(tmp_path).issue("dock-3.example")
    (tmp_path / "secret").write_text("s3cret\n")
    http = {"port": labeld.http_port, "tls": {"cert": cert, "key": key}}
    labeld.configure(http=dict(http, password_file=str(tmp_path / "secret")))
    labeld.start()
    wait_for(lambda: "daemon: ready" in labeld.log(), "labeld is ready")
    code, text = doctor(labeld)
    assert "note  labeld         running" in text
    assert code == 0, text


def test_a_source_that_is_not_up_is_found(doctor, labeld):
    labeld.start_ready()
    os.rename(labeld.drop, labeld.drop + "-away")
    wait_for(lambda: 'labeld_source_up{source="drop"} 0.0' in labeld.get("/metrics")[1], "down")
    code, text = doctor(labeld)
    assert code == 1
    assert "bad   source drop    is not up" in text
    assert "the topic labeld/bench/drop/status" in text


def test_a_broker_that_is_not_there_is_found(doctor, labeld):
    labeld.configure(mqtt={"host": "127.0.0.1", "port": servers.free_port()})
    code, text = doctor(labeld)
    assert code == 1
    assert "bad   broker" in text
    assert "Connection refused" in text


@pytest.mark.parametrize(("password", "exit_code"), [("right", 0), ("wrong", 1)])
def test_the_credentials_are_tried(doctor, tmp_path, labeld, password, exit_code):
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


def test_engines_of_another_machine_are_found(doctor, labeld, tmp_path, tiny_bundle):
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


def test_a_configuration_with_faults_is_found_and_the_rest_looked_at(doctor, labeld):
    labeld.configure(batch={"max_size": 0}, decide={"treshold": 0})
    code, text = doctor(labeld)
    assert code == 2
    assert "(and 1 more)" in text
    assert "ok    memory" in text or "note  memory" in text


def test_one_that_was_asked_for_and_is_not_there_is_a_fault(tmp_path):
    assert commands.labeld("doctor", "-c", tmp_path / "none.yaml")[0] == 2


def test_a_tx2_s_files_can_be_looked_at_anywhere(doctor, labeld, tmp_path):
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
