"""Pictures to learn from and to measure on: what each data set holds and how it is split."""

from nhl.data.pictures import Pictures, Protocol
from nhl.data.protocols import DATASETS, load_protocol

__all__ = ["DATASETS", "Pictures", "Protocol", "load_protocol"]
