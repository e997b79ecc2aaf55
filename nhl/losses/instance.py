"""Which instance a picture shows, learnt by the bits that only the longest code has."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from nhl.codes import check_lengths
from nhl.losses.base import TINY


class InstanceLoss(nn.Module):
    """Cross-entropy over the cosines between the last bits of a code and a learnt direction for each instance. [0]

    All lengths learn the classes. What tells two instances of one class apart is asked of the bits beyond the
    second longest code alone, so that no shorter code pays for it.

    [0] Zhai and Wu, Classification is a Strong Baseline for Deep Metric Learning, BMVC 2019, arXiv 1811.12649

    Args:
        lengths: code lengths in bits, ascending multiples of 8, at least two.
        instances: I, how many there are.
        scale: of the cosines.

    Raises:
        ValueError: if an argument breaks its rule.

    >>> InstanceLoss((8, 16), instances=3)(torch.ones(2, 16), torch.tensor([0, 2])).shape
    torch.Size([])
    """

    def __init__(self, lengths: Iterable[int], instances: int, scale: float = 8.0) -> None:
        super().__init__()
        *_, self.start, end = 0, *check_lengths(lengths)
        if not self.start:
            raise ValueError(f"`lengths` must be at least two but got {end} alone")
        if instances < 1:
            raise ValueError(f"`instances` must be at least 1 but got {instances}")
        self.scale = scale
        self.directions = nn.Parameter(torch.randn(instances, end - self.start))

    def forward(self, outputs: Tensor, instances: Tensor) -> Tensor:
        """Outputs (M, B) of the longest length, and numbers (M,) or shares (M, I) of instances, to a scalar."""
        codes = normalize(outputs[:, self.start :], eps=TINY)
        return cross_entropy(
            self.scale * codes @ normalize(self.directions, eps=TINY).T.to(codes.dtype), instances
        )
