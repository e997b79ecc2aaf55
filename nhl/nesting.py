"""Any loss, once for each code length."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nhl.codes import check_lengths
from nhl.distillation import cascade_distillation
from nhl.losses import LOSSES


class NestedLoss(nn.Module):
    """One loss a length, and the distillation between lengths: outputs and labels to values (L,).

    >>> nested = NestedLoss("csq", (8, 16), classes=3)
    >>> z = torch.zeros(2, 16)
    >>> nested((z[:, :8], z), torch.tensor([0, 2])).shape
    torch.Size([2])

    Args:
        loss: a name from `LOSSES`.
        lengths: code lengths in bits, ascending multiples of 8.
        classes: C.
        distillation: lambda, the weight of the distillation; 0 leaves it out.
        constants: of the loss, the same at each length.

    Raises:
        ValueError: if `loss` is unknown or `distillation` is negative.
    """

    def __init__(
        self, loss: str, lengths: Iterable[int], classes: int, distillation: float = 0.0, **constants: Any
    ) -> None:
        super().__init__()
        if loss not in LOSSES:
            raise ValueError(f"unknown loss {loss!r}; choose from {', '.join(LOSSES)}")
        if distillation < 0:
            raise ValueError(f"`distillation` must be 0 or more but got {distillation}")
        self.lengths = check_lengths(lengths)
        self.distillation = distillation
        self.losses = nn.ModuleList(
            LOSSES[loss](length=length, classes=classes, **constants) for length in self.lengths
        )

    def forward(self, outputs: Sequence[Tensor], labels: Tensor) -> Tensor:
        """L outputs (M, b), the shortest first, and labels, to the values (L,)."""
        values = torch.stack([loss(u, labels) for loss, u in zip(self.losses, outputs, strict=True)])
        if self.distillation:
            values = values + self.distillation * cascade_distillation(outputs)
        return values
