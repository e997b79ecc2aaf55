"""HashNet: codes that sharpen to signs as training goes on."""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from nhl.losses.pairs import PairLoss, balance


class HashNetLoss(PairLoss):
    """Balanced likelihood of the similarities of tanh codes, sharper epoch by epoch. [0]

    v = tanh(sharpness u), theta = alpha v v'^T; mean w (softplus(theta) - s theta). w balances the two
    kinds of pairs; a similar pair counts by its shared labels over all its labels.

    [0] Cao et al., HashNet: Deep Learning to Hash by Continuation, ICCV 2017, arXiv 1702.00758

    Args:
        length: b, a multiple of 8.
        classes: C.
        alpha: slope of the sigmoid; 10 / b by default, so that theta stays within +-10.
    """

    sharpness: float
    """1 in epoch 0, the square root of 1 + epoch later (`begin_epoch`)."""

    def __init__(self, length: int, classes: int, alpha: float | None = None) -> None:
        super().__init__(length, classes)
        self.alpha = 10 / length if alpha is None else alpha
        self.sharpness = 1.0

    def begin_epoch(self, epoch: int) -> None:
        """Sharpen the codes: the continuation of [0], a step an epoch."""
        self.sharpness = math.sqrt(1 + epoch)

    def forward(self, codes: Tensor, labels: Tensor, others: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Real codes (M, b) and labels, and codes and labels to compare with, to a scalar."""
        pairs = self.pairs(codes, labels, others)
        similar, shared = pairs.similar, pairs.shared
        either = pairs.members.sum(1, keepdim=True) + pairs.other_members.sum(1) - shared
        weights = balance(similar) * torch.where(similar > 0, shared / either.clamp(min=1), 1.0)
        theta = self.alpha * torch.tanh(self.sharpness * codes) @ torch.tanh(self.sharpness * pairs.others).T
        return (weights * (softplus(theta) - similar * theta)).mean()
