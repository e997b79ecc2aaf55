"""The README's two pictures, from a result of `search`: a query's time by code length, and by number of codes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FuncFormatter, NullLocator
from matplotlib.transforms import IdentityTransform

from benchmarks.options import options_of
from benchmarks.result_file import RESULTS

DOCS = Path(__file__).parents[1] / "docs"
LENGTH = 32
"""Bits in the picture by number of codes: where faiss is at its fastest."""
WIDTH, HEIGHT = 480, 380
INK, SOFT, LINE, PAPER = "#191d1c", "#5c6663", "#dfe3df", "#fbfbf9"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # words stay words: small, sharp, and read aloud
    "svg.hashsalt": "nested hashing",  # the same result gives the same file
    "font.sans-serif": ["Helvetica Neue", "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
}


class Curve(NamedTuple):
    """How a method is drawn, and whether its last time is told."""

    name: str
    colour: str
    width: float
    dashes: str
    told: bool


CURVES = {
    "padded": Curve("faiss, padded", "#a8622a", 2, ":", False),
    "faiss": Curve("faiss flat", "#a8622a", 2, "-", True),
    "exhaustive": Curve("every code read", "#3d7a66", 2, "--", False),
    "nhl": Curve("ours", "#0b7a5e", 3.5, "-", True),
}


class Place(NamedTuple):
    """Where a curve's name stands: at which point, how far from it in pixels, and aligned how."""

    point: int
    right: int
    up: int
    align: str


BY_LENGTH = {
    "faiss": Place(0, 0, 9, "left"),
    "padded": Place(0, 0, 8, "left"),
    "exhaustive": Place(2, 0, -20, "center"),
    "nhl": Place(2, 0, -22, "center"),
}
BY_COUNT = {
    "faiss": Place(-2, -10, 8, "right"),
    "exhaustive": Place(-2, 12, -3, "left"),
    "nhl": Place(-2, 0, -22, "center"),
}


def draw(result: Mapping[str, Any], folder: Path) -> list[Path]:
    """The pictures of a result of `python -m benchmarks search`, as SVG files: by number of codes if of three.

    Returns:
        Their paths.

    Raises:
        ValueError: if the result has no records of real codes.
    """
    real = [record for record in result["records"] if record["codes"] == "real"]
    if not real:
        raise ValueError("`result` must hold real codes but has none: run `python -m benchmarks search`")
    folder.mkdir(parents=True, exist_ok=True)
    most = max(record["images"] for record in real)
    by_length = [record for record in real if record["images"] == most]
    by_count = sorted((r for r in real if r["length"] == LENGTH), key=lambda record: record["images"])
    details = (
        f"codes spread as a trained model's, {by_length[0]['bytes_per_item']:.0f} bytes each in the index\n"
        f"exact, {result['k']} nearest, one thread of {result['machine']['processor'].replace('_', ' ')}"
    )
    with mpl.rc_context(STYLE):
        figure, axes = _card(f"One query among {_count(most)} codes", details)
        _curves(axes, by_length, "length", BY_LENGTH)
        axes.set_xticks([r["length"] for r in by_length], [f"{r['length']} bits" for r in by_length])
        paths = [_save(figure, folder / "search-length.svg")]
        if len(by_count) < 3:
            return paths
        figure, axes = _card(f"One query, {LENGTH}-bit codes", details)
        _curves(axes, by_count, "images", BY_COUNT)
        axes.set_xticks([r["images"] for r in by_count], [_count(r["images"]) for r in by_count])
        return [*paths, _save(figure, folder / "search-size.svg")]


def _card(title: str, details: str) -> tuple[Figure, Axes]:
    """A light card with round corners, which reads on a dark page too, and axes on it."""
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72)  # a dot of SVG is 1/72 inch
    figure.patch.set_alpha(0)
    corners, dots = "round,pad=0,rounding_size=10", IdentityTransform()
    card = FancyBboxPatch((1, 1), WIDTH - 2, HEIGHT - 2, corners, transform=dots, zorder=-1)
    card.set(facecolor=PAPER, edgecolor=LINE)
    figure.add_artist(card)
    figure.text(20 / WIDTH, 1 - 34 / HEIGHT, title, size=18, weight="bold", color=INK)
    figure.text(20 / WIDTH, 1 - 76 / HEIGHT, details, size=13, color=SOFT, linespacing=1.3)
    axes = figure.add_axes((74 / WIDTH, 48 / HEIGHT, 1 - 150 / WIDTH, 1 - 144 / HEIGHT), facecolor="none")
    axes.set(xscale="log", yscale="log")
    axes.spines[:].set_visible(False)
    axes.grid(axis="y", color=LINE)
    axes.tick_params(length=0, labelsize=13, labelcolor=SOFT, pad=7)
    axes.tick_params(axis="x", pad=12)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda us, _: _time(us)))
    return figure, axes


def _curves(axes: Axes, records: Sequence[Mapping[str, Any]], key: str, places: Mapping[str, Place]) -> None:
    """Each method's times by `key`, and its name in its place."""
    for method, place in places.items():
        curve = CURVES[method]
        known = sum(method in record["us"] for record in records)
        # Zeros are added up to 32 bits only: there the curve meets that of faiss.
        x = [record[key] for record in records[: known + 1]]
        y = [record["us"].get(method, record["us"]["faiss"]) for record in records[: known + 1]]
        line: dict[str, Any] = {"color": curve.colour, "linewidth": curve.width, "gid": method}
        axes.plot(x, y, curve.dashes, marker="o", markersize=5, **line)
        style: dict[str, Any] = {"textcoords": "offset points", "color": curve.colour, "weight": "bold"}
        style["size"], at = 14, place.point
        axes.annotate(curve.name, (x[at], y[at]), (place.right, place.up), ha=place.align, **style)
        if curve.told:
            axes.annotate(_time(y[-1]), (x[-1], y[-1]), (11, 0), va="center", **style)
    low, high = axes.get_ylim()
    axes.set_ylim(10 ** np.floor(np.log10(low)), high * 1.6)


def _time(us: float) -> str:
    """Microseconds with two digits, in the unit that suits."""
    value, unit = (us / 1000, "ms") if us >= 995 else (us, "µs")
    return f"{float(f'{value:.2g}'):g} {unit}"


def _count(images: int) -> str:
    """A round number in words that fit an axis."""
    return f"{images / 1e6:g} million" if images >= 10**6 else f"{images:,}"


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, format="svg", metadata={"Date": None})
    return path


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    parser = options_of("pictures", __doc__, result=False)
    parser.add_argument(
        "--result", type=Path, default=RESULTS / "search.json", help="result file of `search`"
    )
    parser.add_argument("--to", type=Path, default=DOCS, help="folder to write the pictures to")
    options = parser.parse_args(arguments)
    for path in draw(json.loads(options.result.read_text(encoding="utf-8")), options.to):
        print(f"written to {path}")
    return 0
