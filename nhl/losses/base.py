"""What every loss is: made for one code length, called with real codes and labels."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, normalize, one_hot

from nhl.centers import hash_centers
from nhl.codes import check_lengths
from nhl.layer import sign

TINY = 1e-6
"""A code shorter than this has no direction: it bounds the gradient of a cosine at zero."""


class HashLoss(nn.Module, ABC):
    """A hashing loss for one code length.

    Args:
        length: b, a multiple of 8.
        classes: C.

    Raises:
        ValueError: if `length` breaks its rule or `classes` is below 1; when called, if codes or labels
            have another form than announced.
    """

    bank_momentum: ClassVar[float | None] = None
    """Momentum of the `MemoryBank` that the loss was published with; None: it looks at the batch alone."""

    nested_scale: ClassVar[int | None] = None
    """The `scale` (`relative_scale`) by which a nested code of 8 to 128 bits learnt best, of 8, 16 and 32 on
    training pictures of CIFAR-10 that were kept back; None: the loss has no `scale` and needs none."""

    def __init__(self, length: int, classes: int) -> None:
        super().__init__()
        (self.length,) = check_lengths([length])
        if classes < 1:
            raise ValueError(f"`classes` must be at least 1 but got {classes}")
        self.classes = classes

    @abstractmethod
    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Real codes (M, b) and labels, (M,) class numbers or (M, C) zeros and ones, to a scalar."""

    def begin_epoch(self, epoch: int) -> None:
        """Told by the training loop which epoch, from 0, begins; most losses do not change with it."""

    def members(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Labels of codes (M, b) as `memberships` (M, C), once both are checked; of double precision if the codes are."""
        if codes.ndim != 2 or codes.shape[1] != self.length or len(codes) == 0:
            raise ValueError(f"`codes` must have shape (M > 0, {self.length}) but got {tuple(codes.shape)}")
        if len(labels) != len(codes):
            raise ValueError(f"`labels` must be as many as `codes`, {len(codes)}, but got {len(labels)}")
        return self.memberships(labels).to(torch.promote_types(codes.dtype, torch.float))

    def memberships(self, labels: Tensor) -> Tensor:
        """Labels of either form as (M, C) floats of 0 and 1, or between for blended images."""
        if labels.ndim == 2 and labels.shape[1] == self.classes:
            return labels.float()
        if labels.ndim != 1 or labels.is_floating_point():
            raise ValueError(
                f"`labels` must be whole numbers (M,) or memberships (M, {self.classes}) "
                f"but got {labels.dtype} of shape {tuple(labels.shape)}"
            )
        if ((labels < 0) | (labels >= self.classes)).any():
            raise ValueError(f"`labels` must be from 0 to {self.classes - 1} but got {labels.tolist()}")
        return one_hot(labels.long(), self.classes).float()


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

    def targets(self, members: Tensor) -> Tensor:
        """The centre (M, b) of each image (M, C): of its class, or the majority of those of its labels.

        Of a blended image, whose memberships are shares of 1, the mean of the centres by these shares.
        """
        mean = members @ self.centers.to(members.dtype)
        shares = (members.sum(1, keepdim=True) - 1).abs() < TINY
        return torch.where(shares, mean.clamp(-1, 1), sign(mean + self.tie_break))

    def log_probabilities(self, codes: Tensor) -> Tensor:
        """log p (M, C) of codes (M, b), p = softmax(sqrt(b) cos(u, h_c))."""
        cosines = normalize(codes, eps=TINY) @ normalize(self.centers).T.to(codes.dtype)
        return log_softmax(math.sqrt(self.length) * cosines, dim=1)


def log_complement(log_p: Tensor) -> Tensor:
    """log(1 - p) of log p, finite at p = 1.

    >>> log_complement(torch.tensor([0.25]).log()).exp()
    tensor([0.7500])
    """
    return torch.log(-torch.expm1(log_p.clamp(max=-TINY)))
