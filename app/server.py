"""The server round the page: thumbnails out of the gallery, and headers that keep the page to itself."""

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import texts
from .page import build_page
from .search_service import SearchService

STYLE = Path(__file__).with_name("style.css")
MAX_UPLOAD = "10mb"
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}

HEADERS = {
    # Gradio's own front end needs inline scripts and evaluates templates; nothing may come from elsewhere.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self' blob: data:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}

HEAD = f"""
<meta name="description" content="{texts.DESCRIPTION}">
<meta name="color-scheme" content="light dark">
"""


def create_app(service: SearchService) -> FastAPI:
    """The whole server, for uvicorn. The only files that it gives out are the gallery's thumbnails."""
    app = FastAPI(title=texts.TITLE, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/thumbnail/{gallery}/{item_id}.webp")
    def thumbnail(gallery: str, item_id: int) -> Response:
        if gallery != service.key:
            raise HTTPException(404, "no such gallery")
        try:
            content = service.gallery.thumbnail(item_id)
        except (KeyError, OverflowError):
            raise HTTPException(404, "no such picture") from None
        return Response(content, media_type="image/webp", headers=IMMUTABLE)

    app.add_middleware(SecurityHeaders)
    return gr.mount_gradio_app(
        app,
        build_page(service),
        path="/",
        theme=theme(),
        css_paths=STYLE,
        head=HEAD,
        footer_links=["api", "settings"],
        max_file_size=MAX_UPLOAD,
        show_error=False,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
    )


def serve(app: FastAPI, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Answer on a socket until interrupted; `announce` is called once it answers."""

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            announce()

    with suppress(KeyboardInterrupt):  # the usual way to stop it
        Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)).run([listener])


def theme() -> gr.themes.Base:
    """Gradio's plainest theme in the fonts of the system; all else is in `style.css`."""
    sans = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
    return gr.themes.Base(font=sans, font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "monospace"))


class SecurityHeaders:
    """Adds `HEADERS` to every answer; plain ASGI, so that streams pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        await self.app(scope, receive, send_with_headers)
