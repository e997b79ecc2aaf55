"""Losses that compare pairs of images: a batch with itself, or with a bank of codes seen before."""

from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import softplus

from nhl.losses.base import HashLoss


class Pairs(NamedTuple):
    """Two sides of a comparison: members (M, C) of the batch; codes (N, b) and members (N, C) of the others."""

    members: Tensor
    others: Tensor
    other_members: Tensor

    @property
    def shared(self) -> Tensor:
        """How many labels each pair shares, (M, N)."""
        return self.members @ self.other_members.T

    @property
    def similar(self) -> Tensor:
        """s (M, N): 1 if a pair shares a label, else 0; between for blended images."""
        return self.shared.clamp(max=1)


class PairLoss(HashLoss):
    """A loss over all pairs of M images and N others, `loss(codes, labels, others)`.

    Without others the batch itself serves: all M^2 pairs, an image with itself among them (as a bank
    that was just told the batch holds it too), and the gradient flows through both sides. Others get none.
    """

    def pairs(self, codes: Tensor, labels: Tensor, others: tuple[Tensor, Tensor] | None) -> Pairs:
        """Both sides of the comparison, checked."""
        members = self.members(codes, labels)
        if others is None:
            return Pairs(members, codes, members)
        other_codes, other_labels = others
        return Pairs(members, other_codes.detach(), self.members(other_codes, other_labels))


def relative_scale(scale: int | None, length: int) -> float:
    """By what the similarities of codes of b bits are multiplied to be on the scale of another length.

    Inner products grow with the bits, so a published loss whose slope, margin or radius does not is a
    different one at each length: in a nested code the first bits alone satisfy it at the longer lengths,
    and the others learn little. On one scale every length has to use all of its bits.

    Args:
        scale: a length in bits; None for the loss as published.
        length: b.

    Raises:
        ValueError: if `scale` is below 1.

    >>> relative_scale(8, 32), relative_scale(None, 32)
    (0.25, 1.0)
    """
    if scale is not None and scale < 1:
        raise ValueError(f"`scale` must be at least 1 but got {scale}")
    return 1.0 if scale is None else scale / length


def pair_likelihood(theta: Tensor, similar: Tensor) -> Tensor:
    """Mean negative log-likelihood of s = 1 with probability sigmoid(theta), both (M, N).

    >>> import torch
    >>> pair_likelihood(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]]))
    tensor(0.6931)
    """
    return (softplus(theta) - similar * theta).mean()


def balance(similar: Tensor) -> Tensor:
    """Weights (M, N) by which the similar pairs count as much as the dissimilar ones, all / kind each.

    >>> import torch
    >>> balance(torch.tensor([[1.0, 0.0, 0.0, 0.0]]))
    tensor([[4.0000, 1.3333, 1.3333, 1.3333]])
    """
    positive = similar.sum()
    negative = similar.numel() - positive
    # A kind with no pair weighs nothing, so its share may be anything but 0.
    return similar.numel() * (similar / positive.clamp(min=1) + (1 - similar) / negative.clamp(min=1))
