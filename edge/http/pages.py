"""The pages: /metrics for Prometheus, /healthz and /readyz for whoever asks, / for people."""

from typing import Any, Awaitable, Callable, Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from edge import __version__

Reasons = Callable[[], Sequence[str]]
"""Returns why not, a line each; nothing if all is well."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""What answers a request: aiohttp's."""

_PAGES = {
    "/metrics": "what Prometheus scrapes",
    "/healthz": "whether every stage comes round; 503 names the one that hangs",
    "/readyz": "whether pictures are served",
}


def pages(registry: CollectorRegistry, health: Reasons, readiness: Reasons) -> web.Application:
    """Return the application.

    Args:
        registry: what /metrics shows.
        health, readiness: become 200 "ok", or 503 with a reason a line.
    """
    app = web.Application()
    app.router.add_get("/", _index)
    app.router.add_get("/metrics", _metrics(registry))
    app.router.add_get("/healthz", _answer(health))
    app.router.add_get("/readyz", _answer(readiness))
    app.router.add_route("*", "/{other:.*}", _no_such_page)
    return app


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
    return web.Response(text="labeld serves / and {}\n".format(", ".join(_PAGES)), status=404)


async def _index(_: Any) -> web.Response:
    links = "".join(
        '<li><a href="{0}">{0}</a>: {1}</li>\n'.format(path, text) for path, text in _PAGES.items()
    )
    html = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>labeld</title></head>\n'
        "<body><h1>labeld {}</h1>\n<ul>\n{}</ul></body></html>\n".format(__version__, links)
    )
    return web.Response(text=html, content_type="text/html")
