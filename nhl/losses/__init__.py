"""Published hashing losses: one a file, one signature, `loss(codes (M, b), labels) -> scalar`."""

from nhl.losses.base import CenterLoss, HashLoss
from nhl.losses.csq import CSQLoss
from nhl.losses.dbdh import DBDHLoss
from nhl.losses.dch import DCHLoss
from nhl.losses.dhn import DHNLoss
from nhl.losses.dpn import DPNLoss
from nhl.losses.dsh import DSHLoss
from nhl.losses.dtsh import DTSHLoss
from nhl.losses.greedyhash import GreedyHashLoss
from nhl.losses.hashnet import HashNetLoss
from nhl.losses.lcdsh import LCDSHLoss
from nhl.losses.mdsh import MDSHLoss
from nhl.losses.orthohash import OrthoHashLoss
from nhl.losses.pairs import PairLoss
from nhl.losses.shcir import SHCIRLoss

LOSSES: dict[str, type[HashLoss]] = {
    "csq": CSQLoss,
    "dpn": DPNLoss,
    "dbdh": DBDHLoss,
    "dhn": DHNLoss,
    "dch": DCHLoss,
    "dsh": DSHLoss,
    "dtsh": DTSHLoss,
    "lcdsh": LCDSHLoss,
    "shcir": SHCIRLoss,
    "mdsh": MDSHLoss,
    "orthohash": OrthoHashLoss,
    "hashnet": HashNetLoss,
    "greedyhash": GreedyHashLoss,
}
"""Every loss by its name."""

__all__ = [
    "LOSSES",
    "CSQLoss",
    "CenterLoss",
    "DBDHLoss",
    "DCHLoss",
    "DHNLoss",
    "DPNLoss",
    "DSHLoss",
    "DTSHLoss",
    "GreedyHashLoss",
    "HashLoss",
    "HashNetLoss",
    "LCDSHLoss",
    "MDSHLoss",
    "OrthoHashLoss",
    "PairLoss",
    "SHCIRLoss",
]
