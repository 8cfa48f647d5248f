"""`make install`, and what a real systemd does with what it has put in place."""

import json
import os
import re
import shutil
import sys

import pytest

from tests.support import tiny
from tests.support.machine import LIBRARIES, LIBRARY_PATH, PYTHON, Machine
from tests.support.servers import wait_for
from tests.support.wheel import build

pytestmark = [
    pytest.mark.skipif(sys.version_info < (3, 7), reason="the unit is the same: see make test"),
    pytest.mark.xdist_group("systemd"),
]

DROP = "var/spool/labeld/drop/"
CONFIG = "etc/labeld/labeld.yaml"
QUICK = "etc/systemd/system/labeld.service.d/quick.conf"

ENVIRONMENT = "Environment=LD_LIBRARY_PATH={}\n".format(LIBRARY_PATH)

SETTINGS = """\
device: dock
model: {bundle: /var/lib/labeld/model}
decide: {threshold: 0}
sources: [{name: drop, kind: folder, path: /var/spool/labeld/drop}]
"""

COLLECT = """
import json, sys
from tests.support.servers import Subscriber, wait_for
subscriber = Subscriber(1883, "labeld/dock/drop/label", "eyes")
wanted = set(json.loads(sys.argv[1]))
def events():
    return [json.loads(message.payload.decode()) for message in subscriber.messages]
wait_for(lambda: wanted <= {event["image"] for event in events()}, "all labels")
print(json.dumps(events()))
subscriber.close()
"""


MAKE = ("make", "-C", "/opt/checkout", "PYTHON=" + PYTHON + "/bin/python3")


def install(wheel):
    """Return the command that installs a wheel; libraries come from the tests' environment."""
    return (*MAKE, "install", "PACKAGE=/srv/" + wheel.name, "PIP_FLAGS=--no-deps --no-index")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def machine(tmp_path_factory, tiny_bundle, wheel):
    """A machine with labeld installed, enabled and booted."""
    with Machine(tmp_path_factory.mktemp("machine")) as machine:
        shutil.copy(str(wheel), machine.path("srv"))
        machine.run_off(*install(wheel))
        version = "python{}.{}".format(*sys.version_info)
        machine.write(
            "opt/labeld/lib/{}/site-packages/libraries.pth".format(version), LIBRARIES + "\n"
        )
        machine.write(CONFIG, SETTINGS)
        machine.write(QUICK, "[Service]\nRestartSec=1\nWatchdogSec=15\n" + ENVIRONMENT)
        shutil.rmtree(machine.path("var/lib/labeld"), ignore_errors=True)
        shutil.copytree(tiny_bundle.path, machine.path("var/lib/labeld/model"))
        machine.run_off("useradd", "--groups", "labeld-drop", "sender")
        machine.run_off("systemctl", "enable", "labeld")
        machine.boot()
        yield machine


@pytest.fixture
def labeld(machine):
    """The machine, with labeld serving."""
    machine.systemctl("daemon-reload")
    machine.systemctl("reset-failed", check=False)
    if machine.read(CONFIG) != SETTINGS:
        machine.systemctl("stop", "labeld")
        machine.write(CONFIG, SETTINGS)
    machine.systemctl("start", "mosquitto", "labeld")
    labels(machine)  # from here on
    return machine


def send(machine, *names):
    """Drop pictures as a user who may."""
    for number, name in enumerate(names):
        picture = machine.path("srv/picture")
        with open(picture, "wb") as file:
            file.write(tiny.encode(tiny.picture("red", number)))
        draft = "/{}.{}".format(DROP, name)
        copy = "cp /srv/picture {0} && mv {0} /{1}{2}".format(draft, DROP, name)
        machine.run("su", "sender", "-c", copy)


def labels(machine, *names):
    """Return the events of pictures, by name, once all are there."""
    printed = machine.python(COLLECT, json.dumps(names))
    return {event["image"]: event for event in json.loads(printed.splitlines()[-1])}


def done(machine, *names):
    """Return True if pictures are in done/."""
    return all(os.path.exists(machine.path(DROP + "done/" + name)) for name in names)


def waits(machine):
    """Return how many labels wait for the broker, as the status line says; None: it does not."""
    said = re.search(r"(\d+) labels wait", machine.show("StatusText")["StatusText"])
    return None if said is None else int(said.group(1))


