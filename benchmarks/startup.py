"""Seconds from the start of `python -m app` to the first answer, and its memory: warm, and for the first time.

The very first start converts the network and compiles the search; it is timed with empty caches.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.options import options_of
from benchmarks.result_file import write_result

ROOT = Path(__file__).parents[1]
LIMIT = 120.0


@dataclass(frozen=True)
class RunningPage:
    """A page that answers: where, since how many seconds after its start, and its process."""

    address: str
    seconds: float
    process: int

    def megabytes(self, what: str) -> float:
        """Memory as the kernel counts it: "VmRSS" now, "VmHWM" at the most so far."""
        for line in Path(f"/proc/{self.process}/status").read_text().splitlines():
            if line.startswith(f"{what}:"):
                return round(int(line.split()[1]) / 1024, 1)
        raise ValueError(f"`what` must be a line of /proc/PID/status but got {what!r}")


@contextmanager
def running_page(
    checkpoint: Path, environment: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> Iterator[RunningPage]:
    """Start the page as a visitor's host would, wait until it answers, and stop it at the end.

    Raises:
        RuntimeError: if it ends, or does not answer in two minutes.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, start = f"http://127.0.0.1:{port}", time.perf_counter()
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "app",
            "--checkpoint",
            str(checkpoint.resolve()),
            "--port",
            str(port),
            *options,
        ],
        cwd=ROOT,
        env={**os.environ, "GRADIO_SERVER_NAME": "127.0.0.1", **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(address):
            if server.poll() is not None or time.perf_counter() - start > LIMIT:
                raise RuntimeError(f"the page did not answer in {LIMIT:.0f} s (exit status {server.poll()})")
            time.sleep(0.02)
        yield RunningPage(address, time.perf_counter() - start, server.pid)
    finally:
        server.terminate()
        server.wait(10)


def _answers(address: str) -> bool:
    try:
        with urlopen(address) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False


def measure(checkpoint: Path, starts: int, environment: Mapping[str, str] | None = None) -> dict[str, float]:
    """The median of several starts, and the most memory of any."""
    seconds, idle, peak = [], [], []
    for _ in range(starts):
        with running_page(checkpoint, environment) as page:
            seconds.append(page.seconds)
            time.sleep(1)
            idle.append(page.megabytes("VmRSS"))
            peak.append(page.megabytes("VmHWM"))
    return {
        "starts": starts,
        "seconds": round(statistics.median(seconds), 2),
        "slowest_seconds": round(max(seconds), 2),
        "idle_megabytes": max(idle),
        "peak_megabytes": max(peak),
    }


def add_page_model(parser: argparse.ArgumentParser) -> None:
    """The option that names the checkpoint of a page."""
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=ROOT / "checkpoints" / "emoji",
        help="folder of the model that the page shows",
    )


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; the exit status."""
    parser = options_of("startup", __doc__)
    add_page_model(parser)
    parser.add_argument(
        "--starts", type=int, default=5, help="number of warm starts, of which the median counts"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as empty:
        first = {"NHL_CACHE": f"{empty}/nhl", "NUMBA_CACHE_DIR": f"{empty}/numba"}
        result = {"first": measure(options.checkpoint, 1, first)}
    result["warm"] = measure(options.checkpoint, options.starts)
    for name, found in result.items():
        print(f"{name:5}  {found['seconds']:5.1f} s  at most {found['peak_megabytes']:6.0f} MB")
    print(f"\nwritten to {write_result('startup', result, options.out)}")
    return 0
