"""The server round the page: thumbnails out of the gallery, and headers that keep the page to itself."""

import asyncio
import os
import re
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import texts
from app.page.components import ARCHIVE_MEGABYTES, front
from app.page.layout import PAGE, build_page
from app.server.guard import unknown
from app.server.limits import REQUESTS_PER_MINUTE, RequestLimits, keep_swept
from app.server.monitoring import RequestMetrics
from app.server.nowhere import nothing_here
from app.server.patches import STUMBLES, patch
from app.server.request_log import log_requests
from app.service.galleries import Galleries
from app.service.search import SearchService
from app.service.speed import SpeedBench
from nhl.index import warm_up

STYLE = Path(__file__).parents[1] / "style.css"
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
FLEETING = {"Cache-Control": "private, no-store"}

HEADERS = {
    # Gradio's own front end needs inline scripts and evaluates templates; nothing may come from elsewhere.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self' blob: data:; worker-src 'self' blob:; object-src 'none'; "
    # The last of them goes on with the sites that `FRAME_ANCESTORS` names.
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self' https://huggingface.co https://*.hf.space",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}

HEAD = f"""
<meta name="description" content="{texts.DESCRIPTION}">
<meta name="color-scheme" content="light dark">
<meta name="unreached" content="{texts.UNREACHED}">
<script>
{front("reach.js")}
</script>
<script>
if (/[?&](gallery|q|bits|k|view|tour)=/.test(location.search)) {{  // shown once the link's state is there
  const root = document.documentElement.classList;
  root.add('opening');
  setTimeout(() => root.remove('opening'), 10000);
}}
</script>
"""


def create_app(
    service: SearchService, galleries: Galleries | None = None, per_minute: int = REQUESTS_PER_MINUTE
) -> FastAPI:
    """The whole server, for uvicorn. The only files that it gives out are thumbnails of galleries.

    Args:
        service: the gallery that is shown first.
        galleries: all of them; by default those that there are beside it.
        per_minute: requests that one address may send; 0 for any number.

    Raises:
        ValueError: if `FRAME_ANCESTORS` names what is no site.
    """
    galleries, bench = galleries or Galleries(service), SpeedBench()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(keep_swept(galleries.expire))
        yield
        sweeping.cancel()
        bench.close()
        galleries.close()

    app = FastAPI(title=texts.TITLE, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)

    @app.get("/thumbnail/{gallery}/{item_id}.webp")
    def thumbnail(gallery: str, item_id: int) -> Response:
        try:
            shown = galleries.by_key(gallery)
            content = shown.gallery.thumbnail(item_id)
        except (KeyError, OverflowError, sqlite3.Error):
            raise HTTPException(404, "no such picture") from None
        kept = FLEETING if shown.private else IMMUTABLE
        return Response(content, media_type="image/webp", headers=kept)

    app.add_middleware(RequestLimits, ARCHIVE_MEGABYTES * 2**20 + 2**16, per_minute)
    app.add_middleware(SecurityHeaders, security_headers())
    app.add_middleware(PackedFront)
    warm_up()  # so that the first figures are those of the compiled search
    page = build_page(galleries, bench)
    metrics = RequestMetrics(galleries, (event.api_name or "" for event in page.fns.values()))
    metrics.add_to(app)
    patch(page, PAGE, metrics.handled)
    return gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=theme(),
        css_paths=STYLE,
        head=HEAD,
        footer_links=["api", "settings"],
        max_file_size=f"{ARCHIVE_MEGABYTES}mb",
        show_error=False,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        app_kwargs={"exception_handlers": {**dict.fromkeys(STUMBLES, unknown), 404: nothing_here}},
    )


def serve(app: FastAPI, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Answer on a socket until interrupted; `announce` is called once it answers."""

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            announce()

    log_requests()
    with suppress(KeyboardInterrupt):  # the usual way to stop it
        Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)).run([listener])


def theme() -> gr.themes.Base:
    """Gradio's plainest theme in the fonts of the system; all else is in `style.css`."""
    sans = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
    return gr.themes.Base(font=sans, font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "monospace"))


class PackedFront:
    """Compresses the page itself, which Gradio sends as it is; all else, streams above all, passes untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.plain, self.packed = app, GZipMiddleware(app, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.packed if scope.get("path") == "/" else self.plain)(scope, receive, send)


def frames(allowed: str) -> str:
    """Further pages that may show this one in a frame, as the end of the policy: `https://a.example`, ...

    Raises:
        ValueError: if one of them is no address of a site.
    """
    for site in allowed.split():
        if not re.fullmatch(r"https?://(\*\.)?[\w.-]+(:(\d+|\*))?", site):
            raise ValueError(
                f"`FRAME_ANCESTORS` must hold addresses such as https://lectures.example.edu but got {site!r}"
            )
    return "".join(f" {site}" for site in allowed.split())


def security_headers() -> dict[str, str]:
    """`HEADERS`, with the sites that `FRAME_ANCESTORS` names.

    Raises:
        ValueError: if one of them is no address of a site.
    """
    policy = "Content-Security-Policy"
    return {**HEADERS, policy: HEADERS[policy] + frames(os.environ.get("FRAME_ANCESTORS", ""))}


class SecurityHeaders:
    """Adds headers to every answer; plain ASGI, so that streams pass untouched."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self.app, self.headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        await self.app(scope, receive, send_with_headers)
