"""The HTTP server: /metrics for Prometheus, /healthz and /readyz for whoever asks, / for people."""

import socket
import socketserver
import threading
from typing import Any, Callable, Iterable, List, Mapping, Sequence
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from edge import __version__
from edge.config.settings import HttpSettings
from edge.errors import LabeldError
from edge.worker import STEP_SECONDS

_Application = Callable[[Any, Any], Iterable[bytes]]
"""WSGI's: PEP 3333."""

_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_HTML = ("Content-Type", "text/html; charset=utf-8")

_PAGES = {
    "/metrics": "what Prometheus scrapes",
    "/healthz": "whether every stage comes round; 503 names the one that hangs",
    "/readyz": "whether pictures are served",
}


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
            server = _Server6 if ":" in settings.address else _Server
            self._server = server((settings.address.strip("[]"), settings.port), _Handler)
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
        if environ["REQUEST_METHOD"] == "HEAD":
            return _without_body(application, environ, start_response)
        if path == "/metrics":
            return metrics(environ, start_response)
        if path == "/":
            start_response("200 OK", [_HTML])
            return [_index().encode("utf-8")]
        if path not in pages:
            start_response("404 Not Found", [_TEXT])
            return ["labeld serves / and {}\n".format(", ".join(_PAGES)).encode("utf-8")]
        reasons = pages[path]()
        start_response("503 Service Unavailable" if reasons else "200 OK", [_TEXT])
        return ["".join(line + "\n" for line in reasons or ["ok"]).encode("utf-8")]

    return application


def _without_body(
    application: _Application, environ: Mapping[str, Any], start_response: Any
) -> Iterable[bytes]:
    """Answer HEAD as GET, with the length of what is left out (RFC 9110, 9.3.2)."""
    said: List[Any] = []
    body = application(dict(environ, REQUEST_METHOD="GET"), lambda *head: said.extend(head[:2]))
    length = str(sum(len(part) for part in body))
    headers = [pair for pair in said[1] if pair[0].lower() != "content-length"]
    start_response(said[0], headers + [("Content-Length", length)])
    return []


def _index() -> str:
    """Return a page that links what there is."""
    links = "".join(
        '<li><a href="{0}">{0}</a>: {1}</li>\n'.format(path, text) for path, text in _PAGES.items()
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>labeld</title></head>\n'
        "<body><h1>labeld {}</h1>\n<ul>\n{}</ul></body></html>\n".format(__version__, links)
    )


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 16

    def server_bind(self) -> None:
        """Bind without the name lookup that http.server makes, which can hang for long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds; a client that sends nothing must not hold a thread

    def log_message(self, *_: Any) -> None:
        """Keep every scrape out of the log."""
