"""LCDSH: locality-constrained deep supervised hashing."""

from typing import ClassVar

from torch import Tensor

from nhl.layer import sign
from nhl.losses.pairs import PairLoss, pair_likelihood, relative_scale


class LCDSHLoss(PairLoss):
    """Likelihood of the similarities, which the binary codes are to keep. [0]

    theta = u v^T / 2, clipped to +-50, s in +-1;
    mean log(1 + exp(-s theta)) + locality * mean (sigmoid(theta) - sigmoid(sign u sign v^T / 2))^2

    [0] Zhu and Gao, Locality-Constrained Deep Supervised Hashing for Image Retrieval, IJCAI 2017

    Args:
        length: b, a multiple of 8.
        classes: C.
        locality: weight of the second term, 3.
        scale: similarities count as those of codes of this many bits, see `relative_scale`.
    """

    nested_scale: ClassVar[int | None] = 16

    def __init__(self, length: int, classes: int, locality: float = 3.0, scale: int | None = None) -> None:
        super().__init__(length, classes)
        self.locality, self.scale = locality, relative_scale(scale, length)

    def forward(self, codes: Tensor, labels: Tensor, others: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Real codes (M, b) and labels, and codes and labels to compare with, to a scalar."""
        pairs = self.pairs(codes, labels, others)
        theta = (self.scale / 2 * codes @ pairs.others.T).clamp(-50, 50)
        binary = self.scale / 2 * sign(codes) @ sign(pairs.others).T
        locality = (theta.sigmoid() - binary.sigmoid()).square().mean()
        # log(1 + exp(-theta)) for s = 1 and log(1 + exp(theta)) for s = -1 are the likelihood with s in {0, 1}
        return pair_likelihood(theta, pairs.similar) + self.locality * locality
