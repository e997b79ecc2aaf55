"""The page in a frame of another site, as `docs/SPACES.md` shows it."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser_at_hand import no_browser

try:
    from playwright.sync_api import expect
except ImportError:
    no_browser()

SPACES = Path(__file__).parents[2] / "docs" / "SPACES.md"


@pytest.fixture
def lecture(address: str) -> Iterator[str]:
    """The address of another site whose page holds the frame."""
    (frame,) = re.findall(r"<iframe.*?</iframe>", SPACES.read_text(encoding="utf-8"), re.DOTALL)
    page = f"<!doctype html>{frame.replace('https://USER-NAME.hf.space', address)}".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Nothing on the console."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_page_works_in_a_frame_of_another_site(browser, lecture: str) -> None:
    page = browser.new_page()
    page.goto(lecture)
    framed = page.frame_locator("iframe")
    expect(framed.locator("#bits-range")).to_be_visible()
    framed.locator("#bits-range").press("End")
    expect(framed.locator("#bits-range")).to_have_attribute("aria-valuetext", re.compile("^128 bits"))
    page.close()
