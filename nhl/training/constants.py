"""The constants of losses and weightings, and what each may be. Imports no torch, so that mistakes are told at once."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

MOST_SEED = 1 << 63  # of torch's generators


class Rule(NamedTuple):
    """What a value must be, in words, and whether it is; which is told the number of lengths too."""

    words: str
    holds: Callable[[Any, int], bool]


def is_number(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def are_weights(row: object, count: int) -> bool:
    """Whether a value is so many numbers from 0."""
    if not isinstance(row, list | tuple) or len(row) != count:
        return False
    return all(is_number(weight) and weight >= 0 for weight in row)


REAL = Rule("a number of at least 0", lambda v, _: is_number(v) and v >= 0)
ABOVE = Rule("a number above 0", lambda v, _: is_number(v) and v > 0)
DERIVED = Rule("a number above 0, or null", lambda v, _: v is None or (is_number(v) and v > 0))
BITS = Rule("a number of at least 1, or null", lambda v, _: v is None or (is_number(v) and v >= 1))
SHARE = Rule("a number of at least 0 and below 1", lambda v, _: is_number(v) and 0 <= v < 1)
EPOCH = Rule("a whole number of at least 0", lambda v, _: _is_whole(v))
SEED = Rule(
    f"a whole number of at least 0 and below {MOST_SEED}", lambda v, _: _is_whole(v) and v < MOST_SEED
)
SHARES = Rule("a number from 0 for each length, not all 0", lambda v, count: are_weights(v, count) and any(v))

OF_LOSSES: dict[str, dict[str, Rule]] = {
    "csq": {"quantization": REAL, "seed": SEED},
    "dpn": {"margin": REAL, "seed": SEED},
    "dbdh": {"balance": REAL, "scale": BITS},
    "dhn": {"quantization": REAL, "scale": BITS},
    "dch": {"gamma": ABOVE, "quantization": REAL, "scale": BITS},
    "dsh": {"quantization": REAL, "scale": BITS},
    "dtsh": {"margin": REAL, "quantization": REAL, "scale": BITS},
    "lcdsh": {"locality": REAL, "scale": BITS},
    "shcir": {"quantization": REAL, "seed": SEED},
    "mdsh": {"quantization": REAL, "pair_weight": REAL, "pairs_from": EPOCH, "seed": SEED, "scale": BITS},
    "orthohash": {"margin": REAL, "scale": DERIVED, "smoothing": SHARE, "seed": SEED},
    "hashnet": {"alpha": DERIVED},
    "greedyhash": {"quantization": REAL},
}
OF_WEIGHTINGS: dict[str, dict[str, Rule]] = {
    "nhl": {"beta": REAL},
    "equal": {},
    "static": {"weights": SHARES},
    "uncertainty": {"lr": REAL},
    "gradnorm": {"alpha": REAL, "lr": REAL},
    "pcgrad": {"seed": SEED},
}
NEEDED = ("weights",)
"""Constants without a default."""


def check_constants(
    setting: str, of: str, known: Mapping[str, Rule], given: Mapping[str, Any], count: int
) -> None:
    """Refuse constants that a loss or a weighting does not have, or that break their rule.

    Args:
        setting: that holds them.
        of: the name of the loss or weighting.
        known: its constants.
        given: those to check.
        count: L.

    Raises:
        ValueError: if one is unknown, breaks its rule or is missing.
    """
    for name in (*given, *(name for name in NEEDED if name in known)):
        if name not in known:
            choices = f"choose from {', '.join(known)}" if known else "there are none"
            raise ValueError(f"unknown constant {name!r} of {of} in `{setting}`; {choices}")
        if not known[name].holds(given.get(name), count):
            raise ValueError(
                f"{name!r} of {of} in `{setting}` must be {known[name].words}, but got {given.get(name)!r}"
            )
