"""The HTTP server: /metrics for Prometheus, /healthz and /readyz for whoever asks."""

import socketserver
import threading
from typing import Any, Callable, Iterable, Mapping, Sequence
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from edge.config.settings import HttpSettings
from edge.errors import LabeldError
from edge.worker import STEP_SECONDS

_Application = Callable[[Any, Any], Iterable[bytes]]
"""WSGI's: PEP 3333."""

_TEXT = ("Content-Type", "text/plain; charset=utf-8")


class HttpServer:
    """Serves until it is closed, in a thread of its own and one for each request."""

    def __init__(
        self,
        settings: HttpSettings,
        registry: CollectorRegistry,
        health: Callable[[], Sequence[str]],
        readiness: Callable[[], Sequence[str]],
    ) -> None:
        """Bind, and serve.

        Args:
            settings: the `http` section of the configuration.
            registry: what /metrics shows.
            health, readiness: return the reasons why not, empty if all is well; they become 200
                "ok" or 503 with a reason a line.

        Raises:
            LabeldError: the address cannot be bound.
        """
        pages = {"/healthz": health, "/readyz": readiness}
        app = _application(make_wsgi_app(registry), pages)
        try:
            self._server = _Server((settings.address, settings.port), _Handler)
        except (OSError, OverflowError) as error:
            raise LabeldError(
                "http: cannot listen on {}:{}: {}; another program may hold the port".format(
                    settings.address, settings.port, error
                )
            )
        self._server.set_app(app)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STEP_SECONDS,), name="http", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._thread.join(2.0)
        self._server.server_close()


def _application(
    metrics: _Application, pages: Mapping[str, Callable[[], Sequence[str]]]
) -> _Application:
    def application(environ: Mapping[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)
        if path not in pages:
            start_response("404 Not Found", [_TEXT])
            return [b"labeld serves /metrics, /healthz and /readyz\n"]
        reasons = pages[path]()
        start_response("503 Service Unavailable" if reasons else "200 OK", [_TEXT])
        return ["".join(line + "\n" for line in reasons or ["ok"]).encode("utf-8")]

    return application


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 16

    def server_bind(self) -> None:
        """Bind without the name lookup that http.server makes, which can hang for long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds; a client that sends nothing must not hold a thread

    def log_message(self, *_: Any) -> None:
        """Keep every scrape out of the log."""
