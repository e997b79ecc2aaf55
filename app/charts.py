"""Charts as SVG text: crisp, small, and in the colours of the page."""

from collections.abc import Mapping

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 300, 132, 16, 28, 92
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
    shown = f"{value:.2f}".removeprefix("0")
    return (
        f'<g class="point{" now" if now else ""}"><line class="drop" x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" '
        f'y2="{BOTTOM + 14}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="{5.5 if now else 3.5}"/>'
        f'<text class="value" x="{x:.1f}" y="{y - 12:.1f}">{shown}</text>'
        f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 10}">{bits}</text></g>'
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
