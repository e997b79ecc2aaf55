"""Nested hashing: one network whose 128-bit code holds good codes of every shorter length as prefixes.

The shape alphabet, used everywhere: N images in a data set, M images in a batch, D feature width,
B longest code, b one length, L number of lengths, C classes, Q queries, K results.

>>> import nhl
>>> nhl.NestedHashLayer(16, lengths=(8, 32)).lengths
(8, 32)
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nhl.codes import pack
    from nhl.gallery import Gallery
    from nhl.index import NestedIndex
    from nhl.layer import NestedHashLayer
    from nhl.losses import LOSSES
    from nhl.model.encode import Encoder
    from nhl.model.network import NestedHashModel
    from nhl.model.shipped import shipped
    from nhl.nesting import NestedLoss
    from nhl.weighting import WEIGHTINGS

__version__ = "0.2.0"

__all__ = [
    "LOSSES",
    "WEIGHTINGS",
    "Encoder",
    "Gallery",
    "NestedHashLayer",
    "NestedHashModel",
    "NestedIndex",
    "NestedLoss",
    "pack",
    "shipped",
]

_HOMES = {
    "LOSSES": "nhl.losses",
    "WEIGHTINGS": "nhl.weighting",
    "Encoder": "nhl.model.encode",
    "Gallery": "nhl.gallery",
    "NestedHashLayer": "nhl.layer",
    "NestedHashModel": "nhl.model.network",
    "NestedIndex": "nhl.index",
    "NestedLoss": "nhl.nesting",
    "pack": "nhl.codes",
    "shipped": "nhl.model.shipped",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when first asked for: searching needs no torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nhl' has no attribute {name!r}; choose from {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOMES[name]), name)
