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
from PIL import Image

ROOT = Path(__file__).parents[2]
FLAGS = [
    *["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"],
    *["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
    *["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
]

SERVE = """
import sys
from pathlib import Path
from app.service import galleries
from app.__main__ import main
here = Path(sys.argv[1])
galleries.Galleries.__init__.__defaults__ = (here / "checkpoint", here / "kept")
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import Error, expect, sync_playwright
    except ImportError:
        no_browser()
    expect.set_options(timeout=20_000)  # the machine may be busy with something else
    installed = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=installed, args=FLAGS)
        except Error:
            no_browser()
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def cifar10(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a page with CIFAR-10 needs: a model of it, and a few pictures in the folder that `NHL_DATA` names.

    The model is the shipped one under another name: what it finds there is of no account.
    """
    folder = tmp_path_factory.mktemp("cifar10")
    shipped = ROOT / "checkpoints" / "emoji"
    (folder / "checkpoint").mkdir()
    for name in ("config.json", "model.safetensors", "evaluation.json"):
        shutil.copy(shipped / name, folder / "checkpoint" / name)
    for label, colour in (("cat", "orange"), ("ship", "navy")):
        (folder / "data" / "cifar10" / "test" / label).mkdir(parents=True)
        for n in range(110):
            picture = Image.new("RGB", (32, 32), colour)
            picture.putpixel((n % 32, n // 32), (255, 255, 255))
            picture.save(folder / "data" / "cifar10" / "test" / label / f"{n:04}.jpg")
    return folder


@pytest.fixture(scope="session")
def address(browser, cifar10: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address; asks for the browser first, so that without one nothing is started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("page") / "log.txt"
    environment = {
        **os.environ,
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_TEMP_DIR": str(log.parent / "uploads"),
        "NHL_DATA": str(cifar10 / "data"),
        "FRAME_ANCESTORS": "http://127.0.0.1:*",
        "HTTPS_PROXY": "http://127.0.0.1:9",  # no network, wherever the tests run
    }
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(cifar10), "--port", str(port)],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(6000):  # the first start of all converts the network and may encode the gallery
            assert server.poll() is None, log.read_text()
            try:
                urlopen(url).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail(f"the page did not start: {log.read_text()}")
        yield url
        said = log.read_text()
        assert "Traceback" not in said, said[said.index("Traceback") :][:9000]
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def open_page(browser, address: str):
    """A function that opens the page in a fresh window; at the end, nothing has gone wrong in any of them."""
    windows, wrong = [], []

    def open_it(link: str = "/", hasty: bool = False, **settings: object):
        settings.setdefault("viewport", {"width": 1280, "height": 900})
        window = browser.new_context(**settings)
        windows.append(window)
        page = window.new_page()
        page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
        page.on("console", lambda said: "js_on_load" in said.text and wrong.append(said.text))
        page.on(
            "request",
            lambda request: request.url.startswith((address, "data:", "blob:")) or wrong.append(request.url),
        )
        page.goto(address + link)
        if not hasty:
            page.locator(".strip i").first.wait_for()
            page.wait_for_function("!document.documentElement.classList.contains('opening')")
        return page

    yield open_it
    for window in windows:
        window.close()
    assert not wrong
