"""An evaluation as files: tables for a spreadsheet, and a picture of the curves."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nhl.atomic_write import write_bytes

PICTURES = (".png", ".svg")


def check_targets(csv: Path | None, curve: Path | None, plot: Path | None) -> None:
    """Refuse files that could not be written, before the time is spent that it takes to have what to write.

    Raises:
        ValueError: if a folder does not exist or cannot be written, or the picture has an unknown ending.
        ModuleNotFoundError: if there is a picture to draw and matplotlib is not installed.
    """
    for name, path in (("csv", csv), ("curve", curve), ("plot", plot)):
        if path is not None and path.is_dir():
            raise ValueError(f"`{name}` must be a file but {path} is a folder")
        if path is not None and not _can_be_written(path.absolute().parent):
            raise ValueError(f"`{name}` must lie in a folder that exists and can be written but got {path}")
    if plot is not None:
        if plot.suffix.lower() not in PICTURES:
            raise ValueError(f"`plot` must end in {' or '.join(PICTURES)} but got {plot}")
        _matplotlib()


def _can_be_written(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK)


def write_scores(evaluation: dict[str, Any], path: Path) -> None:
    """A CSV file with a row for each length and a column for each figure."""
    lengths = evaluation["lengths"]
    names = list(next(iter(lengths.values())))
    rows = ([length, *(figures[name] for name in names)] for length, figures in lengths.items())
    _write_csv(path, ["bits", *names], rows)


def write_curves(evaluation: dict[str, Any], path: Path) -> None:
    """A CSV file with a row for each length and Hamming radius: precision and recall within it."""
    rows = (
        (length, radius, precision, recall)
        for length, curve in evaluation["curves"].items()
        for radius, (precision, recall) in enumerate(zip(curve["precision"], curve["recall"], strict=True))
    )
    _write_csv(path, ["bits", "radius", "precision", "recall"], rows)


def plot(evaluation: dict[str, Any], path: Path) -> None:
    """Draw the precision-recall curve of each length, and mAP against length; needs matplotlib.

    Args:
        evaluation: with "curves".
        path: of a PNG or SVG file; the ending decides.

    Raises:
        ModuleNotFoundError: if matplotlib is not installed.
    """
    matplotlib = _matplotlib()
    figure = matplotlib.figure.Figure(figsize=(10, 4), layout="constrained")
    curves, quality = figure.subplots(1, 2)
    colours = matplotlib.colormaps["viridis"]
    lengths = list(evaluation["curves"])
    for i, (length, curve) in enumerate(evaluation["curves"].items()):
        colour = colours(0.9 * (1 - i / max(len(lengths) - 1, 1)))
        curves.plot(curve["recall"], curve["precision"], marker=".", color=colour, label=f"{length} bits")
    curves.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    curves.legend()
    values = [figures["map"] for figures in evaluation["lengths"].values()]
    quality.plot(lengths, values, marker="o", color="black")
    for length, value in zip(lengths, values, strict=True):
        quality.annotate(f"{value:.3f}", (length, value), (0, 7), textcoords="offset points", ha="center")
    quality.margins(x=0.1)
    quality.set(xlabel="bits", ylabel="mAP", ylim=(0, 1.02))
    figure.suptitle(evaluation["protocol"], fontsize="medium", wrap=True)
    drawn = io.BytesIO()
    figure.savefig(drawn, format=path.suffix[1:].lower(), dpi=150)
    write_bytes(path, drawn.getvalue())


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode())


def _matplotlib() -> Any:
    try:
        import matplotlib
        import matplotlib.figure
    except ImportError as error:
        raise ModuleNotFoundError(
            "`plot` needs matplotlib, which is not installed: pip install matplotlib"
        ) from error
    return matplotlib


def said_without_relevant(result: Mapping[str, Any]) -> str:
    """What to add to a protocol that has such queries."""
    count = result.get("without_relevant", 0)
    if not count:
        return ""
    having, counting = ("query has", "counts") if count == 1 else ("queries have", "count")
    return f"; {count:,} {having} no relevant image in the database and {counting} as 0"
