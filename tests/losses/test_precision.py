"""Double precision: every loss computes in that of the codes, and its gradient is the one of single precision, finer."""

import pytest
import torch
from torch import Tensor, nn

from nhl.losses import LOSSES
from nhl.losses.instance import InstanceLoss
from nhl.losses.levels import LevelLoss
from nhl.losses.memory_bank import MemoryBank
from nhl.nesting import NestedLoss

LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


def codes() -> Tensor:
    return torch.randn(6, 16, dtype=torch.double, generator=torch.Generator().manual_seed(0))


def nested(name: str, bank: bool) -> NestedLoss:
    torch.manual_seed(0)
    loss = NestedLoss(
        name, (8, 16), classes=3, distillation=1.0, central=1.0, bank=MemoryBank(LABELS, 16) if bank else None
    )
    loss.begin_epoch(9)  # where all terms count
    return loss


@pytest.mark.parametrize("converted", [True, False])
@pytest.mark.parametrize(
    ("name", "bank"),
    [(n, b) for n in LOSSES for b in (False, True) if not b or LOSSES[n].bank_momentum is not None],
)
def test_every_loss_in_double_precision(name: str, bank: bool, converted: bool) -> None:
    """With and without `loss.double()`: which matters only where a loss learns parameters of its own."""
    found = []
    for dtype in (torch.double, torch.float):
        loss = nested(name, bank)
        if dtype is torch.double and converted:
            loss = loss.double()
        z = codes().to(dtype).requires_grad_()
        values = loss((z[:, :8], z), LABELS, torch.arange(6))
        values.sum().backward()
        assert values.dtype == dtype
        assert z.grad is not None
        assert z.grad.isfinite().all()
        found.append((values, z.grad))
    for double, single in zip(*found, strict=True):
        torch.testing.assert_close(double.float(), single, rtol=1e-4, atol=1e-5)
        assert (double != single.double()).any()  # it was not computed in single precision


@pytest.mark.parametrize("loss", [LevelLoss((8, 16), (3,)), InstanceLoss((8, 16), 3)])
def test_levels_and_instances_in_double_precision(loss: nn.Module) -> None:
    z = codes().requires_grad_()
    value = loss((z[:, :8], z), LABELS[:, None]).sum() if isinstance(loss, LevelLoss) else loss(z, LABELS)
    value.backward()
    assert value.dtype == torch.double
    assert z.grad is not None
    assert z.grad.isfinite().all()


def test_numeric_gradients() -> None:
    """The gradient that autograd gives is that of differences, which only double precision can tell."""
    for name in ("csq", "dpn", "dbdh", "dhn", "dch", "orthohash", "hashnet", "shcir"):
        loss = LOSSES[name](8, 3).double()
        z = codes()[:, :8].requires_grad_()
        assert torch.autograd.gradcheck(lambda z, loss=loss: loss(z, LABELS), (z,), atol=1e-6), name
