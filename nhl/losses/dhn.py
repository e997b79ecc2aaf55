"""DHN: the deep hashing network."""

import math
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import softplus

from nhl.losses.pairs import PairLoss, pair_likelihood, relative_scale


class DHNLoss(PairLoss):
    """Likelihood of the similarities, and a smooth distance of each bit from +-1. [0]

    theta = u v^T / 2; mean(softplus(theta) - s theta) + quantization * mean log cosh(|u| - 1)

    [0] Zhu et al., Deep Hashing Network for Efficient Similarity Retrieval, AAAI 2016

    Args:
        length: b, a multiple of 8.
        classes: C.
        quantization: weight of the quantisation term, 0.1.
        scale: similarities count as those of codes of this many bits, see `relative_scale`.
    """

    bank_momentum: ClassVar[float | None] = 0.0
    nested_scale: ClassVar[int | None] = 8

    def __init__(
        self, length: int, classes: int, quantization: float = 0.1, scale: int | None = None
    ) -> None:
        super().__init__(length, classes)
        self.quantization, self.scale = quantization, relative_scale(scale, length)

    def forward(self, codes: Tensor, labels: Tensor, others: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Real codes (M, b) and labels, and codes and labels to compare with, to a scalar."""
        pairs = self.pairs(codes, labels, others)
        gap = codes.abs() - 1
        log_cosh = gap + softplus(-2 * gap) - math.log(2)  # does not overflow as cosh would
        theta = self.scale / 2 * codes @ pairs.others.T
        return pair_likelihood(theta, pairs.similar) + self.quantization * log_cosh.mean()
