"""Scores of labels at several levels: of held-out drawings, and of photographs beside them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nhl.data.pictures import Photographs, Protocol
from nhl.metrics import Histograms, distinct_codes, graded_histograms, histograms, macro_mean

Codes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Scores = dict[int, dict[str, float]]

CLASS, INSTANCE = "class", "instance"  # levels by name
FIRST = 10  # results that are looked at
TIED = 12  # results that the page shows
QUERIES = 10  # photographs of each kind that are queries; the others are their database


def level_scores(
    coded: tuple[Codes, Codes], protocol: Protocol, found: Mapping[int, Histograms], top: int | None = None
) -> Scores:
    """How well held-out pictures find what is like them, finer and finer; nothing without levels.

    `ndcg_at_10`, `precision_at_10` (by class) and `instance_recall_at_10` (the share of the other pictures
    of the query's instance) are of queries against all other pictures, queries and database: the query
    itself is left out. `map_held_out` is the mAP by class of queries against the other queries, so that
    no picture of it was learnt from; `map_train` that against the database. `macro_` before a name
    is the mean over classes in place of that over queries. `distinct_codes` is the share of all codes that
    differ, `tied_at_12` the median number of pictures at the distance of the twelfth.

    Args:
        coded: codes (Q, B/8) and (N, B/8) of queries and database.
        protocol: its pictures have levels, and one class each.
        found: the histograms of queries against the database by class, by length.
        top: mAP over the first `top` results; over all by default.
    """
    query, database = protocol.query, protocol.database
    if query.levels is None or database.levels is None:
        return {}
    levels = np.concatenate([query.levels, database.levels])
    used = (levels >= 0).any(0)
    grade = {name: number for number, name in enumerate(np.array(protocol.levels)[used].tolist(), 1)}
    everything, lengths = np.concatenate(coded), tuple(found)
    own, itself = query.levels[:, used], np.arange(len(query))
    graded = graded_histograms(coded[0], everything, own, levels[:, used], lengths, itself=itself)
    others = histograms(coded[0], coded[0], query.labels, query.labels, lengths)
    distinct = distinct_codes(everything, lengths)
    scores: Scores = {}
    for length, each in graded.items():
        held_out, train = others[length].without_itself(), found[length]
        together = Histograms(held_out.all + train.all, held_out.relevant + train.relevant)
        figures = {"ndcg_at_10": each.ndcg(FIRST), "precision_at_10": together.precision(FIRST)}
        if INSTANCE in grade:
            figures["instance_recall_at_10"] = _of_those_with_any(each.at_least(grade[INSTANCE]))
        figures["map_held_out"] = held_out.average_precision(top)
        figures["map_train"] = train.average_precision(top)
        scores[length] = {
            **_means(figures, query.labels),
            "distinct_codes": round(distinct[length], 4),
            "tied_at_12": float(np.median(together.tied_at(TIED))),
        }
    return scores


def photo_scores(
    codes: Codes,
    photographs: Photographs,
    drawings: Codes,
    protocol: Protocol,
    lengths: Sequence[int],
    top: int | None = None,
) -> Scores:
    """How well photographs find drawings of their class and their very instance, and each other by kind.

    `photo_precision_at_10` is by class, of photographs whose class some drawing has;
    `photo_instance_hit_rate` how likely a drawing of the photograph's very instance is among the first ten,
    of photographs whose instance some drawing has; `photo_map` the mAP of the kinds, where the first ten
    photographs of each kind are queries and the others the database; kinds have equally many, so this is
    the mean over kinds too. `macro_` is as in `level_scores`.

    Args:
        codes: (P, B/8) of `photographs.query`.
        photographs: those of the protocol.
        drawings: (Q + N, B/8) codes of queries and database.
        protocol: its pictures and photographs have the levels "class" and "instance".
        lengths: ascending multiples of 8 up to B.
        top: mAP over the first `top` results; over all by default.
    """
    shown, kinds = photographs.query.levels, photographs.query.labels
    parts = protocol.query.levels, protocol.database.levels
    if shown is None or parts[0] is None or parts[1] is None:
        return {}
    levels = np.concatenate([part for part in parts if part is not None])
    classes = shown[:, protocol.levels.index(CLASS)]

    def against_drawings(level: str) -> tuple[NDArray[np.int64], Mapping[int, Histograms]]:
        """The photographs whose label at a level some drawing has, and their histograms."""
        column = protocol.levels.index(level)
        labels, known = shown[:, column], levels[:, column]
        having = np.flatnonzero((labels >= 0) & np.isin(labels, known))
        return having, histograms(codes[having], drawings, labels[having], known, lengths)

    (of_class, by_class), (of_instance, by_instance) = map(against_drawings, (CLASS, INSTANCE))
    first = _place_in_class(kinds) < QUERIES
    by_kind = histograms(codes[first], codes[~first], kinds[first], kinds[~first], lengths)
    return {
        length: {
            **_means({"photo_precision_at_10": by_class[length].precision(FIRST)}, classes[of_class]),
            **_means({"photo_instance_hit_rate": by_instance[length].hit_rate(FIRST)}, classes[of_instance]),
            "photo_map": round(float(by_kind[length].average_precision(top).mean()), 4),
        }
        for length in lengths
    }


def _of_those_with_any(found: Histograms) -> Floats:
    """The recall (Q,) in the first ten, NaN for a query without anything relevant."""
    return np.where(found.relevant.any(1), found.recall(FIRST), np.nan)


def _means(figures: Mapping[str, Floats], classes: NDArray[np.int64]) -> dict[str, float]:
    """The mean over queries of each figure, and that over classes; a figure that no query has is left out."""
    means: dict[str, float] = {}
    for name, values in figures.items():
        has = ~np.isnan(values)
        if has.any():
            means[name] = round(float(values[has].mean()), 4)
            means[f"macro_{name}"] = round(macro_mean(values[has], classes[has]), 4)
    return means


def _place_in_class(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each picture (N,) how many of its class come before it."""
    order = np.argsort(labels, kind="stable")
    _, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
    places = np.empty(len(labels), dtype=np.int64)
    places[order] = np.arange(len(labels)) - np.repeat(starts, counts)
    return places
