"""CSQ: central similarity quantisation."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from nhl.losses.base import CenterLoss


class CSQLoss(CenterLoss):
    """Binary cross-entropy of each bit against the bit of the class's hash centre. [0]

    v = tanh u; BCE((v + 1) / 2, (h_y + 1) / 2) + quantization * mean((|v| - 1)^2)

    [0] Yuan et al., Central Similarity Quantization for Efficient Image and Video Retrieval, CVPR 2020,
        arXiv 1908.00347

    Args:
        length: b, a multiple of 8.
        classes: C.
        quantization: weight of the quantisation term, 1e-4 as in [0].
        seed: of the hash centres.
    """

    def __init__(self, length: int, classes: int, quantization: float = 1e-4, seed: int = 0) -> None:
        super().__init__(length, classes, seed)
        self.quantization = quantization

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Real codes (M, b) and labels to a scalar."""
        v, targets = torch.tanh(codes), self.targets(self.members(codes, labels))
        center = binary_cross_entropy((v + 1) / 2, (targets + 1) / 2)
        return center + self.quantization * (v.abs() - 1).square().mean()
