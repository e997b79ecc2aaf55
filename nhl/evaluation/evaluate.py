"""A checkpoint and a protocol to scores at every length, from one pass over the codes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nhl.data import Pictures, Protocol
from nhl.evaluation.levels import Scores, level_scores, photo_scores
from nhl.evaluation.tables import said_without_relevant
from nhl.metrics import Histograms, histograms, macro_mean, without_relevant
from nhl.model.checkpoint import MODEL, fingerprint
from nhl.model.encode import Encoder

Evaluation = dict[str, Any]
Codes = NDArray[np.uint8]

SAME = 10


def evaluate(
    checkpoint: str | Path,
    protocol: Protocol,
    top: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    at: Sequence[int] = (),
    curves: bool = False,
) -> Evaluation:
    """Scores at every length of the model, each expected over random order within ties.

    Args:
        checkpoint: the folder of the model.
        protocol: queries and database.
        top, at, curves: as for `score`.
        progress: called with the number of pictures encoded and of all.

    Returns:
        `{"model": its fingerprint, "protocol": its description}` and what `score` returns. With one class a
        picture, lengths have "macro_map" too, the mean over classes in place of that over queries. Where
        queries come in groups, as the emoji in several styles, they have "same@10": how likely another
        picture of the query's group is among the ten nearest of all pictures, queries and database. Where
        pictures have labels at several levels, they have what `nhl.evaluation.levels` describes. If queries
        have no relevant image, `"without_relevant"` says how many.

    Raises:
        ValueError: if the protocol has no query or no database, or as `score` says.
    """
    queries, images = len(protocol.query), len(protocol.database)
    if not queries or not images:
        raise ValueError(
            f"`protocol` must hold queries and a database but has {queries} and {images} pictures"
        )
    model, encoder = fingerprint(checkpoint), Encoder(checkpoint)
    photographs = protocol.photographs
    total = queries + images + (0 if photographs is None else len(photographs.query))

    def codes(pictures: Pictures, before: int) -> Codes:
        return encoder.encode(pictures.sources, progress=lambda done, _: progress(before + done, total))

    coded = codes(protocol.query, 0), codes(protocol.database, queries)
    labels = protocol.query.labels, protocol.database.labels
    lengths = encoder.config.lengths
    found = histograms(*coded, *labels, lengths)
    described = protocol.description + ("" if top is None else f"; here mAP over the first {top}")
    result = {MODEL: model, "protocol": described, **score(found, top, at, curves)}
    if count := without_relevant(*labels):
        result["without_relevant"] = count
    further = [_macro_map(found, protocol, top), _same_instance(coded, protocol, lengths)]
    further.append(level_scores(coded, protocol, found, top))
    if photographs is not None:
        photos = codes(photographs.query, queries + images)
        further.append(photo_scores(photos, photographs, np.concatenate(coded), protocol, lengths, top))
    for scores in further:
        for length, figures in scores.items():
            result["lengths"][str(length)] |= figures
    return result


def _macro_map(found: Mapping[int, Histograms], protocol: Protocol, top: int | None) -> Scores:
    """The mean over classes of mAP; nothing where pictures have several labels."""
    labels = protocol.query.labels
    if labels.ndim > 1:
        return {}
    return {
        length: {"macro_map": round(macro_mean(h.average_precision(top), labels), 4)}
        for length, h in found.items()
    }


def _same_instance(coded: tuple[Codes, Codes], protocol: Protocol, lengths: Sequence[int]) -> Scores:
    """How likely another picture of the query's own group is among the first `SAME` of all pictures.

    The finer question: not one of its class, but the same instance again. Of queries that have one; none
    if no query has.
    """
    mine, others = protocol.query.groups, protocol.database.groups
    if mine is None or others is None:
        return {}
    groups = np.concatenate([mine, others])
    _, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    having = np.flatnonzero(counts[inverse[: len(mine)]] > 1)
    if not len(having):
        return {}
    found = histograms(coded[0][having], np.concatenate(coded), groups[having], groups, lengths)
    return {length: {f"same@{SAME}": _mean(h.without_itself().hit_rate(SAME))} for length, h in found.items()}


def score(
    found: Mapping[int, Histograms], top: int | None = None, at: Sequence[int] = (), curves: bool = False
) -> Evaluation:
    """Figures of every length, means over queries.

    Args:
        found: distance histograms by length; at least one query.
        top: mAP over the first `top` results; over all by default.
        at: further k for precision, recall and hit rate.
        curves: whether to add the precision-recall curves.

    Returns:
        `{"lengths": {"8": {"map", "p@10", "recall@100", "p@radius2"}, ...}, "mean_map"}`; with `at`, the
        lengths have "p@k", "recall@k" and "hit@k" too; with `curves`, `{"curves": {"8": {"precision",
        "recall"}, ...}}` as well, each a value for the radii 0, 1, ..., b.

    Raises:
        ValueError: if there is no query, or `top` or one of `at` is no whole number from 1.
    """
    scores = {
        str(length): {
            "map": _mean(h.average_precision(top)),
            **{f"p@{k}": _mean(h.precision(k)) for k in sorted({10, *at})},
            **{f"recall@{k}": _mean(h.recall(k)) for k in sorted({100, *at})},
            **{f"hit@{k}": _mean(h.hit_rate(k)) for k in sorted(set(at))},
            "p@radius2": _mean(h.precision_within(2)),
        }
        for length, h in found.items()
    }
    mean_map = round(float(np.mean([figures["map"] for figures in scores.values()])), 4)
    result: Evaluation = {"lengths": scores, "mean_map": mean_map}
    if curves:
        result["curves"] = {
            str(length): {
                name: [round(value, 4) for value in values.tolist()]
                for name, values in zip(("precision", "recall"), h.precision_recall(), strict=True)
            }
            for length, h in found.items()
        }
    return result


def table(evaluation: Evaluation) -> str:
    """An evaluation as a text table: a row for each figure, a column for each length."""
    lengths = evaluation["lengths"]
    names = list(next(iter(lengths.values())))
    rows = [
        ["bits", *lengths],
        *([name, *(_cell(name, s[name]) for s in lengths.values())] for name in names),
    ]
    width = max(map(len, (row[0] for row in rows)))
    lines = ["  ".join([f"{row[0]:<{width}}", *(f"{cell:>5}" for cell in row[1:])]) for row in rows]
    return "\n".join(
        [
            evaluation["protocol"] + said_without_relevant(evaluation),
            *lines,
            f"mean mAP {evaluation['mean_map']:.3f}",
        ]
    )


def _cell(name: str, value: float) -> str:
    """A count with one digit, a share with three."""
    return f"{value:.1f}" if name.startswith("tied") else f"{value:.3f}"


def _mean(values: NDArray[np.float64]) -> float:
    if not len(values):
        raise ValueError("a mean over queries needs at least one but there are 0 queries")
    return round(float(values.mean()), 4)
