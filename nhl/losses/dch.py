"""DCH: deep Cauchy hashing."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

from nhl.losses.base import TINY
from nhl.losses.pairs import PairLoss, balance, relative_scale


class DCHLoss(PairLoss):
    """Balanced Cauchy likelihood of the similarities: similar pairs beyond a small radius cost much. [0]

    d = b / 2 (1 - min(cos, 0.99)), w all pairs / pairs of its kind;
    mean w (s log(d / g) + log(1 + g / d)) + quantization * mean log(1 + d(|u|, 1) / g)

    [0] Cao et al., Deep Cauchy Hashing for Hamming Space Retrieval, CVPR 2018

    Args:
        length: b, a multiple of 8.
        classes: C.
        gamma: g, scale of the Cauchy distribution in bits, 20 as in [0].
        quantization: weight of the quantisation term, 0.1.
        scale: similarities count as those of codes of this many bits, see `relative_scale`.
    """

    nested_scale: ClassVar[int | None] = 32

    def __init__(
        self,
        length: int,
        classes: int,
        gamma: float = 20.0,
        quantization: float = 0.1,
        scale: int | None = None,
    ) -> None:
        super().__init__(length, classes)
        self.gamma, self.quantization, self.scale = gamma, quantization, relative_scale(scale, length)

    def forward(self, codes: Tensor, labels: Tensor, others: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Real codes (M, b) and labels, and codes and labels to compare with, to a scalar."""
        pairs = self.pairs(codes, labels, others)
        similar = pairs.similar
        ratio = self._distances(codes, pairs.others) / self.gamma  # (M, N), above 0 by the clip
        likelihood = balance(similar) * (similar * ratio.log() + torch.log1p(1 / ratio))
        to_corner = self._distances(codes.abs(), torch.ones_like(codes[:1])) / self.gamma  # (M, 1)
        return likelihood.mean() + self.quantization * to_corner.log1p().mean()

    def _distances(self, codes: Tensor, others: Tensor) -> Tensor:
        cosines = normalize(codes, eps=TINY) @ normalize(others, eps=TINY).T
        return self.scale * self.length / 2 * (1 - cosines.clamp(max=0.99))
