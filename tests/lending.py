"""A stand-in for the service that lends GPUs on Hugging Face's ZeroGPU, as `spaces` asks it."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Lender:
    """Where it answers, and what it was asked: the path and its parameters."""

    address: str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What a ZeroGPU Space has in its environment."""
        return {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": self.address}


@contextmanager
def lending(busy: int = 0, port: int = 0) -> Iterator[Lender]:
    """A lender whose GPUs are all in use the first `busy` times that it is asked for one."""
    left = [busy]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            lender.asked.append((parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()}))
            if parts.path == "/schedule" and left[0]:
                left[0] -= 1
                self.answer(503, {})
            elif parts.path == "/schedule":
                self.answer(
                    200, {"idle": False, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "token"}
                )
            else:
                self.answer(200, {})

        def answer(self, status: int, content: dict[str, object]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the console."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    lender = Lender(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield lender
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":  # at a port of one's choice, until it is ended
    with lending(port=int(sys.argv[1])):
        time.sleep(10**6)
