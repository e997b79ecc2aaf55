"""The order of the rooms: every module imports lower ones only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ORDER = [
    *[
        "nhl.codes",
        "nhl.processors",
        "nhl.machine",
        "nhl.whole_file",
        "nhl.images",
        "nhl.preprocessing",
        "nhl.picture_files",
        "nhl.gallery",
        "nhl.gallery_check",
        "nhl.gallery_writer",
        "nhl.contact_sheet",
        "nhl.stored_codes",
        "nhl.synthetic",
    ],
    *[
        "nhl.instructions",
        "nhl.kernels",
        "nhl.compiled",
        "nhl.segment",
        "nhl.index_file",
        "nhl.index",
        "nhl.clickhouse",
        "nhl.count_kernels",
        "nhl.distance_counts",
        "nhl.metrics",
    ],
    "nhl.checkpoint",
    *[
        "nhl.centers",
        "nhl.layer",
        "nhl.distillation",
        "nhl.losses",
        "nhl.memory_bank",
        "nhl.instance_loss",
        "nhl.nesting",
        "nhl.weighting",
    ],
    *[
        "nhl.backbones",
        "nhl.depthwise",
        "nhl.augmentation",
        "nhl.settings",
        "nhl.model",
        "nhl.average",
        "nhl.runtimes",
        "nhl.encode",
        "nhl.picture_reading",
        "nhl.gallery_codes",
    ],
    *["nhl.gallery_folder", "nhl.gallery_export", "nhl.export", "nhl.advise"],
    *["nhl.data.pictures", "nhl.data.emoji", "nhl.data.cifar10", "nhl.data.image_folder"],
    *["nhl.data.image_list", "nhl.data.unreadable", "nhl.data.protocols", "nhl.data", "nhl.data.views"],
    *["nhl.evaluation_files", "nhl.evaluate", "nhl.run", "nhl.train", "nhl.tensorboard"],
    *["nhl.features", "nhl.compare", "nhl.comparison_report", "nhl", "nhl.commands", "nhl.__main__"],
    *[
        "app",
        "app.loading",
        "app.texts",
        "app.doors",
        "app.charts",
        "app.tour",
        "app.search_service",
        "app.lessons",
        "app.worker",
        "app.speed",
        "app.speed_worker",
        "app.own_pictures",
        "app.cifar10_worker",
        "app.galleries",
        "app.views",
        "app.sections",
        "app.components",
        "app.arguments",
        "app.state",
        "app.handlers",
        "app.page",
        "app.sight",
        "app.server",
        "app.__main__",
    ],
]
TRAINING = {"nhl.train", "nhl.losses", "nhl.nesting", "nhl.weighting", "nhl.settings", "nhl.data"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for room in ("nhl", "app") for path in (ROOT / room).rglob("*.py")}


def rank(module: str) -> int:
    """The place of a module in the order; a file of a package has the place of its package, if none of its own."""
    while module not in ORDER:
        module = module.rpartition(".")[0]
    return ORDER.index(module)


def imports(module: str) -> set[str]:
    """The modules of this project that one imports anywhere, by full name."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.rsplit(".", node.level - 1)[0]
                base = f"{up}.{base}".rstrip(".")
            found |= {
                f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names
            }
    return found & set(MODULES)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_downwards(module: str) -> None:
    for other in imports(module) - {module}:
        same_package = rank(other) == rank(module)
        assert same_package or rank(other) < rank(module), f"{module} imports {other}, which stands higher"


def test_the_page_knows_nothing_of_training() -> None:
    for module in MODULES:
        if module.startswith("app"):
            assert not {found for found in imports(module) if any(found.startswith(t) for t in TRAINING)}


def test_no_drawers() -> None:
    assert not {m for m in MODULES if m.rpartition(".")[2] in {"utils", "helpers", "common", "tools", "misc"}}
