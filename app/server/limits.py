"""What may come in: which addresses are open, how large and how slow a request may be, and how many one may send."""

import asyncio
import ipaddress
import json
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gradio.utils import get_upload_folder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import texts

REQUESTS_PER_MINUTE = 600
MOST_JSON_BYTES = 1_000_000
MOST_JSON_SECONDS, MOST_UPLOAD_SECONDS = 20.0, 600.0
ROOM_TO_LEAVE = 1_000_000_000  # bytes of the disk that uploads must not fill
SWEEP_SECONDS = 600.0

API = "/gradio_api/"
UPLOAD = f"{API}upload"
STREAMS = (f"{API}call/", f"{API}queue/data")
# What the page and its API need; Gradio has many more, which run ffmpeg, write files or fetch addresses.
OPEN = frozenset(
    [
        "api",
        "app_id",
        "call",
        "cancel",
        "config",
        "heartbeat",
        "info",
        "openapi.json",
        "queue",
        "reset",
        "run",
        "startup-events",
        "theme.css",
        "upload",
        "upload_progress",
    ]
)
COSTLY = frozenset(["/", "/config", f"{API}info", f"{API}openapi.json"])


class RefusalError(Exception):
    """A request that is not let in: its HTTP status, and one sentence that says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class RateLimiter:
    """Counts the requests of each address in a sliding minute.

    Args:
        per_minute: how many are let through; 0 lets all through.
    """

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._counts: dict[str, tuple[int, int, int]] = {}  # minute, requests in it, and in the one before

    def admits(self, address: str, now: float) -> bool:
        """Whether one more request is let through, which then counts.

        Args:
            address: whose.
            now: seconds since any fixed moment.
        """
        minute, (then, count, before) = int(now // 60), self._counts.get(address, (0, 0, 0))
        if minute != then:
            count, before = 0, count if minute == then + 1 else 0
        if self.per_minute and before * (1 - now % 60 / 60) + count >= self.per_minute:
            return False
        if len(self._counts) >= 10_000:
            self._counts = {key: kept for key, kept in self._counts.items() if kept[0] >= minute - 1}
        self._counts[address] = minute, count + 1, before
        return True


def visitor(scope: Scope) -> str | None:
    """The address that a request comes from, of IPv6 the network; None for this machine itself."""
    host = (scope.get("client") or ("", 0))[0]
    forwarded = any(name == b"x-forwarded-for" for name, _ in scope["headers"])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if address.is_loopback and not forwarded:
        return None
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


class RequestLimits:
    """Lets in what the page needs, and answers all else with a sentence; plain ASGI, so that streams pass untouched.

    Args:
        app: the server behind it.
        most_upload_bytes: of one upload.
        per_minute: requests that one address may send, see `RateLimiter`.
    """

    def __init__(self, app: ASGIApp, most_upload_bytes: int, per_minute: int = REQUESTS_PER_MINUTE) -> None:
        self.app, self.most_upload_bytes = app, most_upload_bytes
        self.rate_limiter = RateLimiter(per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = Body(receive)
        try:
            self._check(scope)
            if scope["path"].startswith(STREAMS) and scope["method"] == "GET":
                await self._stream(scope, receive, send)
            elif scope["method"] != "POST":
                await self.app(scope, receive, send)
            elif scope["path"].rstrip("/") == UPLOAD:
                await self._upload(scope, body, send)
            else:
                content = await asyncio.wait_for(body.read(MOST_JSON_BYTES), MOST_JSON_SECONDS)
                await self.app(scope, _again(content, receive), send)
        except (asyncio.TimeoutError, TimeoutError):
            await _refuse(scope, send, RefusalError(408, texts.TOO_SLOW))
        except RefusalError as refusal:
            with suppress(asyncio.TimeoutError, TimeoutError):
                await asyncio.wait_for(body.drain(), MOST_JSON_SECONDS)
            await _refuse(scope, send, refusal)

    def _check(self, scope: Scope) -> None:
        path, posts = scope["path"], scope["method"] == "POST"
        inside = path.startswith(API)
        if (inside and path.removeprefix(API).split("/")[0] not in OPEN) or (posts and not inside):
            raise RefusalError(404, texts.NO_SUCH_ADDRESS)
        address = visitor(scope)
        if (posts or path in COSTLY) and address and not self.rate_limiter.admits(address, time.monotonic()):
            raise RefusalError(429, texts.TOO_MANY_REQUESTS)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A stream that Gradio breaks off, after it has said why, where it knows no such session."""
        try:
            await self.app(scope, receive, send)
        except RuntimeError:
            await send({"type": "http.response.body", "body": b""})

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        stated = dict(scope["headers"]).get(b"content-length", b"")
        if not stated.isdigit():
            raise RefusalError(411, texts.SIZE_NOT_STATED)
        if int(stated) > self.most_upload_bytes:
            raise RefusalError(413, texts.UPLOAD_TOO_LARGE.format(megabytes=self.most_upload_bytes // 2**20))
        if _room() < ROOM_TO_LEAVE + int(stated):
            raise RefusalError(503, texts.NO_ROOM_FOR_UPLOADS)
        await asyncio.wait_for(self.app(scope, receive, send), MOST_UPLOAD_SECONDS)


def _room() -> int:
    """Bytes that are free where uploads are kept."""
    folder = Path(get_upload_folder())
    return shutil.disk_usage(folder if folder.is_dir() else folder.parent).free


class Body:
    """What comes in as the body of a request."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._ended = receive, False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._ended = not message.get("more_body")
        return message

    async def read(self, most: int) -> bytes:
        """All of it.

        Raises:
            RefusalError: as soon as there are more than `most` bytes.
        """
        content = bytearray()
        while not self._ended:
            content += (await self()).get("body", b"")
            if len(content) > most:
                raise RefusalError(413, texts.REQUEST_TOO_LARGE.format(megabytes=most // 1_000_000))
        return bytes(content)

    async def drain(self, most: int = 100_000_000) -> None:
        """Read on, for nobody: many clients read no answer before they have sent all."""
        while not self._ended and most > 0:
            most -= len((await self()).get("body", b""))


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that has been read, then whatever comes next."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return first.pop() if first else await receive()

    return given


async def _refuse(scope: Scope, send: Send, refusal: RefusalError) -> None:
    """Answer with a sentence, in the form that Gradio's page shows to the visitor."""
    plain = scope["path"].rstrip("/") == UPLOAD or not scope["path"].startswith(API)
    content = refusal.sentence if plain else json.dumps({"detail": refusal.sentence})
    kind = "text/plain; charset=utf-8" if plain else "application/json"
    headers = {"content-type": kind, "content-length": str(len(content.encode())), "connection": "close"}
    if refusal.status == 429:
        headers["retry-after"] = "60"
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": encoded})
    await send({"type": "http.response.body", "body": content.encode()})


def sweep(seconds: float = SWEEP_SECONDS) -> None:
    """Remove what is left of uploads that were broken off; whole ones are Gradio's to remove."""
    for path in Path(get_upload_folder()).glob("tmp*"):
        try:
            if path.is_file() and time.time() - path.stat().st_mtime > seconds:
                path.unlink()
        except OSError:  # another has removed it
            continue


async def keep_swept(expire: Callable[[], None]) -> None:
    """Sweep, again and again, and let what visitors left behind expire."""
    while True:
        await asyncio.to_thread(sweep)
        await asyncio.to_thread(expire)
        await asyncio.sleep(SWEEP_SECONDS)
