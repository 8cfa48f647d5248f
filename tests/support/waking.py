"""Whether somebody has been woken."""

import select


def is_woken(wakeup, timeout=0.0):
    """Return True if a Wakeup has been woken, at the latest after `timeout` seconds."""
    return bool(select.select([wakeup], [], [], timeout)[0])
