"""A comparison as a table and as a picture: what nesting gains, with the spread over seeds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nhl.evaluation.modes import MODES
from nhl.evaluation.tables import said_without_relevant
from nhl.training.settings import NONE, WITH_BANK

Records = list[dict[str, Any]]
MAIN_MODES = ("single", "single-central", "equal", "scaled", "full", "central-full")
"""What a picture shows of a comparison of more modes than that."""


def maps(records: Records) -> dict[str, dict[str, NDArray[np.float64]]]:
    """mAP by loss and mode, (S, L): seeds, and of each its splits, by lengths."""
    cells: dict[tuple[str, str, int], dict[int, list[float]]] = defaultdict(dict)
    for r in records:
        cells[r["loss"], r["mode"], r["seed"]][r["length"]] = r.get("maps", [r["map"]])
    found: dict[str, dict[str, list[tuple[float, ...]]]] = defaultdict(lambda: defaultdict(list))
    for (loss, mode, _), of in sorted(cells.items()):
        found[loss][mode] += zip(*(of[length] for length in sorted(of)), strict=True)
    return {loss: {mode: np.array(rows) for mode, rows in of.items()} for loss, of in found.items()}


def row_name(result: dict[str, Any], loss: str) -> str:
    """A loss as tables and pictures call it: one that was published with a memory bank and ran without is named so."""
    without = loss in WITH_BANK and not result["comparison"]["settings"]["bank"]
    return f"{loss}, without bank" if without else loss


def asked(result: dict[str, Any]) -> Records:
    """The records of the losses, modes and seeds that were asked for: a file may hold more."""
    asked = result["comparison"]
    losses = (*asked["losses"], NONE)
    chosen = (r for r in result["records"] if r["mode"] in asked["modes"] and r["seed"] in asked["seeds"])
    return [r for r in chosen if r["loss"] in losses]


def gains(records: Records) -> dict[str, dict[str, NDArray[np.float64]]]:
    """By loss and mode: the relative gain in mAP over "single" at each length (L,), of the means over seeds."""
    return {
        loss: {mode: rows.mean(0) / of["single"].mean(0) - 1 for mode, rows in of.items() if mode != "single"}
        for loss, of in maps(records).items()
        if "single" in of
    }


def losing(records: Records, mode: str) -> int:
    """At how many losses and lengths a mode is below "single" by more than either's spread over the seeds."""
    count = 0
    for of in maps(records).values():
        if mode in of and "single" in of:
            mine, single = of[mode], of["single"]
            most = np.maximum(spread(mine), spread(single))
            count += int((mine.mean(0) < single.mean(0) - most).sum())
    return count


