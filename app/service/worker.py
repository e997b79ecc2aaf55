"""Long work in a process of its own, so that the page stays small and quick: it reports in lines of JSON.

A worker is a module run as `python -m MODULE ...`. It prints `{"stage": ..., "done": ...}` as it goes on, at
last `{"result": ...}` or `{"error": ...}`. Work that reads its standard input may be asked again and again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
Report = Callable[[str, float], None]


class WorkError(ValueError):
    """Work that could not be done; its message is one sentence for visitors."""


class Worker:
    """A process that is started when it is asked, and ended some time after the last answer.

    Args:
        module: what it runs.
        stopped: what is said when it ends without an answer.
        linger: seconds that it is kept for the next request.
    """

    def __init__(self, module: str, stopped: str, linger: float = 120.0) -> None:
        self.module, self.stopped, self.linger = module, stopped, linger
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._rest_from = 0.0

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def ask(self, request: Any, report: Report = lambda stage, done: None) -> Any:
        """The result of one request; one at a time, others wait.

        Args:
            request: anything that JSON holds.
            report: is told the stage and the share that is done, 0 to 1.

        Raises:
            WorkError: if the work fails.
        """
        with self._lock:
            process = self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()
                for line in process.stdout:
                    answer = json.loads(line)
                    if "error" in answer:
                        raise WorkError(answer["error"])
                    if "result" in answer:
                        return answer["result"]
                    report(answer["stage"], answer["done"])
            except OSError:
                pass  # it has ended
            finally:
                self._rest_from = time.monotonic() + self.linger
                timer = threading.Timer(self.linger + 0.01, self._rest)
                timer.daemon = True
                timer.start()
            self.close()
            raise WorkError(self.stopped)

    def _rest(self) -> None:
        with self._lock:
            if time.monotonic() >= self._rest_from:  # else it was asked again
                self.close()

    def close(self) -> None:
        """End the process, and free what it holds."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        return self._process


def answer_requests(work: Callable[[Any, Report], Any]) -> None:
    """The worker's side: answer what comes on standard input until it ends, behind all visitors in priority."""
    if hasattr(os, "nice"):
        os.nice(5)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer

    def say(**line: Any) -> None:
        print(json.dumps(line), file=answers, flush=True)

    for line in sys.stdin:
        try:
            say(result=work(json.loads(line), lambda stage, done: say(stage=stage, done=done)))
        except WorkError as error:
            say(error=str(error))
