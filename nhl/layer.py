"""The nested head: one linear map whose output holds every shorter code as a prefix."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from nhl.codes import LENGTHS, check_lengths


class NestedHashLayer(nn.Module):
    """Features to codes of every length; put it where a model has `nn.Linear(in_features, bits)`. [0]

    One matrix product, z = W f + c, with W (B, D); the output of length b is z[:, :b], a view. Its
    binary code is `sign` of it.

    [0] He et al., Nested Hash Layer: A Plug-and-play Module for Multiple-length Hash Code Learning,
        2024, arXiv 2412.08922

    Args:
        in_features: D, the width of the features.
        lengths: code lengths in bits, ascending multiples of 8.

    Raises:
        ValueError: if `in_features` is not positive or `lengths` breaks its rule.

    >>> [tuple(u.shape) for u in NestedHashLayer(16, (8, 32))(torch.zeros(3, 16))]
    [(3, 8), (3, 32)]
    """

    def __init__(self, in_features: int, lengths: Iterable[int] = LENGTHS) -> None:
        super().__init__()
        if in_features < 1:
            raise ValueError(f"`in_features` must be positive but got {in_features}")
        self.lengths = check_lengths(lengths)
        self.linear = nn.Linear(in_features, self.lengths[-1])
        nn.init.normal_(self.linear.weight, std=0.01)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """Features (M, D) to L outputs (M, b), the shortest first; the last is all of z."""
        z = self.linear(features)
        return (*(z[:, :length] for length in self.lengths[:-1]), z)


def sign(outputs: Tensor) -> Tensor:
    """The binary code of real outputs, -1 and +1; the sign of 0 is +1.

    >>> sign(torch.tensor([-0.5, 0.0, 2.0]))
    tensor([-1.,  1.,  1.])
    """
    return torch.where(outputs >= 0, 1.0, -1.0)
