"""The pages: / for people, /metrics for Prometheus, /healthz and /readyz for whoever asks."""

import os
from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from edge.config.settings import HttpSettings
from edge.http.access import Handler
from edge.http.live import Live

Reasons = Callable[[], Sequence[str]]
"""Returns why not, a line each; nothing if all is well."""

_STATIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")

_PAGES = {"/": "page.html", "/page.css": "page.css", "/page.js": "page.js"}
"""What answers with a file of _STATIC."""

_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}

_OWN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
"""What the page may load: what labeld itself serves."""

_REPORT = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""What a report may: show what is within it; it came with a bundle, from wherever."""


SPARE = 8
"""Of the connections, what open pages leave to Prometheus and others."""


class View(NamedTuple):
    """What the page is made of.

    Attributes:
        state: returns what it shows, for JSON.
        picture: returns the last picture of a source as a JPEG, or None.
        pictures: returns those of all sources in one, or None.
        report: returns the model's report as HTML, or None.
    """

    state: Callable[[], Dict[str, Any]]
    picture: Callable[[str], Optional[bytes]]
    pictures: Callable[[], Optional[bytes]]
    report: Callable[[], Optional[bytes]]


def pages(
    settings: HttpSettings,
    registry: CollectorRegistry,
    health: Reasons,
    readiness: Reasons,
    view: View,
) -> web.Application:
    """Return the application.

    Args:
        settings: the `http` section of the configuration.
        registry: what /metrics shows.
        health, readiness: become 200 "ok", or 503 with a reason a line.
        view: what / shows.
    """
    app = web.Application()
    live = Live(view.state, max(1, settings.max_connections - SPARE), settings.timeout_s)
    for path, name in _PAGES.items():
        app.router.add_get(path, _file(name))
    app.router.add_get("/events", live.stream)
    app.router.add_get("/picture", _picture(view))
    app.router.add_get("/pictures", _pictures(view))
    app.router.add_get("/report", _report(view))
    app.router.add_get("/metrics", _metrics(registry))
    app.router.add_get("/healthz", _answer(health))
    app.router.add_get("/readyz", _answer(readiness))
    app.router.add_route("*", "/{other:.*}", _no_such_page)
    app.on_startup.append(live.begin)
    app.on_shutdown.append(live.end)
    return app


def _file(name: str) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        with open(os.path.join(_STATIC, name), "rb") as file:
            content = file.read()
        kind = _KINDS[os.path.splitext(name)[1]] + "; charset=utf-8"
        headers = {"Content-Type": kind, "Content-Security-Policy": _OWN}
        return web.Response(body=content, headers=headers)

    return answer


def _picture(view: View) -> Handler:
    async def picture(request: web.Request) -> web.Response:
        return _shown(view.picture(request.query.get("source", "")))

    return picture


def _pictures(view: View) -> Handler:
    async def pictures(_: web.Request) -> web.Response:
        return _shown(view.pictures())

    return pictures


def _shown(picture: Optional[bytes]) -> web.Response:
    if picture is None:
        text = "no picture: http.pictures is not set, or the source has had none\n"
        return web.Response(text=text, status=404)
    return web.Response(body=picture, content_type="image/jpeg")


def _report(view: View) -> Handler:
    async def report(_: web.Request) -> web.Response:
        found = view.report()
        if found is None:
            text = "no report: the bundle has none, or http.pictures is not set\n"
            return web.Response(text=text, status=404)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": _REPORT,
        }
        return web.Response(body=found, headers=headers)

    return report


def _metrics(registry: CollectorRegistry) -> Handler:
    async def metrics(request: web.Request) -> web.Response:
        encode, kind = choose_encoder(request.headers.get("Accept", ""))
        response = web.Response(body=encode(registry), headers={"Content-Type": kind})
        response.enable_compression()
        return response

    return metrics


def _answer(reasons: Reasons) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        found = reasons()
        text = "".join(line + "\n" for line in found or ["ok"])
        return web.Response(text=text, status=503 if found else 200)

    return answer


async def _no_such_page(_: web.Request) -> web.Response:
    return web.Response(text="labeld serves /, /metrics, /healthz and /readyz\n", status=404)
