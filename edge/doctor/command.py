"""The order of the checks, and how they are shown."""

import os
from typing import Iterator, Optional, Tuple

from edge.command import CONFIG
from edge.doctor import findings as shown
from edge.doctor import machine, outbox, service, software
from edge.doctor.findings import Finding, Speed
from edge.errors import Exit
from edge.machine.device import Device


def run(path: Optional[str], root: str, seconds: float, json: bool) -> Exit:
    """Check everything, print it, and return the Exit code.

    Args:
        path: the configuration file's, or None: the usual one, where there is one.
        root: where the machine's files lie.
        seconds: for how long to measure the speed.
        json: print JSON once all is known, not a table row by row.
    """
    found, speed = [], None
    for finding, measured in _checks(path, Device(root), seconds):
        found.append(finding)
        speed = measured or speed
        if not json:
            print(shown.row(finding), flush=True)
    if json:
        print(shown.as_json(found, speed))
    return shown.exit_code(found)


def _checks(
    path: Optional[str], device: Device, seconds: float
) -> Iterator[Tuple[Finding, Optional[Speed]]]:
    """Yield (Finding, Speed or None)."""
    importable = True
    for finding in software.check():
        importable = importable and finding.state != shown.BAD
        yield finding, None
    config = None
    if path is None and not os.path.exists(CONFIG):
        advice = "labeld doctor -c FILE looks at broker, bundle and speed, too"
        yield shown.note("configuration", "none at " + CONFIG, advice), None
    else:
        finding, config = service.configuration(path or CONFIG)
        yield finding, None
    for finding in machine.check(device, config):
        yield finding, None
    if config is None:
        return
    findings, running = service.daemon(config)
    for finding in findings:
        yield finding, None
    for finding in outbox.check(config, running):
        yield finding, None
    yield service.broker(config), None
    if importable:
        from edge.doctor import model

        findings, speed = model.check(config, seconds)
        for finding in findings:
            yield finding, speed
