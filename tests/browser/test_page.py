"""The real page, on the shipped model and gallery, in a headless browser, as a visitor uses it."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drawings import draw

from app.__main__ import CHECKPOINT
from app.search_service import SearchService
from app.server import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REMEDY = "no browser found: install Debian's `chromium` package, or Chrome, to run these tests"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The page, served from this process."""
    import uvicorn

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(SearchService(CHECKPOINT)), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail(REMEDY)
        pytest.skip(REMEDY)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


class Visit:
    """One visitor's page: what is on it, and everything that it asked for."""

    def __init__(self, browser: Any, url: str, **context: Any) -> None:
        self.context = browser.new_context(reduced_motion="reduce", **context)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(url)
        self.page.locator("#results button").nth(11).wait_for()

    def results(self) -> list[str]:
        return [tile.get_attribute("data-query") for tile in self.page.locator("#results button").all()]

    def query(self) -> str:
        return self.page.locator("figure.query").get_attribute("data-query")

    def says(self, text: str) -> None:
        self.page.locator("#results [role=status]", has_text=text).wait_for()


@pytest.fixture
def visit(browser: Any, url: str) -> Iterator[Visit]:
    visit = Visit(browser, url)
    yield visit
    visit.context.close()
    assert not visit.errors


def test_first_visit_shows_results_and_asks_no_other_host(visit: Visit, url: str) -> None:
    assert len(visit.results()) == 12
    assert visit.page.locator("#results .right, #results .wrong").count() >= 12
    assert visit.query() == visit.page.locator("#examples button[data-query]").first.get_attribute(
        "data-query"
    )
    foreign = [r for r in visit.requests if not r.startswith((url, "data:", "blob:"))]
    assert foreign == []


def test_the_slider_moves_by_keyboard(visit: Visit) -> None:
    slider = visit.page.get_by_role("slider", name="Code length")
    slider.press("End")
    visit.says("at 128 bits")
    assert slider.get_attribute("aria-valuetext") == "128 bits · 16 bytes"
    slider.press("ArrowLeft")
    visit.says("at 64 bits")
    slider.press("Home")
    visit.says("at 8 bits")
    assert "1 byte" in visit.page.locator("#facts").inner_text().replace("\n", " ")


def test_clicking_a_result_makes_it_the_query(visit: Visit) -> None:
    clicked = visit.results()[2]
    visit.page.locator("#results button").nth(2).click()
    visit.page.locator(f'figure.query[data-query="{clicked}"]').wait_for()
    assert clicked not in visit.results()


def test_an_example_is_chosen_with_the_keyboard(visit: Visit) -> None:
    example = visit.page.locator("#examples button[data-query]").nth(1)
    chosen = example.get_attribute("data-query")
    example.focus()
    visit.page.keyboard.press("Enter")
    visit.page.locator(f'figure.query[data-query="{chosen}"]').wait_for()


def test_upload(visit: Visit, tmp_path: Path) -> None:
    draw("yellow", 0).save(tmp_path / "circle.png")
    visit.page.locator("#query input[type=file]").set_input_files(tmp_path / "circle.png")
    visit.page.locator("figure.query", has_text="Your picture").wait_for()
    assert len(visit.results()) == 12
    assert visit.page.locator("#results .tile.right").count() == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.png", b"hello, I am no picture"), ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")],
)
def test_an_unreadable_file_leaves_the_page_whole(
    visit: Visit, tmp_path: Path, name: str, content: bytes
) -> None:
    before = visit.query(), visit.results()
    (tmp_path / name).write_bytes(content)
    visit.page.locator("#query input[type=file]").set_input_files(tmp_path / name)
    toast = visit.page.get_by_test_id("toast-body")
    toast.wait_for()
    assert "Traceback" not in toast.inner_text()
    assert (visit.query(), visit.results()) == before


def test_a_link_opens_its_state(browser: Any, url: str) -> None:
    visit = Visit(browser, f"{url}/?q=20&bits=128&k=24")
    visit.says("The 24 nearest pictures at 128 bits")
    assert visit.query() == "20"
    visit.context.close()


def test_phone_width_does_not_scroll_sideways(browser: Any, url: str) -> None:
    visit = Visit(browser, url, viewport={"width": 390, "height": 844}, has_touch=True)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_contrasts_with_the_ground(browser: Any, url: str, theme: str) -> None:
    visit = Visit(browser, f"{url}/?__theme={theme}")
    ground = luminance(visit.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (ground < 0.1) == (theme == "dark")
    for selector in ("h1", "#facts", "#results .note", "#examples .note", "#bottom"):
        color = visit.page.locator(selector).first.evaluate("e => getComputedStyle(e).color")
        light, dark = sorted([luminance(color), ground], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, selector
    visit.context.close()


def luminance(color: str) -> float:
    """Relative luminance of `rgb(r, g, b)`, as WCAG defines it."""
    parts = [float(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
