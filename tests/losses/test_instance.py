"""The loss of the last bits: by hand, what it leaves alone, and what it teaches."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nhl.layer import NestedHashLayer
from nhl.losses.instance import InstanceLoss
from nhl.metrics import histograms
from nhl.training.settings import Settings
from nhl.training.trainer import Trainer, all_shown


def test_by_hand() -> None:
    loss = InstanceLoss((8, 16), instances=2, scale=2.0)
    with torch.no_grad():
        loss.directions.copy_(torch.eye(2, 8))
    outputs = torch.full((1, 16), 7.0)
    outputs[0, 8:] = torch.tensor([3.0, 4, 0, 0, 0, 0, 0, 0])  # cosines .6 and .8
    expected = np.log1p(np.exp(2 * (0.8 - 0.6)))
    assert loss(outputs, torch.tensor([0])).item() == pytest.approx(expected)
    shares = torch.tensor([[0.25, 0.75]])
    assert loss(outputs, shares).item() == pytest.approx(0.25 * expected + 0.75 * (expected - 0.4))


def test_only_the_last_bits_pay() -> None:
    outputs = torch.randn(4, 32, requires_grad=True)
    InstanceLoss((8, 16, 32), instances=3)(outputs, torch.tensor([0, 1, 2, 0])).backward()
    assert outputs.grad is not None
    assert not outputs.grad[:, :16].any()
    assert outputs.grad[:, 16:].all()


@pytest.mark.parametrize(
    ("lengths", "instances", "message"),
    [
        ((16,), 3, "`lengths` must be at least two but got 16 alone"),
        ((8, 16), 0, "`instances` must be at least 1 but got 0"),
        ((8, 12), 3, "12"),
    ],
)
def test_refusals(lengths: Sequence[int], instances: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InstanceLoss(lengths, instances)


def test_the_settings_say_what_they_need() -> None:
    with pytest.raises(ValueError, match=r"`instances` must be 0 with one length alone but got 0\.3"):
        Settings(instances=0.3, lengths=(8,))
    with pytest.raises(ValueError, match="`instances` must be a number of at least 0 but got -1"):
        Settings(instances=-1)


def same(weight: float) -> dict[int, float]:
    """How likely a picture finds its twin first, after training with that weight: 2 classes of 12 instances."""
    chance = torch.Generator().manual_seed(0)
    instances = torch.arange(48) % 24
    middles = torch.randn(24, 16, generator=chance) + 4 * (torch.arange(24) % 2)[:, None]
    inputs = middles[instances] + 0.3 * torch.randn(48, 16, generator=chance)
    settings = Settings(
        lengths=(8, 32),
        epochs=60,
        batch_size=16,
        mixup_alpha=0.0,
        ema_decay=0.9,
        validation_fraction=0.0,
        instances=weight,
    )
    torch.manual_seed(0)
    layer, device = NestedHashLayer(16, settings.lengths), torch.device("cpu")
    run = Trainer(
        settings, nn.Identity(), layer, lambda epoch: all_shown(inputs), instances % 2, 2, device, instances
    )
    for epoch in range(settings.epochs):
        run.epoch(epoch)
    codes = run.codes(inputs)
    found = histograms(codes, codes, instances.numpy(), instances.numpy(), settings.lengths)
    return {length: float(h.without_itself().hit_rate(1).mean()) for length, h in found.items()}


def test_the_last_bits_learn_which_instance_it_is() -> None:
    without, taught = same(0.0), same(1.0)
    assert taught[32] > max(0.8, without[32] + 0.2)


def test_blended_pictures_share_their_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(lengths=(8, 16), instances=0.5, mixup_alpha=0.5, batch_size=4)
    layer, inputs = NestedHashLayer(3, settings.lengths), torch.eye(4, 3)
    labels, instances = torch.tensor([0, 1, 1, 0]), torch.tensor([0, 1, 2, 3])
    seen: list[tuple[Tensor, Tensor]] = []
    inner = InstanceLoss.forward
    monkeypatch.setattr(InstanceLoss, "forward", lambda self, u, t: seen.append((u, t)) or inner(self, u, t))
    run = Trainer(
        settings,
        nn.Identity(),
        layer,
        lambda epoch: all_shown(inputs),
        labels,
        2,
        torch.device("cpu"),
        instances,
    )
    run.epoch(0)
    ((_, shares),) = seen
    assert shares.shape == (4, 4)
    assert torch.allclose(shares.sum(1), torch.ones(4))
    assert ((shares > 0) & (shares < 1)).any()
