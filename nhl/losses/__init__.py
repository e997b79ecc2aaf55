"""Published hashing losses: one a file, one signature, `loss(codes (M, b), labels) -> scalar`."""

from nhl.losses.base import HashLoss
from nhl.losses.csq import CSQLoss
from nhl.losses.orthohash import OrthoHashLoss

LOSSES: dict[str, type[HashLoss]] = {"csq": CSQLoss, "orthohash": OrthoHashLoss}

__all__ = ["LOSSES", "CSQLoss", "HashLoss", "OrthoHashLoss"]
