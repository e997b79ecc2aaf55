"""Charts as SVG text: crisp, small, and in the colours of the page."""

from collections.abc import Mapping, Sequence
from math import ceil, sqrt

from app.page import phrases

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 300, 92, 16, 26, 62
SPAN = 0.2  # the height stands for this much quality at least, so that small differences look small


def curve(quality: Mapping[int, float], length: int, label: str) -> str:
    """Quality against code length, with the current length marked; every point carries its value.

    Args:
        quality: by code length in bits, in ascending order.
        length: the current one.
        label: what the chart shows, for those who cannot see it.
    """
    high = max(quality.values())
    low = min(*quality.values(), high - SPAN)
    step = (WIDTH - 2 * LEFT) / max(len(quality) - 1, 1)
    points = [
        (LEFT + step * i, BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP), bits, value)
        for i, (bits, value) in enumerate(quality.items())
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in points)
    values = ", ".join(f"{value:.2f} at {bits}" for _, _, bits, value in points)
    marks = "".join(_mark(x, y, bits, value, bits == length) for x, y, bits, value in points)
    return (
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" data-bits="{length}" '
        f'aria-label="{label}: {values} bits; now {length} bits">'
        f'<polyline class="line" points="{line}"/>{marks}</svg>'
    )


def _mark(x: float, y: float, bits: int, value: float, now: bool) -> str:
    return (
        f'<g class="point{" now" if now else ""}"><line class="drop" x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" '
        f'y2="{HEIGHT - 24}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="{5.5 if now else 3.5}"/>'
        f'<text class="value" x="{x:.1f}" y="{y - 12:.1f}">{phrases.score(value)}</text>'
        f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 10}">{bits}</text></g>'
    )


def lines(series: Mapping[str, Mapping[int, float]], length: int, label: str, line_at: float | None) -> str:
    """Several measures from 0 to 1 against code length, the current length marked.

    Args:
        series: by name, values by code length, all of the same lengths.
        length: the current one.
        label: what the chart shows, for those who cannot see it.
        line_at: where a dashed line marks what is good enough, if anywhere.
    """
    width, height, left, right, top, bottom = 520, 250, 34, 16, 14, 214
    lengths = list(next(iter(series.values())))
    step = (width - left - right - 40) / max(len(lengths) - 1, 1)
    across = {bits: left + 20 + step * i for i, bits in enumerate(lengths)}

    def up(value: float) -> float:
        return bottom - value * (bottom - top)

    parts = [
        f'<line class="now" x1="{across[length]:.1f}" x2="{across[length]:.1f}" y1="{top}" y2="{bottom}"/>'
    ]
    for value in (0, 0.25, 0.5, 0.75, 1):
        parts.append(
            f'<line class="grid" x1="{left}" x2="{width - right}" y1="{up(value):.1f}" y2="{up(value):.1f}"/>'
            f'<text class="axis" x="{left - 8}" y="{up(value) + 4:.1f}">{phrases.score(value)}</text>'
        )
    if line_at is not None:
        parts.append(
            f'<line class="enough" x1="{left}" x2="{width - right}" y1="{up(line_at):.1f}" y2="{up(line_at):.1f}"/>'
        )
    for number, values in enumerate(series.values()):
        path = " ".join(f"{across[bits]:.1f},{up(value):.1f}" for bits, value in values.items())
        circles = "".join(
            f'<circle cx="{across[bits]:.1f}" cy="{up(value):.1f}" r="{5 if bits == length else 3}"/>'
            for bits, value in values.items()
        )
        parts.append(f'<g class="s{number}"><polyline points="{path}"/>{circles}</g>')
    for bits, x in across.items():
        now = ' class="tick now"' if bits == length else ' class="tick"'
        parts.append(f'<text{now} x="{x:.1f}" y="{height - 12}">{bits}</text>')
    told = "; ".join(
        f"{name} {', '.join(f'{value:.2f} at {bits}' for bits, value in values.items())}"
        for name, values in series.items()
    )
    return (
        f'<svg class="lines" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{label} {told} bits; now {length} bits">{"".join(parts)}</svg>'
    )


def pattern(bits: str) -> str:
    """A code as a small picture, a square for each 1; it decorates only."""
    across = 16
    squares = "".join(
        f'<rect x="{i % across + 0.1}" y="{i // across + 0.1}" width=".8" height=".8" rx=".2"/>'
        for i, bit in enumerate(bits)
        if bit == "1"
    )
    return f'<svg class="pattern" viewBox="-1 -1 {across + 2} {-(-len(bits) // across) + 2}" aria-hidden="true">{squares}</svg>'


def strip(bits: str, length: int, query: str | None = None) -> str:
    """A code as a row of bars, long for 1 and short for 0, the first `length` bright, the rest dim.

    Args:
        bits: the code as a text of 0 and 1.
        length: how many of them are used.
        query: the code that it is compared with: bits that differ from it are coloured.
    """
    paths: dict[str, list[str]] = {"same": [], "same rest": [], "differs": [], "differs rest": []}
    for i, bit in enumerate(bits):
        kind = "differs" if query is not None and query[i] != bit else "same"
        top, bottom = (1, 19) if bit == "1" else (7, 13)
        paths[kind if i < length else f"{kind} rest"].append(f"M{4 * i + 2} {top}V{bottom}")
    drawn = "".join(f'<path class="{kind}" d="{"".join(d)}"/>' for kind, d in paths.items() if d)
    cut = f'<path class="cut" d="M{4 * length} 0V20"/>' if length < len(bits) else ""
    return (
        f'<svg class="code" viewBox="0 0 {4 * len(bits)} 20" preserveAspectRatio="none" aria-hidden="true">'
        f"{drawn}{cut}</svg>"
    )


def dots(levels: Sequence[int], step: int, label: str) -> str:
    """A field of dots, one for each picture: gone, falling at this step, or left.

    Runs of equal dots are one dashed line, so that thousands of them stay small.

    Args:
        levels: how many steps each picture survives.
        step: the current one; pictures with a lower level are gone.
        label: what the field shows, for those who cannot see it.
    """
    columns = max(1, ceil(sqrt(3.2 * len(levels))))
    kinds = ["left" if level >= step else "falling" if level == step - 1 else "gone" for level in levels]
    paths: dict[str, list[str]] = {"gone": [], "falling": [], "left": []}
    for start in range(0, len(kinds), columns):
        row, y, at = kinds[start : start + columns], start // columns * 4 + 2, 0
        while at < len(row):
            end = at
            while end < len(row) and row[end] == row[at]:
                end += 1
            paths[row[at]].append(f"M{4 * at} {y}h{4 * (end - at) - 1}")
            at = end
    drawn = "".join(f'<path class="{kind}" d="{"".join(d)}"/>' for kind, d in paths.items() if d)
    height = 4 * ceil(len(levels) / columns)
    return f'<svg class="dots" viewBox="0 0 {4 * columns} {height}" role="img" aria-label="{label}">{drawn}</svg>'
