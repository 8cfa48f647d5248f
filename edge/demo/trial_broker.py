"""A broker of one's own for trying labeld out: mosquitto, or else the embedded amqtt."""

import importlib.util
import os
import shutil
import sys
from typing import Any, Dict, Optional

import yaml

from edge.errors import LabeldError
from edge.machine.child import Child

HOST = "127.0.0.1"


def mosquitto() -> Optional[str]:
    """Return the path of mosquitto, or None; Debian has it where a user's PATH does not lead."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def start(folder: str, port: int, program: Optional[str]) -> Child:
    """Start a broker on the loopback address, its files in `folder`; return its Child.

    Args:
        folder: where its configuration and its log are written.
        port: the port it listens on.
        program: the path of mosquitto; None: the embedded amqtt will do.

    Raises:
        LabeldError: there is neither.
    """
    log = os.path.join(folder, "broker.log")
    if program is not None:
        config = os.path.join(folder, "mosquitto.conf")
        # as another user, which it becomes if root starts it, it would outlive a killed owner
        _write(config, "listener {} {}\nallow_anonymous true\nuser root\n".format(port, HOST))
        return Child("mosquitto", [program, "-c", config], log)
    if importlib.util.find_spec("amqtt") is not None:
        config = os.path.join(folder, "amqtt.yaml")
        _write(config, yaml.safe_dump(_amqtt_settings(port)))
        code = "from amqtt.scripts.broker_script import main; main()"
        return Child("amqtt (for trying out only)", [sys.executable, "-c", code, "-c", config], log)
    raise LabeldError(
        "no MQTT broker on this machine: install mosquitto, or for trying out "
        "`pip install 'labeld[demo]'`, which brings amqtt for Python 3.10 or later"
    )


def _amqtt_settings(port: int) -> Dict[str, Any]:
    return {
        "listeners": {"default": {"type": "tcp", "bind": "{}:{}".format(HOST, port)}},
        "plugins": {
            "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True},
            "amqtt.plugins.sys.broker.BrokerSysPlugin": {"sys_interval": 0},
        },
    }


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
