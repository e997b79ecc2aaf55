"""DSH: deep supervised hashing."""

from typing import ClassVar

from torch import Tensor

from nhl.losses.pairs import PairLoss, relative_scale


class DSHLoss(PairLoss):
    """Contrastive: similar pairs close, dissimilar ones beyond a margin. [0]

    d = |u - v|^2; mean(s d / 2 + (1 - s) max(0, 2b - d) / 2) + quantization * mean ||u| - 1|

    [0] Liu et al., Deep Supervised Hashing for Fast Image Retrieval, CVPR 2016

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
        similar, norms = pairs.similar, pairs.others.square().sum(1)
        # |u|^2 + |v|^2 - 2 uv: no (M, N, b) tensor
        distances = codes.square().sum(1, keepdim=True) + norms - 2 * codes @ pairs.others.T
        contrast = similar * distances + (1 - similar) * (2 * self.length - distances).clamp(min=0)
        return self.scale * contrast.mean() / 2 + self.quantization * (codes.abs() - 1).abs().mean()
