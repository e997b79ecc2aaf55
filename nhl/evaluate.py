"""A checkpoint and a protocol to scores at every length, from one pass over the codes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nhl.data import Pictures, Protocol
from nhl.encode import Encoder
from nhl.metrics import histograms


def evaluate(
    checkpoint: str | Path,
    protocol: Protocol,
    top: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Scores at every length of the model, each expected over random order within ties.

    Args:
        checkpoint: the folder of the model.
        protocol: what asks and what is searched.
        top: mAP over the first `top` results; over all by default.
        progress: called with the number of pictures encoded and of all.

    Returns:
        `{"protocol", "lengths": {"8": {"map", "p@10", "recall@100", "p@radius2"}, ...}, "mean_map"}`.
    """
    encoder = Encoder(checkpoint)
    total = len(protocol.query) + len(protocol.database)

    def codes(pictures: Pictures, before: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return encoder.encode(pictures.sources, progress=lambda done, _: progress(before + done, total))

    coded = codes(protocol.query, 0), codes(protocol.database, len(protocol.query))
    labels = protocol.query.labels, protocol.database.labels
    found = histograms(*coded, *labels, encoder.config.lengths)
    scores = {
        str(length): {
            "map": _mean(h.average_precision(top)),
            "p@10": _mean(h.precision(10)),
            "recall@100": _mean(h.recall(100)),
            "p@radius2": _mean(h.within(2)),
        }
        for length, h in found.items()
    }
    mean_map = round(float(np.mean([score["map"] for score in scores.values()])), 4)
    return {"protocol": protocol.description, "lengths": scores, "mean_map": mean_map}


def table(evaluation: dict[str, Any]) -> str:
    """An evaluation as a text table."""
    lengths = evaluation["lengths"]
    names = list(next(iter(lengths.values())))
    rows = [
        ["bits", *names],
        *([length, *(f"{s[name]:.3f}" for name in names)] for length, s in lengths.items()),
    ]
    lines = ["  ".join(f"{cell:>10}" for cell in row) for row in rows]
    return "\n".join([evaluation["protocol"], *lines, f"mean mAP {evaluation['mean_map']:.3f}"])


def _mean(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    return round(float(values.mean()), 4)
