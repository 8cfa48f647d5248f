"""What benchmarks have in common: their arguments, a broker, and the file with what they found."""

import argparse
import contextlib
import json
import os
import sys
import tempfile

from bench.machine import machine
from tests.support.servers import Mosquitto


def parser(text):
    """Return a parser for OUT and BUNDLE; `text`: what the benchmark is, its module's."""
    found = argparse.ArgumentParser(description=text)
    found.add_argument("out", metavar="OUT")
    found.add_argument("bundle", metavar="BUNDLE")
    return found


@contextlib.contextmanager
def broker():
    """Yield (Mosquitto, folder): a broker at work, and a folder for what goes with it."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "broker"))
        found = Mosquitto(os.path.join(folder, "broker"))
        found.start()
        try:
            yield found, folder
        finally:
            found.stop()


def write(folder, name, **facts):
    """Write FOLDER/NAME.json: the machine, the command, and what was found."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
        json.dump(dict(facts, machine=machine(), command=sys.argv), file, indent=1)