def test_it_is_ready_once_its_model_is_warm_and_after_the_broker(machine):
    wait_for(lambda: machine.show("ActiveState")["ActiveState"] == "active", "labeld is up")
    moments = "ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic"
    began, ready = (int(machine.show(name)[name]) for name in moments)
    (warm,) = [line for line in machine.journal() if "golden samples" in line["MESSAGE"]]
    assert began < int(warm["__MONOTONIC_TIMESTAMP"]) < ready + 1e5
    broker = machine.systemctl("show", "mosquitto", "-p", "ActiveEnterTimestampMonotonic")
    assert int(broker.partition("=")[2]) < began


def test_its_status_says_what_it_does(labeld):
    said = "tiny-.*, 1 of 1 sources up, broker connected, 0 labels wait for it"
    wait_for(lambda: re.search(said, labeld.show("StatusText")["StatusText"]), "all is well")
    labeld.systemctl("stop", "mosquitto")
    wait_for(lambda: "no broker" in labeld.show("StatusText")["StatusText"], "the broker is missed")


def test_it_runs_as_a_user_who_may_nothing_else(labeld):
    status = labeld.run("cat", "/proc/{}/status".format(labeld.show("MainPID")["MainPID"]))
    facts = dict(line.split(":", 1) for line in status.splitlines())
    number = labeld.run("id", "-u", "labeld")
    assert facts["Uid"].split() == [number] * 4
    assert {facts[name].strip() for name in facts if name.startswith("Cap")} == {"0" * 16}
    assert (facts["NoNewPrivs"].strip(), facts["Seccomp"].strip()) == ("1", "2")
    assert "video" in labeld.run("id", "-nG", "labeld").split()
    labeld.run("systemd-analyze", "security", "--threshold=20", "--no-pager", "labeld.service")


def test_its_state_is_its_own_and_others_may_drop_pictures(labeld):
    assert labeld.run("stat", "-c", "%a %U", "/var/lib/labeld") == "700 labeld"
    found = labeld.run(
        "find", "/var/lib/labeld", "-maxdepth", "1", "-name", "outbox*", "-type", "f"
    )
    assert "/var/lib/labeld/outbox.db" in found.splitlines()
    for path in found.splitlines():
        assert labeld.run("stat", "-c", "%a %U", path) == "600 labeld"
    assert labeld.run("stat", "-c", "%a %U %G", "/" + CONFIG) == "640 root labeld"
    send(labeld, "a.jpg")
    assert labels(labeld, "a.jpg")["a.jpg"]["label"] == "red"
    wait_for(lambda: done(labeld, "a.jpg"), "the picture is done")
    labeld.run("su", "sender", "-c", "rm /{}done/a.jpg".format(DROP))
    said = labeld.run("su", "sender", "-c", "cat /" + CONFIG, check=False)
    assert said.endswith("Permission denied"), said


def test_after_a_kill_it_is_started_again_and_what_waited_is_sent(labeld):
    labeld.systemctl("stop", "mosquitto")
    send(labeld, "k1.jpg", "k2.jpg")
    wait_for(lambda: waits(labeld) == 2, "two labels wait")
    wait_for(lambda: done(labeld, "k1.jpg", "k2.jpg"), "they are on disk")
    before = labeld.show("MainPID")["MainPID"]
    labeld.run("kill", "-9", before)
    wait_for(lambda: labeld.show("MainPID")["MainPID"] not in (before, "0"), "it is started again")
    labeld.systemctl("start", "mosquitto")
    assert all(event["delayed"] for event in labels(labeld, "k1.jpg", "k2.jpg").values())


def test_one_that_hangs_is_ended_and_started_again(labeld):
    before = labeld.show("MainPID", "NRestarts")
    labeld.run("kill", "-STOP", before["MainPID"])
    wait_for(lambda: labeld.show("NRestarts") != {"NRestarts": before["NRestarts"]}, "a restart")
    assert any("Watchdog timeout" in line["MESSAGE"] for line in labeld.journal())
    wait_for(lambda: waits(labeld) == 0, "it serves again")
    send(labeld, "h.jpg")
    assert labels(labeld, "h.jpg")


