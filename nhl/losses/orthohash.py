"""OrthoHash: a cosine softmax with a margin against hash centres."""

import math

from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from nhl.losses.base import TINY, CenterLoss


class OrthoHashLoss(CenterLoss):
    """Cross-entropy over the cosines between a code and all hash centres, with a margin. [0]

    p = softmax(scale * (cos(u, h_c) - margin [c = y])); several labels share the target evenly. The scale is sqrt(b),
    where the authors' code has 8 at every length; `scale=8` gives theirs.

    [0] Hoe et al., One Loss for All: Deep Hashing with a Single Cosine Similarity based Learning
        Objective, NeurIPS 2021, arXiv 2109.14449

    Args:
        length: b, a multiple of 8.
        classes: C.
        margin: 0.2 as in [0].
        scale: of the cosines; the square root of b by default.
        smoothing: of the labels, from 0 to 1.
        seed: of the hash centres.
    """

    def __init__(
        self,
        length: int,
        classes: int,
        margin: float = 0.2,
        scale: float | None = None,
        smoothing: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(length, classes, seed)
        self.margin, self.smoothing = margin, smoothing
        self.scale = math.sqrt(length) if scale is None else scale

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Real codes (M, b) and labels to a scalar."""
        members = self.members(codes, labels)
        cosines = normalize(codes, eps=TINY) @ normalize(self.centers).T.to(codes.dtype)  # (M, C)
        targets = members / members.sum(1, keepdim=True).clamp(min=1)
        logits = self.scale * (cosines - self.margin * members)
        return cross_entropy(logits, targets, label_smoothing=self.smoothing)
