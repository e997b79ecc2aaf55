"""GreedyHash: classify by the signs, pass the gradient straight through them."""

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear

from nhl.layer import sign
from nhl.losses.base import HashLoss


class GreedyHashLoss(HashLoss):
    """Cross-entropy of a linear classifier of the binary code, and codes near +-1. [0]

    The sign has the gradient of the identity. CE(classifier(sign u), y) + quantization * mean ||u| - 1|^3;
    several labels share the target evenly. `classifier`, without bias as in [0], is learnt: its parameters go to the optimiser.

    [0] Su et al., Greedy Hash: Towards Fast Optimization for Accurate Hash Coding in CNN, NeurIPS 2018

    Args:
        length: b, a multiple of 8.
        classes: C.
        quantization: weight of the quantisation term, 0.1 as in [0].
    """

    def __init__(self, length: int, classes: int, quantization: float = 0.1) -> None:
        super().__init__(length, classes)
        self.quantization = quantization
        self.classifier = nn.Linear(length, classes, bias=False)

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Real codes (M, b) and labels to a scalar."""
        members = self.members(codes, labels)
        targets = members / members.sum(1, keepdim=True).clamp(min=1)
        binary = codes + (sign(codes) - codes).detach()
        classification = cross_entropy(linear(binary, self.classifier.weight.to(codes.dtype)), targets)
        return classification + self.quantization * (codes.abs() - 1).abs().pow(3).mean()
