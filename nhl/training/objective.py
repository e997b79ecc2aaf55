"""What a run minimises, as its settings say: the loss of every length, and how the lengths are weighted."""

from torch import Tensor, nn

from nhl.losses import LOSSES
from nhl.losses.memory_bank import MemoryBank
from nhl.nesting import NestedLoss
from nhl.training.settings import NONE, Settings
from nhl.weighting import WEIGHTINGS, Weighting


def nested_loss(settings: Settings, classes: int, labels: Tensor | None = None) -> NestedLoss:
    """The loss of every length.

    Args:
        settings: which.
        classes: C.
        labels: of all training pictures, for the memory bank; without them there is none.
    """
    bank = None
    if labels is not None and settings.bank and settings.loss != NONE:
        momentum = LOSSES[settings.loss].bank_momentum
        bank = None if momentum is None else MemoryBank(labels, settings.lengths[-1], momentum)
    loss = settings.loss if settings.loss != NONE else lambda length: _NoLoss()
    return NestedLoss(
        loss,
        settings.lengths,
        classes,
        settings.distillation,
        bank,
        settings.central,
        **settings.constants,
    )


def weighting(settings: Settings) -> Weighting:
    """The weighting of the lengths."""
    return WEIGHTINGS[settings.weighting](len(settings.lengths), **settings.weighting_constants)


class _NoLoss(nn.Module):
    """In place of a published loss, where the levels are all that is learnt."""

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Codes (M, b) and labels to zero."""
        return codes.new_zeros(())