def test_a_reload_with_a_fault_fails_and_one_without_is_in_force(labeld):
    pid = labeld.show("MainPID")
    labeld.write(CONFIG, SETTINGS + "batch: {max_size: none}\n")
    said = labeld.systemctl("reload", "labeld", check=False)
    assert "failed" in said
    assert any(
        "batch.max_size: 'none' is not a whole" in line["MESSAGE"] for line in labeld.journal()
    )
    labeld.write(CONFIG, SETTINGS + "batch: {max_size: 2}\n")
    labeld.systemctl("reload", "labeld")
    wait_for(
        lambda: any("is in force, after" in line["MESSAGE"] for line in labeld.journal()),
        "a reload",
    )
    assert labeld.show("MainPID") == pid


def test_a_stop_loses_nothing(labeld):
    names = ["s{}.jpg".format(number) for number in range(12)]
    send(labeld, *names)
    labeld.systemctl("stop", "labeld")
    assert labeld.show("Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}
    labeld.systemctl("start", "labeld")
    assert set(labels(labeld, *names)) >= set(names)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [("batch: {max_size: none}", "", "2"), ("", "/var/lib/labeld/no-model", "3")],
)
def test_what_trying_again_does_not_mend_is_not_tried_again(labeld, key, value, code):
    labeld.systemctl("stop", "labeld")
    text = SETTINGS.replace("/var/lib/labeld/model", value) if value else SETTINGS + key + "\n"
    labeld.write(CONFIG, text)
    restarts = labeld.show("NRestarts")
    assert "failed" in labeld.systemctl("start", "labeld", check=False)
    found = labeld.show("ActiveState", "ExecMainStatus", "NRestarts")
    assert found == dict(restarts, ActiveState="failed", ExecMainStatus=code)


def test_a_line_of_the_journal_has_its_priority(labeld):
    labeld.run("mv", "/var/spool/labeld/drop", "/var/spool/labeld/away")

    def priorities(text):
        return {line["PRIORITY"] for line in labeld.journal() if text in line["MESSAGE"]}

    try:
        wait_for(lambda: priorities("source drop: stale"), "the folder is missed")
    finally:
        labeld.run("mv", "/var/spool/labeld/away", "/var/spool/labeld/drop")
    assert priorities("source drop: stale") == {"3"}
    assert priorities("golden samples") == {"6"}


def test_a_password_comes_from_systemd_s_credentials(labeld):
    drop_in = "etc/systemd/system/labeld.service.d/credentials.conf"
    labeld.write("etc/mosquitto/conf.d/password.conf", "password_file /etc/mosquitto/users\n")
    labeld.run("mosquitto_passwd", "-b", "-c", "/etc/mosquitto/users", "labeld", "s3cret")
    labeld.run("chown", "mosquitto", "/etc/mosquitto/users")
    labeld.write("etc/labeld/mqtt.password", "s3cret\n")
    labeld.run("chmod", "600", "/etc/labeld/mqtt.password")
    labeld.write(drop_in, labeld.read("opt/labeld/share/labeld/credentials.conf"))
    file = "/run/credentials/labeld.service/mqtt.password"
    labeld.write(CONFIG, SETTINGS + "mqtt: {username: labeld, password_file: " + file + "}\n")
    labeld.systemctl("daemon-reload")
    try:
        labeld.systemctl("restart", "mosquitto", "labeld")
        wait_for(lambda: "broker connected" in labeld.show("StatusText")["StatusText"], "let in")
    finally:
        labeld.run("rm", "/" + drop_in, "/etc/mosquitto/conf.d/password.conf")
        labeld.systemctl("restart", "mosquitto")


def test_installed_again_and_removed_it_leaves_what_is_the_user_s(labeld, wheel):
    labeld.run(*install(wheel))
    assert labeld.read(CONFIG) == SETTINGS
    assert "max_connections" in labeld.read("opt/labeld/share/labeld/labeld.yaml")
    said = labeld.run(*MAKE, "uninstall")
    assert "left as they are" in said
    for gone in ("/opt/labeld", "/usr/lib/systemd/system/labeld.service"):
        labeld.run("test", "!", "-e", gone)
    assert labeld.read(CONFIG) == SETTINGS
    labeld.run("test", "-f", "/var/lib/labeld/outbox.db")
    assert labeld.systemctl("is-active", "labeld", check=False) == "inactive"
