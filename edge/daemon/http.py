"""The HTTP server: /metrics for Prometheus, /healthz and /readyz for whoever asks."""

import socketserver
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app

from edge.errors import LabeldError

_TEXT = ("Content-Type", "text/plain; charset=utf-8")


class HttpServer:
    """Serves until it is closed.

    `health()` and `readiness()` return the reasons why not: a sequence of text, empty if all is
    well; they become 200 "ok" or 503 with a reason a line.
    """

    def __init__(self, address, port, registry, health, readiness):
        """Bind and serve in a thread of its own.

        Raises:
            LabeldError: the address cannot be bound.
        """
        pages = {"/healthz": health, "/readyz": readiness}
        app = _application(make_wsgi_app(registry), pages)
        try:
            self._server = _Server((address, port), _Handler)
        except (OSError, OverflowError) as error:
            raise LabeldError(
                "http: cannot listen on {}:{}: {}; another program may hold the port".format(
                    address, port, error
                )
            )
        self._server.set_app(app)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="http", daemon=True
        )
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join(2.0)
        self._server.server_close()


def _application(metrics, pages):
    def application(environ, start_response):
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

    def server_bind(self):
        """Bind without the name lookup that http.server makes, which can hang for long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds; a client that sends nothing must not hold a thread

    def log_message(self, *_):
        """Keep every scrape out of the log."""
