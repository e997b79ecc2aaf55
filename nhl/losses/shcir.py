"""SHCIR: semantic hash centres for image retrieval."""

from torch import Tensor

from nhl.losses.base import CenterLoss, log_complement


class SHCIRLoss(CenterLoss):
    """Towards the class's hash centre, away from each of the others. [0]

    p = softmax(sqrt(b) cos(u, h_c)); -(log p_y + mean over c != y of log(1 - p_c))
    + quantization * mean (|u| - 1)^2. Several labels: the mean of log p over them.

    [0] Chen et al., Deep Hashing with Semantic Hash Centers for Image Retrieval, 2025, arXiv 2507.08404

    Args:
        length: b, a multiple of 8.
        classes: C.
        quantization: weight of the quantisation term, 1e-4.
        seed: of the hash centres.
    """

    def __init__(self, length: int, classes: int, quantization: float = 1e-4, seed: int = 0) -> None:
        super().__init__(length, classes, seed)
        self.quantization = quantization

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Real codes (M, b) and labels to a scalar."""
        members = self.members(codes, labels)
        log_p, strangers = self.log_probabilities(codes), 1 - members
        towards = (members * log_p).sum(1) / members.sum(1).clamp(min=1)
        away = (strangers * log_complement(log_p)).sum(1) / strangers.sum(1).clamp(min=1)
        return self.quantization * (codes.abs() - 1).square().mean() - (towards + away).mean()
