"""DBDH: deep balanced discrete hashing."""

from typing import ClassVar

from torch import Tensor

from nhl.losses.pairs import PairLoss, pair_likelihood, relative_scale


class DBDHLoss(PairLoss):
    """Likelihood of the similarities of clipped codes, and codes whose bits balance. [0]

    u clipped to +-1, theta = u v^T / 2; mean(softplus(theta) - s theta) + balance * mean_i (mean_j u_ij)^2

    [0] Zheng et al., Deep Balanced Discrete Hashing for Image Retrieval, Neurocomputing 2020

    Args:
        length: b, a multiple of 8.
        classes: C.
        balance: weight of the balance term, 0.1.
        scale: similarities count as those of codes of this many bits, see `relative_scale`.
    """

    bank_momentum: ClassVar[float | None] = 0.0
    nested_scale: ClassVar[int | None] = 8

    def __init__(self, length: int, classes: int, balance: float = 0.1, scale: int | None = None) -> None:
        super().__init__(length, classes)
        self.balance, self.scale = balance, relative_scale(scale, length)

    def forward(self, codes: Tensor, labels: Tensor, others: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Real codes (M, b) and labels, and codes and labels to compare with, to a scalar."""
        pairs = self.pairs(codes, labels, others)
        clipped = codes.clamp(-1, 1)
        theta = self.scale / 2 * clipped @ pairs.others.clamp(-1, 1).T
        return pair_likelihood(theta, pairs.similar) + self.balance * clipped.mean(1).square().mean()
