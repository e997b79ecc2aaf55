"""The real page in a real browser: `python -m app` on the shipped model, Chromium driven by Playwright."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from browser_at_hand import no_browser

ROOT = Path(__file__).parents[2]
FLAGS = [
    *["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"],
    *["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
    *["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
]


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        no_browser()
    installed = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=installed, args=FLAGS)
        except Error:
            no_browser()
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address; asks for the browser first, so that without one nothing is started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("page") / "log.txt"
    environment = {
        **os.environ,
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_TEMP_DIR": str(log.parent / "uploads"),
    }
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "app", "--port", str(port)],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):  # the first start of all converts the network and may encode the gallery
            assert server.poll() is None, log.read_text()
            try:
                urlopen(url).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail(f"the page did not start: {log.read_text()}")
        yield url
        assert "Traceback" not in log.read_text()
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def open_page(browser, address: str):
    """A function that opens the page in a fresh window; at the end, nothing has gone wrong in any of them."""
    windows, wrong = [], []

    def open_it(link: str = "/", **settings: object):
        settings.setdefault("viewport", {"width": 1280, "height": 900})
        window = browser.new_context(**settings)
        windows.append(window)
        page = window.new_page()
        page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
        page.on(
            "request",
            lambda request: request.url.startswith((address, "data:", "blob:")) or wrong.append(request.url),
        )
        page.goto(address + link)
        page.locator(".strip i").first.wait_for()
        return page

    yield open_it
    for window in windows:
        window.close()
    assert not wrong
