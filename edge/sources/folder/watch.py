"""Changes in a folder as the kernel tells them (inotify), where it does."""

import inspect
import logging
import os
import queue
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Tuple

from watchdog.events import (
    FileClosedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEventHandler,
)

WRITTEN, CLOSED = "written", "closed"

Change = Tuple[str, str]
"""(WRITTEN or CLOSED, path within the folder)."""

Changes = Callable[[float], List[Change]]

_REMOTE = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "vboxsf", "fuse")
"""File systems whose inotify is silent about what other machines, or the host, write."""

_BOUND = 10000
"""Changes kept; what is beyond is found by the next look at the folder."""

_log = logging.getLogger(__name__)


@contextmanager
def changes(path: str, how: str = "auto", recursive: bool = False) -> Iterator[Changes]:
    """Watch the folder `path` while the block runs.

    Args:
        path: the folder.
        how: "poll" to leave inotify alone; "auto" to use it where it can be trusted.
        recursive: whether sub-folders are watched, too.

    Yields:
        A function of a timeout in seconds that returns what has happened since, as a list of
        (WRITTEN or CLOSED, path within the folder); where nothing tells, it just waits.
    """
    happened: "queue.Queue[Change]" = queue.Queue(maxsize=_BOUND)
    observer = None if how == "poll" or _is_remote(path) else _observe(path, happened, recursive)
    try:
        yield lambda timeout: _drain(happened, timeout)
    finally:
        if observer is not None:
            observer.stop()
            observer.join(2.0)


def _drain(happened: "queue.Queue[Change]", timeout: float) -> List[Change]:
    found = []
    try:
        found.append(happened.get(timeout=timeout))
        while len(found) < _BOUND:
            found.append(happened.get_nowait())
    except queue.Empty:
        pass
    return found


def _observe(path: str, happened: "queue.Queue[Change]", recursive: bool) -> Any:
    """Return a running observer that fills the queue, or None where there is no inotify."""
    try:
        from watchdog.observers.inotify import InotifyObserver

        logging.getLogger("watchdog.observers.inotify").addFilter(_is_news)
        observer = InotifyObserver(generate_full_events=True)
        observer.schedule(
            _Handler(happened, path), path, recursive=recursive, **_heeded(observer.schedule)
        )
        observer.start()
        return observer
    except (ImportError, OSError) as error:
        _log.warning("%s: no inotify (%s): looking every second instead", path, error)
        return None


def _heeded(schedule: Callable[..., Any]) -> Dict[str, Any]:
    """Return what keeps the kernel from telling of each reading and removal by labeld itself.

    watchdog 2, the last for Python 3.6, hears all.
    """
    if "event_filter" not in inspect.signature(schedule).parameters:
        return {}
    return {"event_filter": [FileModifiedEvent, FileClosedEvent, FileMovedEvent]}


def _is_news(record: logging.LogRecord) -> bool:
    """Return False for what watchdog says, as an error, of its own thread while it is stopped."""
    return "when the thread is inactive" not in str(record.msg)


class _Handler(FileSystemEventHandler):
    """What watchdog calls, from its own thread."""

    def __init__(self, happened: "queue.Queue[Change]", folder: str) -> None:
        self._happened = happened
        self._folder = folder

    def dispatch(self, event: Any) -> None:
        """Keep what the event tells of a file."""
        if event.is_directory:
            return
        if event.event_type == "modified":
            self._put(WRITTEN, event.src_path)
        elif event.event_type == "closed":
            self._put(CLOSED, event.src_path)
        elif event.event_type == "moved" and event.dest_path:
            self._put(CLOSED, event.dest_path)

    def _put(self, what: str, path: str) -> None:
        try:
            name = os.path.relpath(os.fsdecode(path), self._folder)
            self._happened.put_nowait((what, name))
        except queue.Full:
            pass


def _is_remote(path: str) -> bool:
    """Return True if the mount that holds `path` is of a kind that others write to."""
    kind, longest = "", -1
    real = os.path.realpath(path)
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                _, point, kind_here = line.split(" ")[:3]
                point = point.replace("\\040", " ")
                inside = real == point or real.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= longest:
                    kind, longest = kind_here, len(point)
    except OSError:
        return False
    return kind.split(".")[0] in _REMOTE
