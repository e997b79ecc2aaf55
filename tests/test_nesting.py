import pytest
import torch

from nhl.distillation import cascade_distillation
from nhl.losses import LOSSES
from nhl.losses.memory_bank import MemoryBank
from nhl.nesting import NestedLoss

LENGTHS = (8, 16, 32)
LABELS = torch.arange(10) % 4


def outputs(count: int = 10, seed: int = 0) -> list[torch.Tensor]:
    z = torch.randn(count, 32, generator=torch.Generator().manual_seed(seed))
    return [z[:, :length] for length in LENGTHS]


def test_distillation_is_added_and_the_longest_keeps_its_term() -> None:
    plain, distilled = NestedLoss("csq", LENGTHS, 4), NestedLoss("csq", LENGTHS, 4, distillation=0.7)
    values = plain(outputs(), LABELS)
    torch.testing.assert_close(distilled(outputs(), LABELS), values + 0.7 * cascade_distillation(outputs()))
    torch.testing.assert_close(distilled(outputs(), LABELS)[-1], values[-1])
    assert (values > 0).all()


def test_central_similarity_is_added_at_every_length() -> None:
    central = NestedLoss("dsh", LENGTHS, 4, central=0.7)(outputs(), LABELS)
    added = 0.7 * NestedLoss("csq", LENGTHS, 4)(outputs(), LABELS)
    torch.testing.assert_close(central, NestedLoss("dsh", LENGTHS, 4)(outputs(), LABELS) + added)
    mine = NestedLoss(lambda length: torch.nn.Identity(), LENGTHS, 4, central=0.7).central_losses
    assert [loss.length for loss in mine] == [8, 16, 32]


def test_central_similarity_parts_classes_that_pairs_leave_together() -> None:
    """A batch of two classes on one code: pairs with themselves alone see nothing to mend, centres do."""
    z = torch.zeros(4, 8, requires_grad=True)
    labels = torch.tensor([0, 0, 1, 1])
    (value,) = NestedLoss("dhn", (8,), 2, central=1.0)((z,), labels)
    value.backward()
    first, second = z.grad[:2].sum(0), z.grad[2:].sum(0)
    assert torch.dot(first, second) < 0
    (alone,) = torch.autograd.grad(NestedLoss("dhn", (8,), 2)((z,), labels)[0], z)
    assert alone.abs().max() == 0


def test_centers_of_the_lengths_nest() -> None:
    short, _, long = NestedLoss("csq", LENGTHS, 50).losses
    assert torch.equal(short.centers, long.centers[:, :8])


def test_constants_reach_every_length() -> None:
    assert [loss.margin for loss in NestedLoss("dpn", LENGTHS, 4, margin=2.0).losses] == [2, 2, 2]


def test_several_lengths_are_on_one_scale() -> None:
    assert [loss.scale for loss in NestedLoss("dhn", LENGTHS, 4).losses] == [1, 1 / 2, 1 / 4]
    assert [loss.scale for loss in NestedLoss("dhn", LENGTHS, 4, scale=16).losses] == [2, 1, 1 / 2]
    assert [loss.scale for loss in NestedLoss("dhn", LENGTHS, 4, scale=None).losses] == [1, 1, 1]
    assert [loss.scale for loss in NestedLoss("dch", LENGTHS, 4).losses] == [4, 2, 1]
    assert [loss.scale for loss in NestedLoss("dhn", (32,), 4).losses] == [1]  # as published


def test_each_epoch_is_told_to_every_length() -> None:
    nested = NestedLoss("hashnet", LENGTHS, 4)
    nested.begin_epoch(8)
    assert [loss.sharpness for loss in nested.losses] == [3, 3, 3]


@pytest.mark.parametrize("name", ["dbdh", "dhn", "dch", "dsh", "lcdsh", "hashnet", "mdsh"])
def test_one_bank_serves_all_lengths_as_prefixes(name: str) -> None:
    labels = torch.arange(30) % 4
    scale = {"scale": kept} if (kept := LOSSES[name].nested_scale) else {}
    nested = NestedLoss(name, LENGTHS, 4, bank=MemoryBank(labels, 32))
    nested.begin_epoch(9)
    first, second = torch.arange(10), torch.arange(10, 20)
    nested(outputs(seed=1), labels[first], first)
    values = nested(outputs(seed=2), labels[second], second)
    seen = torch.cat([outputs(seed=1)[-1], outputs(seed=2)[-1]])
    for value, output, length in zip(values, outputs(seed=2), LENGTHS, strict=True):
        loss = LOSSES[name](length=length, classes=4, **scale)
        loss.begin_epoch(9)
        torch.testing.assert_close(value, loss(output, labels[second], (seen[:, :length], labels[:20])))


def test_state_holds_bank_and_classifier() -> None:
    assert "bank.codes" in NestedLoss("dsh", (8,), 4, bank=MemoryBank(LABELS, 8)).state_dict()
    assert "losses.1.classifier.weight" in NestedLoss("greedyhash", LENGTHS, 4).state_dict()


def test_published_momenta() -> None:
    found = {name: kind.bank_momentum for name, kind in LOSSES.items() if kind.bank_momentum is not None}
    assert found == {"dbdh": 0, "dhn": 0, "dsh": 0, "mdsh": 0.9}


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="unknown loss 'cqs'; choose from csq, dpn, "):
        NestedLoss("cqs", LENGTHS, 4)
    with pytest.raises(ValueError, match="`distillation` must be 0 or more but got -1"):
        NestedLoss("csq", LENGTHS, 4, distillation=-1)
    with pytest.raises(ValueError, match="`central` must be 0 or more but got -1"):
        NestedLoss("csq", LENGTHS, 4, central=-1)
    with pytest.raises(ValueError, match=r"`classes` must be given where `central` is not 0 but 0\.5"):
        NestedLoss(lambda length: torch.nn.Identity(), LENGTHS, central=0.5)
    with pytest.raises(ValueError, match=r"`lengths` must be strictly ascending but got \[16, 8\]"):
        NestedLoss("csq", (16, 8), 4)
    with pytest.raises(ValueError, match="`bank` is of no use to CSQLoss, only to dbdh, "):
        NestedLoss("csq", LENGTHS, 4, bank=MemoryBank(LABELS, 32))
    with pytest.raises(ValueError, match="`bank` must hold codes of 32 bits but holds 16"):
        NestedLoss("dsh", LENGTHS, 4, bank=MemoryBank(LABELS, 16))


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="`outputs` must be one per length, 3, but got 2"):
        NestedLoss("csq", LENGTHS, 4)(outputs()[:2], LABELS)
    with pytest.raises(
        ValueError, match="`indices` of the images must be given to a loss with a memory bank"
    ):
        NestedLoss("dsh", LENGTHS, 4, bank=MemoryBank(LABELS, 32))(outputs(), LABELS)


def test_a_loss_of_yours_is_nested_like_any_other() -> None:
    class Far(torch.nn.Module):
        def __init__(self, length: int) -> None:
            super().__init__()
            self.length = length

        def forward(self, codes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            return (codes.mean() - self.length) ** 2

    nested = NestedLoss(Far, LENGTHS)
    nested.begin_epoch(3)
    found = nested(outputs(), LABELS)
    assert torch.allclose(
        found, torch.stack([(u.mean() - b) ** 2 for u, b in zip(outputs(), LENGTHS, strict=True)])
    )
