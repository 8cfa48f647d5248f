"""systemd's watchdog is fed only while every loop comes round."""

import socket
import threading
import time

from edge.daemon.heartbeat import Heartbeat
from edge.daemon.systemd import Notifier
from edge.worker import Worker
from tests.support import servers
from tests.support.servers import wait_for


def test_a_loop_that_hangs_is_named_instead_of_feeding_the_watchdog(tmp_path, caplog):
    free = threading.Event()
    free.set()

    def step():
        assert free.wait(servers.SECONDS)
        time.sleep(0.001)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(servers.SECONDS)
        worker = Worker("classify", step, on_failure=lambda worker: None)
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        heartbeat = Heartbeat(notifier, stalled_seconds=0.5)
        heartbeat.watch(lambda: [worker])
        worker.start()
        wait_for(lambda: not heartbeat.stalled(), "the loop comes round")
        heartbeat.beat()
        assert notify.recv(4096) == b"WATCHDOG=1"
        free.clear()
        wait_for(heartbeat.stalled, "the hanging loop is seen")
        heartbeat.beat()
        assert notify.recv(4096).startswith(b"STATUS=classify has made no progress for ")
        heartbeat.beat()
        (record,) = caplog.records
        assert record.levelname == "ERROR"
        assert record.getMessage().startswith("stage classify has made no progress for ")
        free.set()
        wait_for(lambda: not heartbeat.stalled(), "the loop comes round again")
        heartbeat.beat()
        assert notify.recv(4096) == b"WATCHDOG=1"
        assert worker.finish(time.monotonic() + servers.SECONDS)
