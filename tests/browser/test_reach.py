"""What the page says when its requests do not reach the server, and that it works behind a proxy that is named."""

import http.client
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser_at_hand import no_browser
from serving import serve

from app import texts
from app.server.app import create_app
from app.service.search import SearchService

try:
    from playwright.sync_api import Page, expect
except ImportError:
    no_browser()

PREFIX = "/demo"


def proxy(address: str) -> type[BaseHTTPRequestHandler]:
    """Hands on what is below `PREFIX`, as nginx does with `proxy_pass` and a path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_response(404)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<h1>Not Found</h1>")
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            onward = http.client.HTTPConnection(address.removeprefix("http://"))
            onward.request(self.command, self.path.removeprefix(PREFIX), body, dict(self.headers))
            answer = onward.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.end_headers()
            while chunk := answer.read1():
                self.wfile.write(chunk)
            onward.close()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Nothing on the console."""

    return Handler


@pytest.fixture
def behind_proxy(browser, tiny_checkpoint: Path) -> Iterator[Callable[[], str]]:
    """A function that starts a server and a proxy before it, and gives the address there."""
    stops: list[Callable[[], None]] = []

    def start() -> str:
        address, stop = serve(create_app(SearchService.open(tiny_checkpoint)))
        front = ThreadingHTTPServer(("127.0.0.1", 0), proxy(address))
        threading.Thread(target=front.serve_forever, daemon=True).start()
        stops.extend((front.shutdown, front.server_close, stop))
        return f"http://127.0.0.1:{front.server_port}{PREFIX}/"

    yield start
    for stop in stops:
        stop()


def moved_to_the_end(page: Page) -> None:
    page.locator(".strip i").first.wait_for()
    page.locator("#bits-range").press("End")


def test_behind_a_proxy_whose_path_is_named(
    browser, behind_proxy: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_ROOT_PATH", PREFIX)
    page = browser.new_page()
    page.goto(behind_proxy())
    moved_to_the_end(page)
    expect(page.locator("#facts dd").first).to_have_text("16 bytes")
    expect(page.locator("#unreached")).to_be_hidden()
    page.close()


def test_behind_a_proxy_whose_path_is_not_named(browser, behind_proxy: Callable[[], str]) -> None:
    """The page has come, but nothing that it asks arrives."""
    page = browser.new_page()
    page.goto(behind_proxy())
    said = page.get_by_role("alert").filter(has_text=texts.UNREACHED)
    expect(said).to_be_visible()
    moved_to_the_end(page)
    expect(page.get_by_test_id("toast-body").first).to_be_hidden()
    page.close()


def test_a_server_that_is_gone_and_comes_back(open_page) -> None:
    page = open_page()
    said = page.locator("#unreached")
    expect(said).to_be_hidden()
    page.route("**/gradio_api/**", lambda route: route.abort("connectionrefused"))
    moved_to_the_end(page)
    expect(said).to_have_text(texts.UNREACHED)
    expect(said).to_be_visible()
    page.unroute("**/gradio_api/**")
    expect(said).to_be_hidden()  # the frame asks by itself whether it is back
    page.locator("#bits-range").press("Home")
    expect(page.locator("#facts dd").first).to_have_text("1 byte")
