"""Any loss, once for each code length."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from nhl.codes import check_lengths
from nhl.distillation import cascade_distillation
from nhl.losses import LOSSES, CSQLoss, HashLoss, PairLoss
from nhl.losses.memory_bank import MemoryBank


class NestedLoss(nn.Module):
    """One loss a length, and the distillation between lengths: outputs and labels to values (L,).

    >>> nested = NestedLoss("csq", (8, 16), classes=3)
    >>> z = torch.zeros(2, 16)
    >>> nested((z[:, :8], z), torch.tensor([0, 2])).shape
    torch.Size([2])

    Args:
        loss: a name from `LOSSES`; or yours, a function of a length that gives a module, called with codes
            (M, b) and labels.
        lengths: code lengths in bits, ascending multiples of 8.
        classes: C; not needed for a loss of yours without `central`.
        distillation: lambda, the weight of the distillation; 0 leaves it out.
        central: weight of central similarity (`CSQLoss`), added to the loss at each length; it keeps the
            classes of every prefix apart, which losses that compare pairs do not. 0 leaves it out.
        bank: of codes of the longest length, shared by all lengths; without one a batch is compared
            with itself. Only for losses that compare pairs.
        constants: of the loss that is named, the same at each length. By default several lengths of
            a loss with a `scale` get its `nested_scale`; `scale=None` leaves it as published.

    Raises:
        ValueError: if an argument breaks its rule; when called, if there are not L outputs, or a bank
            is not told the images' indices.
    """

    def __init__(
        self,
        loss: str | Callable[[int], nn.Module],
        lengths: Iterable[int],
        classes: int | None = None,
        distillation: float = 0.0,
        bank: MemoryBank | None = None,
        central: float = 0.0,
        **constants: Any,
    ) -> None:
        super().__init__()
        for name, weight in (("distillation", distillation), ("central", central)):
            if weight < 0:
                raise ValueError(f"`{name}` must be 0 or more but got {weight}")
        self.lengths = check_lengths(lengths)
        if isinstance(loss, str):
            if loss not in LOSSES:
                raise ValueError(f"unknown loss {loss!r}; choose from {', '.join(LOSSES)}")
            named: Callable[..., HashLoss] = LOSSES[loss]
            if LOSSES[loss].nested_scale and len(self.lengths) > 1:
                constants.setdefault("scale", LOSSES[loss].nested_scale)
            create: Callable[[int], nn.Module] = partial(named, classes=classes, **constants)
        else:
            create = loss
        losses: list[nn.Module] = [create(length) for length in self.lengths]
        if bank is not None and not isinstance(losses[0], PairLoss):
            choices = ", ".join(name for name, kind in LOSSES.items() if issubclass(kind, PairLoss))
            raise ValueError(f"`bank` is of no use to {type(losses[0]).__name__}, only to {choices}")
        if bank is not None and bank.length != self.lengths[-1]:
            raise ValueError(f"`bank` must hold codes of {self.lengths[-1]} bits but holds {bank.length}")
        self.distillation, self.central = distillation, central
        self.bank = bank
        self.losses = cast("Sequence[HashLoss]", nn.ModuleList(losses))
        self.central_losses = nn.ModuleList()
        if central:
            if classes is None:
                raise ValueError(f"`classes` must be given where `central` is not 0 but {central}")
            self.central_losses.extend(CSQLoss(length, classes) for length in self.lengths)

    def begin_epoch(self, epoch: int) -> None:
        """Tell the losses which epoch, from 0, begins: some change as training goes on."""
        for loss in self.losses:
            if isinstance(loss, HashLoss):
                loss.begin_epoch(epoch)

    def forward(self, outputs: Sequence[Tensor], labels: Tensor, indices: Tensor | None = None) -> Tensor:
        """L outputs (M, b), the shortest first, and labels, to the values (L,).

        `indices` (M,) are the numbers of the training images, which a bank needs.
        """
        if len(outputs) != len(self.lengths):
            raise ValueError(f"`outputs` must be one per length, {len(self.lengths)}, but got {len(outputs)}")
        values = torch.stack(self._values(outputs, labels, indices))
        if self.central:
            pairs = zip(self.central_losses, outputs, strict=True)
            values = values + self.central * torch.stack([loss(u, labels) for loss, u in pairs])
        if self.distillation:
            values = values + self.distillation * cascade_distillation(outputs)
        return values

    def _values(self, outputs: Sequence[Tensor], labels: Tensor, indices: Tensor | None) -> list[Tensor]:
        pairs = zip(self.losses, outputs, strict=True)
        if self.bank is None:
            return [loss(u, labels) for loss, u in pairs]
        if indices is None:
            raise ValueError("`indices` of the images must be given to a loss with a memory bank")
        codes, others = self.bank(outputs[-1], labels, indices)
        others = self.losses[0].memberships(others)  # once for all lengths
        return [loss(u, labels, (codes[:, : loss.length], others)) for loss, u in pairs]
