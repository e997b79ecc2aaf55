"""What a visitor waits for: a picture's whole way through the server, a move of the slider, the first load.

Server times are taken over HTTP on the same machine, with one visitor and with eight at once; an answer counts when all
of it has arrived. With Playwright and Chromium the page itself is timed too.
"""

import json
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import cycle
from typing import Any

import httpx
import numpy as np
from PIL import Image

from benchmarks.options import options_of
from benchmarks.result_file import write_result
from benchmarks.startup import add_page_model, running_page

LENGTHS = (8, 16, 32, 64, 128)
VISITORS = 8


def photo(width: int, height: int) -> bytes:
    """A JPEG file such as a visitor sends."""
    coarse = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def call(client: httpx.Client, name: str, data: list[Any]) -> Any:
    """What an endpoint answers.

    Raises:
        RuntimeError: if it answers with an error.
    """
    event = client.post(f"/gradio_api/call/{name}", json={"data": data}).json()["event_id"]
    lines = client.get(f"/gradio_api/call/{name}/{event}").text.strip().splitlines()
    if lines[-2] != "event: complete":
        raise RuntimeError(f"{name} answered {lines[-1]}")
    return json.loads(lines[-1].removeprefix("data: "))


def upload(client: httpx.Client, content: bytes) -> dict[str, Any]:
    """A picture on the server, as an argument."""
    path = client.post("/gradio_api/upload", files={"files": ("a.jpg", content)}).json()[0]
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def timed(action: Callable[[], object], count: int) -> list[float]:
    """Milliseconds of each of `count` runs, after two that do not count."""
    times = []
    for _ in range(count + 2):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    return times[2:]


def summary(times: Sequence[float]) -> dict[str, float]:
    """Median and 95 % of milliseconds."""
    return {
        "runs": len(times),
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(float(np.quantile(times, 0.95)), 1),
    }


def one_visitor(address: str, count: int) -> dict[str, dict[str, float]]:
    """A query with a picture already there, the same with its upload, and a move of the slider."""
    with httpx.Client(base_url=address, timeout=30) as client:
        small, large = photo(640, 480), photo(4000, 3000)
        there, lengths = upload(client, small), cycle(LENGTHS)
        token = "x" + "5a" * 16
        return {
            "query": summary(timed(lambda: call(client, "search", [there, 32, 12]), count)),
            "upload and query, 640 x 480": summary(
                timed(lambda: call(client, "search", [upload(client, small), 32, 12]), count)
            ),
            "upload and query, 12 megapixels": summary(
                timed(lambda: call(client, "search", [upload(client, large), 32, 12]), count)
            ),
            "slider": summary(
                timed(lambda: call(client, "resize", [token, next(lengths), 12, "compare", "emoji"]), count)
            ),
        }


def many_visitors(address: str, count: int) -> dict[str, float]:
    """Eight visitors who each ask again as soon as they have an answer."""

    def visit(_: int) -> list[float]:
        with httpx.Client(base_url=address, timeout=60) as client:
            there = upload(client, photo(640, 480))
            return timed(lambda: call(client, "search", [there, 32, 12]), count)

    start = time.perf_counter()
    with ThreadPoolExecutor(VISITORS) as pool:
        times = [t for visited in pool.map(visit, range(VISITORS)) for t in visited]
    searches = VISITORS * (count + 2)
    return {
        "visitors": VISITORS,
        "searches_per_s": round(searches / (time.perf_counter() - start), 1),
        **summary(times),
    }


def in_the_browser(address: str, count: int) -> dict[str, Any] | None:
    """First load, and slider to new results, in Chromium; None where there is none."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
        except Error:
            return None
        page = browser.new_page()
        traffic = page.context.new_cdp_session(page)
        received: list[float] = []
        traffic.send("Network.enable")
        traffic.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        start = time.perf_counter()
        page.goto(address)
        page.wait_for_function("document.querySelectorAll('.strip i').length > 0")
        page.wait_for_function(
            "[...document.querySelectorAll('.results img')].every(image => image.complete)"
        )
        loaded = time.perf_counter() - start
        page.wait_for_timeout(1000)
        kilobytes = round(sum(received) / 1000)
        slider, keys = page.get_by_role("slider"), cycle(["Home", "End"])

        def move() -> None:
            key = next(keys)
            slider.press(key)
            page.locator(f".results[data-bits='{LENGTHS[0] if key == 'Home' else LENGTHS[-1]}']").wait_for()

        times = timed(move, count)
        browser.close()
    return {
        "first_load_s": round(loaded, 2),
        "first_load_kb": kilobytes,
        "slider": summary(times),
    }


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; the exit status."""
    parser = options_of("page", __doc__)
    add_page_model(parser)
    parser.add_argument("--runs", type=int, default=50, help="number of times that each action is timed")
    options = parser.parse_args(arguments)
    with running_page(options.checkpoint) as page:
        time.sleep(8)  # until the compiled search is ready
        one, many = one_visitor(page.address, options.runs), many_visitors(page.address, options.runs)
        result = {"one_visitor": one, "many_visitors": many, "browser": in_the_browser(page.address, 20)}
        result["peak_megabytes"] = page.megabytes("VmHWM")
    for name, found in one.items():
        print(f"{name:34} {found['median_ms']:7.1f} ms, 95 % {found['p95_ms']:7.1f} ms")
    print(
        f"{VISITORS} at once: {many['searches_per_s']} searches/s, 95 % {many['p95_ms']} ms; {result['browser']}"
    )
    print(f"\nwritten to {write_result('page', result, options.out)}")
    return 0
