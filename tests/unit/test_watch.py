"""Watching a folder: what the library says of its own stop is no news for who reads the log."""

import logging

from edge.sources.folder import watch


def test_of_what_watchdog_calls_errors_only_news_is_told(tmp_path, caplog):
    theirs = logging.getLogger("watchdog.observers.inotify")
    with watch.changes(str(tmp_path)):
        theirs.error("InotifyEmitter.queue_events() called when the thread is inactive")
        theirs.error("the watch is lost")
    assert caplog.messages == ["the watch is lost"]