def spread(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation over the seeds and splits (L,); of one it is not known, and 0."""
    return rows.std(0, ddof=1) if len(rows) > 1 else np.zeros(rows.shape[1])


def table(result: dict[str, Any]) -> str:
    """Markdown: mAP of every loss and mode, its mean over the losses, and the gains over one model a length."""
    lines = [*_of_losses(result), "", *_of_modes(result), "", *_of_gains(result)]
    return "\n".join(lines) + "\n"


def _of_losses(result: dict[str, Any]) -> list[str]:
    """A row a loss and mode, mAP in per cent with the standard deviation over seeds and splits."""
    records, modes = asked(result), result["comparison"]["modes"]
    gained = gains(records)
    count = result["comparison"].get("splits", 1)
    splits = f" and {count} draws of the queries" if count > 1 else ""
    lines = [
        f"{result['protocol']}; mAP in per cent, mean and standard deviation over seeds "
        f"{', '.join(map(str, result['comparison']['seeds']))}{splits}; the gain is relative to one model a length"
        f"{said_without_relevant(result)}.",
        "",
        *_head(["loss", "mode"], records, ["mean", "gain"]),
    ]
    for loss, of in maps(records).items():
        for mode in sorted(of, key=modes.index):
            rows = 100 * of[mode]
            cells = [f"{m:.1f} ± {s:.1f}" for m, s in zip(rows.mean(0), spread(rows), strict=True)]
            gain = f"{100 * gained[loss][mode].mean():+.1f} %" if mode in gained.get(loss, {}) else ""
            lines.append(
                f"| {row_name(result, loss)} | {mode} | {' | '.join(cells)} | {rows.mean():.1f} | {gain} |"
            )
    return lines


def _of_modes(result: dict[str, Any]) -> list[str]:
    """A row a mode: mAP in per cent, the mean over the losses."""
    records = asked(result)
    lines = ["mAP in per cent, mean over the losses.", "", *_head(["mode", "losses"], records, ["mean"])]
    for mode in result["comparison"]["modes"]:
        rows = 100 * np.array([of[mode].mean(0) for of in maps(records).values() if mode in of])
        if len(rows):
            cells = [f"{value:.1f}" for value in (*rows.mean(0), rows.mean())]
            losses = "" if MODES[mode].without_loss else len(rows)
            lines.append(f"| {mode} | {losses} | {' | '.join(cells)} |")
    return lines


def _of_gains(result: dict[str, Any]) -> list[str]:
    """A row a mode: the relative gain over the losses, and plain CSQ in place of each."""
    records = asked(result)
    lengths, gained, found = _lengths(records), gains(records), maps(records)
    lines = [
        "Relative gain, mean over the losses; over all lengths also its median and 95 % interval (bootstrap over the "
        "losses); how many losses gain over all lengths; at how many losses and lengths one model a length is better by "
        "more than the spread; the loss and length that fare worst.",
        "",
        *_head(["mode"], records, ["mean", "median", "95 %", "losses that gain", "lost", "worst"]),
    ]
    for mode in result["comparison"]["modes"]:
        of_mode = {row_name(result, loss): of[mode] for loss, of in gained.items() if mode in of}
        lost = f"{losing(records, mode)} of {len(of_mode) * len(lengths)}"
        lines.append(f"| {mode} | {' | '.join(_summary(of_mode, lengths, lost))} |")
    if "single" in found.get("csq", {}):
        csq = found["csq"]["single"].mean(0)
        instead = {
            row_name(result, loss): csq / of["single"].mean(0) - 1
            for loss, of in found.items()
            if "single" in of
        }
        lines.append(f"| csq alone in place of the loss | {' | '.join(_summary(instead, lengths, ''))} |")
    return lines


def _lengths(records: Records) -> list[int]:
    return sorted({r["length"] for r in records})


def _head(first: Sequence[str], records: Records, last: Sequence[str]) -> list[str]:
    """The first two lines of a table with a column a length."""
    names = [*first, *(f"{length} bits" for length in _lengths(records)), *last]
    return [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]


def _summary(of_loss: Mapping[str, NDArray[np.float64]], lengths: Sequence[int], lost: str) -> list[str]:
    """The cells of gains (L,) by loss; empty ones where there are none."""
    if not of_loss:
        return [""] * (len(lengths) + 6)
    rows = np.array(list(of_loss.values()))
    means = rows.mean(1)
    cells = [f"{100 * gain:+.1f} %" for gain in (*rows.mean(0), means.mean(), np.median(means))]
    worst, at = divmod(int(rows.argmin()), rows.shape[1])
    return [
        *cells,
        interval(means),
        f"{(means > 0).sum()} of {len(rows)}",
        lost,
        f"{list(of_loss)[worst]}, {lengths[at]} bits: {100 * rows.min():+.1f} %",
    ]


def interval(values: NDArray[np.float64]) -> str:
    """The 95 % interval of a mean by 10,000 bootstrap resamples (Efron 1979), in per cent; of one value there is none."""
    if len(values) < 2:
        return ""
    drawn = np.random.default_rng(0).choice(values, (10_000, len(values))).mean(1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{100 * low:+.1f} to {100 * high:+.1f} %"


def picture(result: dict[str, Any], path: Path) -> None:
    """Draw mAP against length, a panel a loss, one model a length beside the nested modes, six at most.

    Raises:
        ModuleNotFoundError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModuleNotFoundError("a picture needs the package matplotlib: pip install matplotlib") from error
    records = asked(result)
    found, lengths = maps(records), _lengths(records)
    columns = min(4, len(found))
    rows = -(-len(found) // columns)
    figure = Figure(figsize=(3 * columns, 2.4 * rows), layout="constrained", facecolor="white")
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False)
    modes = list(result["comparison"]["modes"])
    if len(modes) > len(MAIN_MODES):
        modes = [mode for mode in MAIN_MODES if mode in modes] or modes[: len(MAIN_MODES)]
    for panel, (loss, of) in zip(panels.flat, found.items(), strict=False):
        for mode in filter(of.__contains__, modes):
            single = mode.startswith("single")
            color = "0.4" if mode == "single" else f"C{modes.index(mode)}"
            style = {"color": color, "linestyle": "--" if single else "-"}
            panel.errorbar(lengths, of[mode].mean(0), spread(of[mode]), label=mode, marker=".", **style)
        panel.set_title(row_name(result, loss), loc="left", fontsize=10)
        panel.set_xscale("log", base=2)
        panel.set_xticks(lengths, [str(length) for length in lengths])
        panel.spines[["top", "right"]].set_visible(False)
    for panel in panels.flat[len(found) :]:
        panel.set_axis_off()
    figure.supxlabel("bits")
    figure.supylabel("mAP")
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(5, len(labels)), frameon=False)
    figure.savefig(path)
