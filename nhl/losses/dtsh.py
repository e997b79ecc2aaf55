"""DTSH: deep supervised hashing with triplets."""

from typing import ClassVar

from torch import Tensor
from torch.nn.functional import softplus

from nhl.layer import sign
from nhl.losses.base import HashLoss
from nhl.losses.pairs import Pairs, relative_scale


class DTSHLoss(HashLoss):
    """Likelihood that an anchor is more similar to a positive than to a negative, by a margin. [0]

    theta = u u^T; mean softplus(-(theta_ap - theta_an - margin)) over all triplets, the argument clipped
    to [-100, 50], + quantization * mean (u - sign u)^2. No triplet in a batch: the second term alone. The authors'
    code averages over the triplets of each anchor first, and then over anchors: the same where every class has as
    many images in the batch.

    [0] Wang et al., Deep Supervised Hashing with Triplet Labels, ACCV 2016, arXiv 1612.03900

    Args:
        length: b, a multiple of 8.
        classes: C.
        margin: 5.
        quantization: weight of the quantisation term, 1.
        scale: similarities count as those of codes of this many bits, see `relative_scale`.
    """

    nested_scale: ClassVar[int | None] = 16

    def __init__(
        self,
        length: int,
        classes: int,
        margin: float = 5.0,
        quantization: float = 1.0,
        scale: int | None = None,
    ) -> None:
        super().__init__(length, classes)
        self.margin, self.quantization, self.scale = margin, quantization, relative_scale(scale, length)

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Real codes (M, b) and labels to a scalar."""
        members = self.members(codes, labels)
        similar = Pairs(members, codes, members).similar
        theta = self.scale * codes @ codes.T
        # R pairs of an anchor and a positive, about M^2 / C: all triplets are (R, M), not (M, M, M).
        anchors, positives = similar.nonzero(as_tuple=True)
        gaps = theta[anchors, positives, None] - theta[anchors] - self.margin  # (R, M)
        weights = similar[anchors, positives, None] * (1 - similar[anchors])  # 1 if a triplet, else 0
        triplets = (weights * softplus(-gaps.clamp(-100, 50))).sum() / weights.sum().clamp(min=1)
        return triplets + self.quantization * (codes - sign(codes)).square().mean()
