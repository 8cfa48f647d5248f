"""The outbox: what waits in it, and what was set aside."""

import glob
import os
from typing import Iterator, Mapping, Optional

from edge.config.settings import Config, OutboxSettings
from edge.deliver.held import Held
from edge.deliver.store import SET_ASIDE, DamagedError, StoreError, look
from edge.doctor.findings import Finding, bad, note, ok

WHAT = "outbox"


def check(config: Config, running: Optional[Mapping[str, float]]) -> Iterator[Finding]:
    """Yield the Findings.

    Args:
        config: the Config.
        running: {name: value} of the metrics without labels of a labeld that serves it, empty
            where it gives none, None where there is no labeld.
    """
    settings = config.outbox
    if running is None:
        yield _in_file(settings)
    elif running:
        yield _in_daemon(settings, running)
    aside = sorted(glob.glob(glob.escape(settings.path) + SET_ASIDE + "*"))
    databases = [path for path in aside if not path.endswith(("-wal", "-shm", "-journal"))]
    if databases:
        yield note(
            WHAT,
            "set aside as unusable: " + ", ".join(databases),
            "labels may wait in there that were never sent; the log has the reason. Remove it if "
            "they are not missed",
        )


def _in_daemon(settings: OutboxSettings, running: Mapping[str, float]) -> Finding:
    if not running.get("labeld_outbox_on_disk"):
        return bad(
            WHAT,
            "{}: labeld cannot write it; labels wait in memory".format(settings.path),
            "the log has the reason (journalctl -u labeld), which may be a full disk; it tries on",
        )
    messages = int(running.get("labeld_outbox_messages", 0))
    return _waiting(settings, Held(messages, int(running.get("labeld_outbox_bytes", 0))))


def _in_file(settings: OutboxSettings) -> Finding:
    path = settings.path
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        return bad(WHAT, "{}: its folder is not there".format(path), "make it: mkdir " + folder)
    if not os.path.lexists(path):
        return ok(WHAT, "{}: none yet".format(path))
    try:
        return _waiting(settings, look(path))
    except DamagedError as error:
        return note(WHAT, str(error), "labeld will set it aside and begin a new one")
    except StoreError as error:
        return bad(WHAT, str(error), "see who owns it and whether its disk is well")


def _waiting(settings: OutboxSettings, held: Held) -> Finding:
    found = "{}: {} messages wait, {:.1f} MB".format(settings.path, held.messages, held.bytes / 1e6)
    full = max(
        held.messages / settings.max_messages,
        held.bytes / (settings.max_mb * 2**20),
    )
    if full >= 0.8:
        advice = "beyond outbox.max_messages and outbox.max_mb cameras' labels are dropped"
        return note(WHAT, "{}, {:.0%} of what may".format(found, full), advice)
    return ok(WHAT, found)
