"""What every loss is: made for one code length, called with real codes and labels."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from nhl.centers import hash_centers
from nhl.codes import check_lengths


class HashLoss(nn.Module, ABC):
    """A hashing loss for one code length.

    Args:
        length: b, a multiple of 8.
        classes: C.
    """

    def __init__(self, length: int, classes: int) -> None:
        super().__init__()
        (self.length,) = check_lengths([length])
        if classes < 1:
            raise ValueError(f"`classes` must be at least 1 but got {classes}")
        self.classes = classes

    @abstractmethod
    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Real codes (M, b) and labels, (M,) class numbers or (M, C) zeros and ones, to a scalar."""

    def memberships(self, labels: Tensor) -> Tensor:
        """Labels of either form as (M, C) floats of 0 and 1."""
        if labels.ndim == 1:
            return nn.functional.one_hot(labels, self.classes).float()
        return labels.float()


class CenterLoss(HashLoss):
    """A loss against hash centres, which nest: those of length b are the prefix of any longer ones."""

    centers: Tensor
    tie_break: Tensor

    def __init__(self, length: int, classes: int, seed: int = 0) -> None:
        super().__init__(length, classes)
        generator = torch.Generator().manual_seed(seed)
        centers = torch.from_numpy(hash_centers(classes, length, seed).copy()).float()
        self.register_buffer("centers", centers)  # (C, b)
        # Settles, the same way each time, the bits on which the centres of several labels cancel.
        self.register_buffer("tie_break", torch.rand(length, generator=generator) - 0.5)

    def targets(self, labels: Tensor) -> Tensor:
        """The centre (M, b) of each image: of its class, or the majority of those of its labels."""
        if labels.ndim == 1:
            return self.centers[labels]
        votes = labels.float() @ self.centers
        return torch.where(votes + self.tie_break >= 0, 1.0, -1.0)
