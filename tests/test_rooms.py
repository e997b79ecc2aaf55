"""The packages, and which of them never import which."""

import ast
import itertools
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HALL = "nhl"  # the modules directly in nhl/: the method, readable in one sitting
GROUND = "app"  # the modules directly in app/
PACKAGES = {
    *(HALL, "nhl.losses", "nhl.model", "nhl.index", "nhl.metrics", "nhl.gallery", "nhl.data", "nhl.training"),
    *("nhl.images", "nhl.evaluation", "nhl.commands", GROUND, "app.server", "app.page", "app.service"),
}
BASES = {"nhl.codes", "nhl.jit", "nhl.machine", "nhl.atomic_write", "nhl.digest"}
ENTRANCES = {"nhl", "nhl.__main__"}  # they name what lies behind them: the one lazily, the other as commands
NEVER = {
    HALL: {"nhl.model", "nhl.data", "nhl.gallery", "nhl.index", "app", "benchmarks"},
    "nhl.images": {"nhl.model", "nhl.data", "nhl.gallery", "nhl.index"},
    "nhl.losses": {"nhl.model", "nhl.data", "nhl.gallery", "nhl.index"},
    "nhl.model": {"nhl.gallery", "nhl.data", "nhl.training"},
    "nhl.gallery": {"nhl.data", "nhl.training", "nhl.evaluation"},
    "nhl.training": {"nhl.gallery", "nhl.index", "nhl.evaluation"},
    GROUND: {"nhl.losses", "nhl.training", "nhl.data", "nhl.evaluation"},
    "app.service": {"app.page", "gradio"},
}
PURE = ("nhl.index", "nhl.metrics")  # they import nothing of nhl but themselves and BASES
LIGHT = ("nhl.index", "nhl.gallery", "nhl.metrics", "app.service.search")
MOST_IN_THE_HALL = 14
MOST_LINES = 300


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for room in ("nhl", "app") for path in (ROOT / room).rglob("*.py")}


def package_of(module: str) -> str:
    """The package of a module, itself included; `nhl` and `app` for what lies directly in them."""
    return (
        ".".join(module.split(".")[:2])
        if ".".join(module.split(".")[:2]) in PACKAGES
        else module.split(".")[0]
    )


def inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def imports(module: str) -> set[str]:
    """What one module imports anywhere, by full name: modules of this project, else names as they stand."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = f"{package.rsplit('.', node.level - 1)[0]}.{base}".rstrip(".")
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= names & set(MODULES) or {base}
    return found - {module}


def breaches(module: str, found: set[str]) -> set[str]:
    """Of what a module imports, what it never should."""
    package = package_of(module)
    never = NEVER.get(package, set()) | NEVER[module.split(".")[0]] & {"app", "benchmarks"}
    if module.startswith("app"):
        never |= NEVER[GROUND]
    wrong = {other for other in found for barred in never if inside(other, barred)}
    if package in PURE:
        wrong |= {o for o in found if inside(o, "nhl") and o not in BASES and not inside(o, package)}
    return wrong


@pytest.mark.parametrize("module", sorted(set(MODULES) - ENTRANCES))
def test_no_forbidden_arrows(module: str) -> None:
    assert not breaches(module, imports(module))


@pytest.mark.parametrize(
    ("module", "other"),
    [
        ("nhl.codes", "app.texts"),
        ("nhl.training.trainer", "benchmarks.train"),
        ("nhl.layer", "nhl.index"),
        ("nhl.losses.csq", "nhl.model.network"),
        ("nhl.images.loading", "nhl.gallery"),
        ("nhl.index.nested", "nhl.images"),
        ("nhl.metrics.histograms", "nhl.index"),
        ("nhl.model.encode", "nhl.gallery"),
        ("nhl.gallery.folder", "nhl.data.pictures"),
        ("nhl.training.train", "nhl.evaluation.evaluate"),
        ("app.texts", "nhl.losses"),
        ("app.page.views", "nhl.data"),
        ("app.service.search", "app.page.tiles"),
        ("app.service.search", "gradio.utils"),
    ],
)
def test_the_check_finds(module: str, other: str) -> None:
    assert breaches(module, {other, "numpy", "nhl.codes"}) == {other}


def test_every_folder_is_a_known_package() -> None:
    folders = {name_of(path) for path in MODULES.values() if path.name == "__init__.py"}
    assert {package_of(folder) for folder in folders} == PACKAGES
    assert folders - PACKAGES == {"app.page.sections"}
    assert folders >= PACKAGES


def test_no_two_packages_import_each_other() -> None:
    """The hall apart, whose modules stand each for themselves."""
    arrows: dict[str, set[str]] = defaultdict(set)
    for module in set(MODULES) - ENTRANCES:
        arrows[package_of(module)] |= {package_of(other) for other in imports(module) & set(MODULES)}
    reached = {package: arrows[package] - {HALL, GROUND, package} for package in PACKAGES - {HALL, GROUND}}
    for _ in PACKAGES:
        reached = {p: near.union(*(reached[n] for n in near)) for p, near in reached.items()}
    assert not {package for package, far in reached.items() if package in far}


def test_the_hall_is_small() -> None:
    hall = [path for path in MODULES.values() if path.parent == ROOT / "nhl"]
    assert len([path for path in hall if not path.name.startswith("__")]) <= MOST_IN_THE_HALL


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_module_is_long(module: str) -> None:
    with MODULES[module].open(encoding="utf-8") as lines:
        assert sum(1 for _ in itertools.islice(lines, MOST_LINES + 1)) <= MOST_LINES


@pytest.mark.parametrize("module", LIGHT)
def test_search_needs_neither_torch_nor_gradio(module: str) -> None:
    code = f"import sys, {module}; sys.exit(' '.join({{'torch', 'gradio'}} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_drawers() -> None:
    assert not {m for m in MODULES if m.rpartition(".")[2] in {"utils", "helpers", "common", "tools", "misc"}}
