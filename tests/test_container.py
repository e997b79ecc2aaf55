"""The Dockerfile, step by step without Docker: what it copies is enough to open the page, and its check sees that."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOT_SENT = ("__pycache__", "*.pyi", "*-run")


def steps() -> list[tuple[str, str]]:
    """Instructions and what they are given, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line]


def given(instruction: str) -> list[str]:
    return [rest for name, rest in steps() if name == instruction]


def test_the_base_is_pinned_to_a_python_that_is_supported() -> None:
    (base,) = given("FROM")
    assert re.fullmatch(r"python:3\.1[0-3]\.\d+-slim-\w+", base)


def test_it_does_not_run_as_root() -> None:
    names = [name for name, _ in steps()]
    assert "useradd" in steps()[1][1]
    assert given("USER") == ["page"]
    assert names.index("USER") < names.index("CMD")
    assert "COPY" not in names[names.index("USER") :]  # what the page runs, it cannot write


def test_it_installs_the_one_line_of_the_page() -> None:
    install = next(rest for rest in given("RUN") if "pip" in rest)
    assert install.endswith("pip install --no-cache-dir -r requirements.txt")
    assert install.index("download.pytorch.org/whl/cpu") < install.index("requirements.txt")


def test_docker_is_sent_what_is_copied_and_little_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert let_in == {source.split("/")[0] for rest in given("COPY") for source in rest.split()[:-1]}
    assert {line.split("/")[-1] for line in lines[1:] if not line.startswith("!")} == {*NOT_SENT, "cifar10"}


@pytest.fixture
def container(tmp_path: Path) -> Path:
    """A folder with what is copied into the container."""
    for rest in given("COPY"):
        *sources, to = rest.split()
        for source in sources:
            path, place = ROOT / source, tmp_path / (source if to in (".", "./") else to)
            if path.is_dir():
                shutil.copytree(path, place, ignore=shutil.ignore_patterns(*NOT_SENT))
            else:
                shutil.copy(path, place)
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="the container is Linux")
def test_what_it_copies_opens_a_healthy_page(
    container: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = "7961"
    cache = tmp_path_factory.mktemp("cache")
    environment = {
        **os.environ,
        "NHL_CACHE": str(cache),
        "GRADIO_SERVER_PORT": port,
        "GRADIO_SERVER_NAME": "127.0.0.1",
    }
    warm = next(rest for rest in given("RUN") if rest.startswith("python"))
    subprocess.run(
        [sys.executable, *shlex.split(warm)[1:]], cwd=container, env=environment, check=True, timeout=300
    )
    assert list(cache.glob("*.safetensors"))
    healthy = json.loads(given("HEALTHCHECK")[0].split("CMD ")[1])
    ask = [sys.executable, *[part.replace("7860", port) for part in healthy[1:]]]
    assert subprocess.run(ask, check=False, capture_output=True).returncode  # nobody answers yet
    start = [sys.executable, *json.loads(given("CMD")[0])[1:]]
    page = subprocess.Popen(start, cwd=container, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert page.stdout is not None
        assert page.stdout.readline().startswith(f"The page is ready at http://127.0.0.1:{port}")
        assert subprocess.run(ask, check=False).returncode == 0
    finally:
        page.terminate()
        page.wait(30)
