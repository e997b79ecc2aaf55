"""How long a search takes in a gallery of any size: measured on this machine, once for all who ask."""

from __future__ import annotations

import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app import texts
from app.service.search import SearchService
from app.service.worker import Worker, WorkError

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
KEEP_SECONDS = 600.0
MOST_WAITING = 6
MOST_KEPT = 64


def sizes(service: SearchService) -> tuple[int, ...]:
    """The gallery's own size, and larger ones up to 10 million."""
    own = len(service)
    return (own, *(size for size in SIZES if size > own))


@dataclass(frozen=True)
class Timing:
    """Searches in `count` codes, by length: median microseconds of each method, and what that takes.

    Attributes:
        count: how many codes.
        own: how many of them are of real pictures.
        times: by length, microseconds by method: "scan", "index" and, where it is installed, "faiss".
        index_bytes: of the index, which serves all lengths.
        at: when, by `time.time`.
    """

    count: int
    own: int
    times: dict[int, dict[str, float]]
    index_bytes: int
    at: float


@dataclass
class Job:
    """A measurement that is waiting, at work, or done."""

    stage: str = "wait"
    done: float = 0.0
    timing: Timing | None = None
    error: str = ""
    ended: float | None = field(default=None, repr=False)

    def progress(self, stage: str, done: float) -> None:
        """Note how far it is."""
        self.stage, self.done = stage, done


class SpeedBench:
    """Measures in one worker, one gallery at a time; what it found is kept for a while, and shared.

    Args:
        worker: what measures.
    """

    def __init__(self, worker: Worker | None = None) -> None:
        self.worker = worker or Worker("app.service.speed_worker", texts.MEASURING_STOPPED)
        self._jobs: dict[tuple[str, int], Job] = {}
        self._lock = threading.Lock()
        self._turns = ThreadPoolExecutor(1, thread_name_prefix="speed")
        self._folder = tempfile.TemporaryDirectory(prefix="nested-hashing-")

    def ask(self, service: SearchService, count: int, again: bool = False) -> Job:
        """The measurement of a gallery enlarged to `count` codes, which is begun if need be; never waits.

        Args:
            service: whose codes.
            count: one of `sizes(service)`.
            again: measure anew, though it was measured a while ago.

        Raises:
            ValueError: if `count` is another, or too many are waiting.
        """
        if count not in sizes(service):
            choices = ", ".join(map(str, sizes(service)))
            raise ValueError(f"`count` must be one of {choices} but got {str(count)[:50]!r}")
        with self._lock:
            old = self._jobs.get((service.key, count))
            if old is not None and (old.ended is None or not (again or _stale(old))):
                return old
            if sum(job.ended is None for job in self._jobs.values()) >= MOST_WAITING:
                raise ValueError(texts.TOO_MANY_WAIT)
            while len(self._jobs) >= MOST_KEPT:
                del self._jobs[next(key for key, job in self._jobs.items() if job.ended is not None)]
            job = self._jobs[service.key, count] = Job()
        self._turns.submit(self._measure, job, service, count)
        return job

    def _measure(self, job: Job, service: SearchService, count: int) -> None:
        try:
            request = {"source": self._source(service), "count": count, "lengths": service.lengths}
            found = self.worker.ask(request, job.progress)
            times = {int(length): us for length, us in found["times"].items()}
            job.timing = Timing(count, len(service), times, found["index_bytes"], time.time())
        except WorkError as error:
            job.error = str(error)
        finally:
            job.ended = time.monotonic()
            if not (job.timing or job.error):
                job.error = texts.MEASURING_STOPPED

    def _source(self, service: SearchService) -> str:
        path = Path(self._folder.name) / f"{service.key}.npz"
        labels = np.unique([item.label for item in service.searched], return_inverse=True)[1]
        chosen = np.random.default_rng(0).permutation(service.example_codes)
        np.savez(path, codes=service.searched_codes, labels=labels, queries=chosen)
        return str(path)

    def close(self) -> None:
        """Forget all, and end the worker."""
        self._turns.shutdown(wait=False, cancel_futures=True)
        self.worker.close()
        self._folder.cleanup()


def _stale(job: Job) -> bool:
    """Whether it ended too long ago; a failure too is kept, and tried again at once only if that is wished."""
    return time.monotonic() - (job.ended or 0.0) > KEEP_SECONDS
