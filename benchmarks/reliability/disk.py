"""A full disk: one sentence that names the file, and all that was there before; with room again it goes on."""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.reliability.kills import Job, run, start

MEGABYTE = 1 << 20
# In bytes: too small for all of the work, enough for some of it. A state of training is 2 MB.
SIZES = {"gallery": MEGABYTE // 4, "training": MEGABYTE, "index": 3 * MEGABYTE // 2}


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """A folder that holds `size` bytes, where the system lets us make one; whether it did."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        made = shutil.which("mount") and subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        made = False
    try:
        yield bool(made)
    finally:
        if made:
            subprocess.run(["umount", str(folder)], check=True)


def fill(job: Job, room: Path, unbroken: Path) -> dict[str, Any]:
    """Work on a disk that is too small, look, make room, and work again."""
    size, to = SIZES[job.name], room / "disk" / "work"
    with small_disk(room / "disk", size) as made:

        def limited() -> None:
            if not made:  # then no file may be larger: the same to a program, but for the error's number
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        process = start(job, to, preexec_fn=limited)
        output, errors = process.communicate()
        said = max([0, *map(int, output.split())])
        kept = room / "kept"
        if to.exists():
            shutil.copytree(to, kept)
    safe = job.safe(kept)
    run(job, kept)
    lines = errors.strip().splitlines()
    return {
        "disk": f"{size // 1024} kB, " + ("a file system" if made else "a limit for each file"),
        "failed": process.returncode != 0,
        "said": lines[-1].replace(str(room), "...") if lines else "",
        "one_sentence": len([line for line in lines if "Warning" not in line]) == 1
        and lines[-1].startswith("error: "),
        "lost": safe < said,
        "whole_with_room": job.contents(kept) == job.contents(unbroken),
    }
