"""An answer for those who come while the page is being loaded: 503, "loading", come again."""

import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOADING = "The page is being loaded; it will be here in a few seconds."
LONGEST_WAIT = 1.0  # seconds, for a request that comes slowly


@contextmanager
def told_to_wait(listener: socket.socket) -> Iterator[None]:
    """While the block runs, answer every request on a bound socket with "loading"."""
    listener.listen(128)
    loaded = threading.Event()
    thread = threading.Thread(target=_answer_all, args=(listener, loaded), name="loading", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loaded.set()
        thread.join()


def _answer_all(listener: socket.socket, loaded: threading.Event) -> None:
    while not loaded.is_set():
        if select.select([listener], [], [], 0.05)[0]:
            with suppress(OSError), listener.accept()[0] as visitor:
                visitor.settimeout(LONGEST_WAIT)
                _answer(visitor)


def _answer(visitor: socket.socket) -> None:
    request = visitor.recv(65536)
    health = request.split(b" ")[1:2] == [b"/health"]
    text = json.dumps({"status": "loading"}) if health else LOADING
    kind = "application/json" if health else "text/plain; charset=utf-8"
    body = text.encode()
    head = (
        f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        "Retry-After: 2\r\nRefresh: 2\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    visitor.sendall(head.encode() + body)
