"""From the start of `python -m app` to the first page answered, its memory, and the time of one query."""

import argparse
import io
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import write_result


def main(arguments: Sequence[str] = ()) -> int:
    """Run, print, and write `benchmarks/results/startup.json`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/startup.json"))
    options = parser.parse_args(arguments)
    starts = [_start() for _ in range(options.rounds)]
    result = {
        "seconds_to_first_page": round(median(s["seconds"] for s in starts), 2),
        "idle_memory_mb": round(median(s["memory_mb"] for s in starts)),
        "query_ms": _query_ms(),
    }
    write_result("startup", result, options.out)
    print(json.dumps(result, indent=2))
    return 0


def _start() -> dict[str, float]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begin = time.perf_counter()
    page = subprocess.Popen([sys.executable, "-m", "app", "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        while time.perf_counter() - begin < 120:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30).read()
                break
            except OSError:
                time.sleep(0.02)
        seconds = time.perf_counter() - begin
        time.sleep(2)
        status = Path(f"/proc/{page.pid}/status").read_text().splitlines()
        memory = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        return {"seconds": seconds, "memory_mb": memory / 1024}
    finally:
        page.terminate()
        page.wait(10)


def _query_ms(rounds: int = 50) -> dict[str, float]:
    """Server time of one query, by part: decoding a 640 x 480 JPEG, encoding, searching 12 at 32 bits."""
    from PIL import Image

    from app.__main__ import CHECKPOINT
    from app.search_service import REPEATS, SearchService
    from nhl.images import load_image

    service, photo = SearchService(CHECKPOINT), io.BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(photo, "JPEG")
    times: dict[str, list[float]] = {"decode": [], "encode": [], f"search_{REPEATS}_repeats": []}

    def timed(part: str, call: Any) -> Any:
        begin = time.perf_counter()
        value = call()
        times[part].append((time.perf_counter() - begin) * 1000)
        return value

    for _ in range(rounds):
        picture = timed("decode", lambda: load_image(photo.getvalue()))
        query = timed("encode", lambda picture=picture: service.picture(picture))
        timed(f"search_{REPEATS}_repeats", lambda query=query: service.search(query, 32, 12))
    return {part: round(median(values), 2) for part, values in times.items()}
