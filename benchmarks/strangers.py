"""A stranger's machine: the two commands of the README on each Python, and a Space, each in a fresh clone.

Every Python gets an empty environment and an empty home. The Space is started by its own file, as another
user, on two cores, with read-only code, a read-only home and no network; that needs Linux and root. It is started a
second time in the environment of a ZeroGPU Space. The clone holds what is committed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx

from benchmarks.options import options_of
from benchmarks.page import call, photo, upload
from benchmarks.reliability.malformed import run_tests
from benchmarks.reliability.report import failures_of_strangers, write_page
from benchmarks.result_file import RESULTS, write_result
from benchmarks.startup import ROOT

PYTHONS = ("python3.10", "python3.11", "python3.12")
NOBODY = 65534
LENDER = 8999  # its port
READY = re.compile(r"The page is ready at (\S+)")


def readme_commands(readme: str) -> tuple[str, str]:
    """The command that opens the page and the one that runs the tests.

    Raises:
        ValueError: if the README has not one of each.
    """
    found = re.findall(r"^```\n(pip install .*)\n```$", readme, re.MULTILINE)
    if [command.split(" && ")[-1] for command in found] != ["python -m app", "python -m pytest"]:
        raise ValueError(
            f"README.md must hold one command for the page and one for the tests but has {found}"
        )
    return found[0], found[1]


def ask(address: str) -> dict[str, Any]:
    """What the page answers: its start page, its health, and a search with a picture."""
    with httpx.Client(base_url=address, timeout=120) as client:
        page, health = client.get("/"), client.get("/health")
        results = call(client, "search", [upload(client, photo(640, 480)), 32, 12])[0]["results"]
    return {"page": page.status_code, "health": health.status_code, "results": len(results)}


@contextmanager
def serving(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], limit: float
) -> Iterator[str]:
    """The address of a page that a command opens, once it is ready; stopped at the end.

    Raises:
        RuntimeError: if the command ends, or is not ready in `limit` seconds; with what it said last.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    timer = threading.Timer(limit, os.killpg, (process.pid, SIGTERM))
    timer.start()
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if found := READY.search(line):
                break
        else:
            raise RuntimeError(f"no page: {''.join(said[-20:])}")
        timer.cancel()
        threading.Thread(target=process.stdout.read, daemon=True).start()  # a full pipe would stop it
        yield found[1]
    finally:
        timer.cancel()
        if process.poll() is None:
            os.killpg(process.pid, SIGTERM)
        process.wait(30)


def stranger(python: str, room: Path) -> dict[str, Any]:
    """Both commands of the README with one Python, in a room of its own."""
    code, home, environment = _clone(room / "code"), room / "home", room / "environment"
    home.mkdir()
    subprocess.run([python, "-m", "venv", environment], check=True)
    variables = {
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "VIRTUAL_ENV": str(environment),
    }
    version = subprocess.check_output([environment / "bin" / "python", "-V"], text=True).split()[1]
    page, tests = readme_commands((code / "README.md").read_text(encoding="utf-8"))
    start = time.perf_counter()
    with serving(["bash", "-c", page], code, variables, limit=3000) as address:
        ready = time.perf_counter() - start
        answers = ask(address)
    return {
        "python": version,
        "page_ready_s": round(ready, 1),
        "answers": answers,
        "tests": run_tests(["bash", "-c", tests], code, variables),
        "left_in_code": _changed(code),
    }


def space(python: str, room: Path, zero_gpu: bool = False) -> dict[str, Any]:
    """The page as a Space starts it, its first start and one after it; as a ZeroGPU Space if that is wanted.

    What lends the GPU there is a stand-in beside it, without which the page would not start.

    Raises:
        RuntimeError: if it does not start, or another user cannot run `python`.
    """
    code, temporary = _clone(room / "code"), room / "tmp"
    temporary.mkdir()
    temporary.chmod(0o1777)
    for path in (code, *code.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "TMPDIR": str(temporary),
        "SPACE_ID": "somebody/nested-hashing",
        "SYSTEM": "spaces",
    }
    program = Path(python).absolute()
    begin = "ip link set lo up"
    if zero_gpu:
        variables |= {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{LENDER}"}
        begin += f" && ({program} tests/lending.py {LENDER} &) && sleep 1"
    alone = ["unshare", "--net", "sh", "-c", f'{begin} && exec "$@"', "sh"]
    as_nobody = [
        "setpriv",
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        "taskset",
        "-c",
        "0,1",
    ]
    command = [*alone, *as_nobody, str(program), "space_app.py"]
    starts = []
    for _ in range(2):
        start = time.perf_counter()
        with serving(command, code, variables, limit=300) as address:
            ready = time.perf_counter() - start
            inside = ["nsenter", "-t", _process("space_app.py", code), "-n"]
            asked = [*inside, sys.executable, "-m", "benchmarks.strangers", address]
            answers = json.loads(subprocess.check_output(asked, cwd=ROOT, text=True))
        starts.append({"page_ready_s": round(ready, 1), "answers": answers})
    return {"starts": starts, "left_in_code": _changed(code)}


def _clone(to: Path) -> Path:
    subprocess.run(["git", "clone", "-q", str(ROOT), str(to)], check=True)
    return to


def _changed(code: Path) -> list[str]:
    """What a run has changed or left in its clone, but for what git ignores."""
    status = ["git", "-c", f"safe.directory={code}", "status", "--porcelain"]
    return subprocess.check_output(status, cwd=code, text=True).splitlines()


def _process(name: str, folder: Path) -> str:
    """The id of the process that runs a file in a folder."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if name in (path / "cmdline").read_text() and (path / "cwd").resolve() == folder.resolve():
                return path.name
        except OSError:  # it has ended
            continue
    raise RuntimeError(f"no process runs {name}")


def main(arguments: Sequence[str]) -> int:
    """Run all of it; the exit status is 1 if something did not hold."""
    parser = options_of("strangers", __doc__)
    parser.add_argument("--python", nargs="*", default=PYTHONS, help="commands that start a Python")
    parser.add_argument(
        "--space",
        default=sys.executable,
        metavar="PYTHON",
        help="a Python that has the packages and that any user may run",
    )
    options = parser.parse_args(arguments)
    missing = [python for python in options.python if shutil.which(python) is None]
    if missing:
        parser.error(f"--python names what cannot be run: {', '.join(missing)}")
    result: dict[str, Any] = {"pythons": []}
    with tempfile.TemporaryDirectory() as work:
        Path(work).chmod(0o755)
        for number, python in enumerate(options.python):
            room = Path(work) / str(number)
            room.mkdir()
            result["pythons"].append(stranger(python, room))
            print(json.dumps(result["pythons"][-1]), flush=True)
            shutil.rmtree(room)
        for kind in ("space", "zerogpu"):
            room = Path(work) / kind
            room.mkdir()
            result[kind] = space(options.space, room, zero_gpu=kind == "zerogpu")
            print(json.dumps(result[kind]), flush=True)
    path = write_result("strangers", result, options.out)
    wrong = failures_of_strangers(result)
    print("\n".join(wrong) or "every check passed")
    print(f"\nwritten to {path}" + (f" and {write_page(RESULTS)}" if options.out is None else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    print(json.dumps(ask(sys.argv[1])))
