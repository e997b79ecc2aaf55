"""MDSH: hash centres of separated minimal distance."""

from typing import ClassVar

from torch import Tensor

from nhl.losses.base import CenterLoss, log_complement
from nhl.losses.pairs import PairLoss, pair_likelihood, relative_scale


class MDSHLoss(CenterLoss, PairLoss):
    """Cross-entropy over the hash centres; pairs of images join in when the codes have settled. [0]

    p = softmax(sqrt(b) cos(u, h_c)); mean binary cross-entropy of p over images and classes
    + quantization * mean (|u| - 1)^2 + pair_weight * mean(softplus(theta) - s theta), theta = u v^T / 2,
    v the momentum codes of a `MemoryBank`; the last term from epoch `pairs_from` on. Two things differ from [0], whose
    pair term is the mean of log(1 + exp((1 - cos) / 2)) over similar pairs alone, against the codes of a momentum
    encoder: here dissimilar pairs count too, and v is the running mean of the codes themselves.

    [0] Wang et al., Deep Hashing with Minimal-Distance-Separated Hash Centers, CVPR 2023

    Args:
        length: b, a multiple of 8.
        classes: C.
        quantization: weight of the quantisation term, 1e-4.
        pair_weight: of the pairs, 1.
        pairs_from: the epoch, counted from 0, in which pairs join in, 9.
        seed: of the hash centres.
        scale: similarities of pairs count as those of codes of this many bits, see `relative_scale`.
    """

    bank_momentum: ClassVar[float | None] = 0.9
    nested_scale: ClassVar[int | None] = 8

    pairs_joined: bool
    """Whether pairs count; set by `begin_epoch`."""

    def __init__(
        self,
        length: int,
        classes: int,
        quantization: float = 1e-4,
        pair_weight: float = 1.0,
        pairs_from: int = 9,
        seed: int = 0,
        scale: int | None = None,
    ) -> None:
        super().__init__(length, classes, seed)
        self.quantization, self.pair_weight, self.pairs_from = quantization, pair_weight, pairs_from
        self.scale = relative_scale(scale, length)
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        """Let pairs join in from epoch `pairs_from` on."""
        self.pairs_joined = epoch >= self.pairs_from

    def forward(self, codes: Tensor, labels: Tensor, others: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Real codes (M, b) and labels, and codes and labels to compare with, to a scalar."""
        members, log_p = self.members(codes, labels), self.log_probabilities(codes)
        value = -(members * log_p + (1 - members) * log_complement(log_p)).mean()
        value = value + self.quantization * (codes.abs() - 1).square().mean()
        if self.pairs_joined:
            pairs = self.pairs(codes, labels, others)
            theta = self.scale / 2 * codes @ pairs.others.T
            value = value + self.pair_weight * pair_likelihood(theta, pairs.similar)
        return value
