"""Faults and crowds, in earnest: kills at random moments, a full disk, two pages on one gallery, 32 clients, malformed input.

It takes half an hour, and writes its result and the page about it, docs/RELIABILITY.md.
"""

import os
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.options import options_of
from benchmarks.reliability.crowd import crowd, two_pages
from benchmarks.reliability.disk import fill
from benchmarks.reliability.kills import (
    GalleryJob,
    IndexJob,
    Job,
    TrainingJob,
    kill_often,
    pictures,
    tiny_checkpoint,
)
from benchmarks.reliability.malformed import malformed
from benchmarks.reliability.report import failures, write_page
from benchmarks.result_file import RESULTS, write_result


def main(arguments: Sequence[str]) -> int:
    """Run all of it; the exit status is 1 if something did not hold."""
    parser = options_of("reliability", __doc__)
    parser.add_argument("--kills", type=int, default=50, help="number of kills for each kind of work")
    parser.add_argument("--clients", type=int, default=32, help="number of clients at once")
    parser.add_argument("--seconds", type=float, default=120, help="seconds that the crowd stays")
    parser.add_argument(
        "--patience", type=float, default=1200, help="seconds within which its files must be gone"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random moments")
    options = parser.parse_args(arguments)
    chance, result = random.Random(options.seed), {}
    with tempfile.TemporaryDirectory() as work:
        room = Path(work)
        os.environ["NHL_CACHE"] = str(room / "cache")
        folder, checkpoint = pictures(room / "pictures"), tiny_checkpoint(room / "model")
        jobs: list[Job] = [GalleryJob(folder, checkpoint), TrainingJob(folder), IndexJob()]
        result["kills"] = {job.name: kill_often(job, options.kills, room / job.name, chance) for job in jobs}
        result["disk"] = {
            job.name: fill(job, _made(room / f"{job.name}-disk"), room / job.name / "unbroken")
            for job in jobs
        }
        result["two_pages"] = two_pages(checkpoint, folder, _made(room / "two"), min(20, options.seconds))
    result["crowd"] = crowd(options.clients, options.seconds, options.patience)
    result["malformed"] = malformed()
    path = write_result("reliability", result, options.out)
    wrong = failures(result)
    print("\n".join(wrong) or "every check passed")
    print(f"\nwritten to {path}" + (f" and {write_page(RESULTS)}" if options.out is None else ""))
    return 1 if wrong else 0


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
