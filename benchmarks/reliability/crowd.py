"""The page under a crowd, and two pages on one gallery that grows meanwhile."""

import json
import secrets
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx

from benchmarks.page import LENGTHS, call, photo, upload
from benchmarks.startup import ROOT, RunningPage, running_page
from nhl.gallery.folder import add_folder

POLITE = ("busy", "Queue is full", "too many", "Too many")


def visit(address: str, until: float, said: Counter[str], times: list[float]) -> None:
    """One client: a picture, a search with it, and again, until the time is over."""
    picture, lengths = photo(640, 480), cycle(LENGTHS)
    with httpx.Client(base_url=address, timeout=120) as client:
        while time.perf_counter() < until:
            start = time.perf_counter()
            try:
                # equal files would be stored as one; bytes behind the end of a JPEG mean nothing
                outcome = _ask(client, picture + secrets.token_bytes(8), next(lengths))
            except (httpx.HTTPError, OSError) as error:
                outcome = f"failed: {type(error).__name__}"
            said[outcome] += 1
            if outcome == "answered":
                times.append(time.perf_counter() - start)
            else:
                time.sleep(1)


def _ask(client: httpx.Client, picture: bytes, length: int) -> str:
    sent = client.post("/gradio_api/upload", files={"files": ("a.jpg", picture)})
    if sent.status_code != 200:
        return refusal(sent.status_code, sent.text)
    argument = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
    asked = client.post("/gradio_api/call/search", json={"data": [argument, length, 12]})
    if asked.status_code != 200:
        return refusal(asked.status_code, asked.text)
    text = client.get(f"/gradio_api/call/search/{asked.json()['event_id']}").text
    lines = [line for line in text.splitlines() if line]
    if "event: complete" not in lines:
        return refusal(200, lines[-1] if lines else "")
    results = json.loads(lines[-1].removeprefix("data: "))[0]["results"]
    return "answered" if len(results) == 12 else f"failed: {len(results)} results"


def refusal(status: int, text: str) -> str:
    """Whether an answer that is none says politely that the page is busy, or failed."""
    return "busy" if any(mark in text for mark in POLITE) else f"failed: {status} {text[:80]}"


def one_answer(address: str) -> float:
    """Seconds of an upload and a search by a lone visitor."""
    with httpx.Client(base_url=address, timeout=120) as client:
        start = time.perf_counter()
        call(client, "search", [upload(client, photo(640, 480)), 32, 12])
        return time.perf_counter() - start


def files(folder: Path) -> int:
    """How many files lie in a folder."""
    return sum(path.is_file() for path in folder.rglob("*"))


def watch_memory(page: RunningPage, seconds: float) -> list[float]:
    """Megabytes of the server, a figure each half second."""
    figures, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        figures.append(page.megabytes("VmRSS"))
        time.sleep(0.5)
    return figures


def crowd(clients: int, seconds: float, patience: float) -> dict[str, Any]:
    """Clients at once for so many seconds, and what is left of them after `patience` more at most."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"GRADIO_TEMP_DIR": folder, "TMPDIR": folder}
        with running_page(ROOT / "checkpoints" / "emoji", environment) as page:
            time.sleep(min(8, seconds))  # until the compiled search is ready
            before = statistics.median(one_answer(page.address) for _ in range(5))
            said: Counter[str] = Counter()
            times: list[float] = []
            with ThreadPoolExecutor(clients) as pool:
                until = time.perf_counter() + seconds
                visits = [pool.submit(visit, page.address, until, said, times) for _ in range(clients)]
                memory = watch_memory(page, seconds)
            for done in visits:
                done.result()
            after, left, start = one_answer(page.address), files(Path(folder)), time.perf_counter()
            while files(Path(folder)) and time.perf_counter() - start < patience:
                time.sleep(1)
            halves = memory[: len(memory) // 2], memory[len(memory) // 2 :]
            first, second = (statistics.median(half) for half in halves)
            sorted_times = sorted(times) or [0.0]
            return {
                "clients": clients,
                "seconds": seconds,
                "outcomes": dict(said),
                "median_s": round(statistics.median(sorted_times), 2),
                "p95_s": round(sorted_times[int(0.95 * (len(sorted_times) - 1))], 2),
                "megabytes": [round(first, 1), round(second, 1)],
                "growth": round(second / first - 1, 4),
                "files_after": left,
                "files_later": files(Path(folder)),
                "cleaned_after_s": round(time.perf_counter() - start),
                "answer_before_s": round(before, 3),
                "answer_after_s": round(after, 3),
            }


def two_pages(checkpoint: Path, folder: Path, room: Path, seconds: float) -> dict[str, Any]:
    """Two pages answer from one gallery while a third process adds to it; then a new page shows all."""
    path = room / "my.db"
    add_folder(path, folder / "red", checkpoint)
    said: Counter[str] = Counter()
    options = ["--gallery", str(path)]
    with running_page(checkpoint, options=options) as one, running_page(checkpoint, options=options) as two:
        until = time.perf_counter() + seconds
        with ThreadPoolExecutor(2) as pool:
            visits = [pool.submit(visit, page.address, until, said, []) for page in (one, two)]
            added = add_folder(path, folder, checkpoint).added
        for done in visits:
            done.result()
    with running_page(checkpoint, options=options) as page:
        galleries: Mapping[str, int] = httpx.get(f"{page.address}/health").json()["galleries"]
    return {"outcomes": dict(said), "added": added, "shown_after": sum(galleries.values())}
