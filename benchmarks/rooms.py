"""No benchmark: draws which package imports which, from the source, as docs/rooms.svg.

Packages stand on those that they import; an arrow that others imply is left out. The modules directly in `nhl/` and
`app/` are one room each.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from benchmarks.options import options_of
from nhl.atomic_write import write_bytes

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT, ACROSS, DOWN, MARGIN = 128, 46, 156, 104, 24
ENTRANCES = {"nhl/__init__.py", "nhl/__main__.py"}  # they name what lies behind them
PURPOSE = {
    "nhl": "the method",
    "nhl.images": "clean pictures",
    "nhl.losses": "published losses",
    "nhl.model": "a network, its folder",
    "nhl.index": "exact search",
    "nhl.metrics": "figures from codes",
    "nhl.gallery": "pictures, labels, codes",
    "nhl.data": "train, query, database",
    "nhl.training": "one run",
    "nhl.evaluation": "what a model is worth",
    "nhl.commands": "the command line",
    "app": "words, entrance",
    "app.server": "requests and metrics",
    "app.page": "what is shown",
    "app.service": "what is known",
}


def arrows() -> dict[str, set[str]]:
    """Which packages each package imports, itself left out."""
    found: dict[str, set[str]] = {package: set() for package in PURPOSE}
    for path in sorted((*(ROOT / "nhl").rglob("*.py"), *(ROOT / "app").rglob("*.py"))):
        place = path.relative_to(ROOT)
        if place.as_posix() not in ENTRANCES:
            package = _package(".".join(place.parts[:-1]))
            found[package] |= {_package(name) for name in _imported(path)} - {package}
    return found


def _imported(path: Path) -> Iterator[str]:
    """The modules of this project that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.split(".")[0] in ("nhl", "app"))


def _package(name: str) -> str:
    """The package of a module, of those in `PURPOSE`."""
    two = ".".join(name.split(".")[:2])
    return two if two in PURPOSE else name.split(".")[0]


def storeys(found: Mapping[str, set[str]]) -> dict[str, int]:
    """How high each package stands: one above the highest that it imports, the rooms `nhl` and `app` apart.

    Modules of these two are bases of some packages and entrances to others, so that they stand at the foot and at
    the top.
    """
    heights = {"nhl": 0}

    def height(package: str, above: tuple[str, ...] = ()) -> int:
        if package not in heights:
            below = found[package] - {"app", *above}
            heights[package] = 1 + max((height(other, (*above, package)) for other in below), default=0)
        return heights[package]

    for package in found:
        height(package)
    heights["app"] = max(heights.values()) + 1
    return heights


def needed(found: Mapping[str, set[str]], heights: Mapping[str, int]) -> list[tuple[str, str]]:
    """The arrows downwards that no chain of others implies."""
    down = {p: {o for o in others if heights[o] < heights[p]} for p, others in found.items()}

    def reach(package: str) -> set[str]:
        return down[package].union(*(reach(other) for other in down[package]))

    return [
        (p, o) for p in down for o in sorted(down[p]) if not any(o in reach(via) for via in down[p] - {o})
    ]


def draw(found: Mapping[str, set[str]]) -> str:
    """The picture, SVG."""
    heights = storeys(found)
    floors: dict[int, list[str]] = defaultdict(list)
    for package in PURPOSE:
        floors[heights[package]].append(package)
    width = max(map(len, floors.values())) * ACROSS + 2 * MARGIN
    top = max(floors)
    places = {
        package: (width / 2 + (i - (len(row) - 1) / 2) * ACROSS, MARGIN + HEIGHT / 2 + (top - floor) * DOWN)
        for floor, row in floors.items()
        for i, package in enumerate(row)
    }
    lines = [_arrow(places[a], places[b]) for a, b in needed(found, heights)]
    boxes = [_box(package, *place) for package, place in places.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top * DOWN + HEIGHT + 2 * MARGIN}" '
            'font-family="system-ui, sans-serif" text-anchor="middle">',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" '
            'orient="auto"><path d="M0 0 8 4 0 8z" fill="#8a8f98"/></marker></defs>',
            f'<rect width="{width}" height="100%" fill="#fff"/>',
            *lines,
            *boxes,
            "</svg>\n",
        ]
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), (u, v) = (start[0], start[1] + HEIGHT / 2), (end[0], end[1] - HEIGHT / 2)
    bend = min(DOWN / 2, (v - y) / 2)
    curve = f"M{x:.0f} {y:.0f}C{x:.0f} {y + bend:.0f} {u:.0f} {v - bend:.0f} {u:.0f} {v:.0f}"
    return f'<path d="{curve}" fill="none" stroke="#8a8f98" marker-end="url(#tip)"/>'


def _box(package: str, x: float, y: float) -> str:
    fill = "#e8f3ec" if package.startswith("nhl") else "#eef0fa"
    name = package + "/" if "." not in package else package.replace(".", "/") + "/"
    return (
        f'<rect x="{x - WIDTH / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="8" '
        f'fill="{fill}" stroke="#c3c8d0"/><text x="{x:.0f}" y="{y - 3:.0f}" font-size="13" font-weight="600">'
        f'{name}</text><text x="{x:.0f}" y="{y + 14:.0f}" font-size="10.5" fill="#555">'
        f"{escape(PURPOSE[package])}</text>"
    )


def main(arguments: Sequence[str]) -> int:
    """Draw it: see `--help`."""
    parser = options_of("rooms", __doc__, result=False)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "rooms.svg", help="SVG file to write")
    options = parser.parse_args(arguments)
    write_bytes(options.to, draw(arrows()).encode())
    print(f"{options.to}")
    return 0
