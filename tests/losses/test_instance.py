"""The loss of the last bits: by hand, what it leaves alone, and what it teaches."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nhl.layer import NestedHashLayer
from nhl.losses.instance import InstanceLoss
from nhl.metrics import histograms
from nhl.training.run import Run, all_shown
from nhl.training.settings import Settings


def test_by_hand() -> None:
    loss = InstanceLoss((8, 16), things=2, scale=2.0)
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
    InstanceLoss((8, 16, 32), things=3)(outputs, torch.tensor([0, 1, 2, 0])).backward()
    assert outputs.grad is not None
    assert not outputs.grad[:, :16].any()
    assert outputs.grad[:, 16:].all()


@pytest.mark.parametrize(
    ("lengths", "things", "message"),
    [
        ((16,), 3, "`lengths` must be at least two but got 16 alone"),
        ((8, 16), 0, "`things` must be at least 1 but got 0"),
        ((8, 12), 3, "12"),
    ],
)
def test_refusals(lengths: Sequence[int], things: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InstanceLoss(lengths, things)


def test_the_settings_say_what_they_need() -> None:
    with pytest.raises(ValueError, match=r"`instances` must be 0, or more with .* but got 0\.3 with 1"):
        Settings(instances=0.3, lengths=(8,))
    with pytest.raises(ValueError, match=r"`instances` must be 0, or more with .* but got -1 with 5"):
        Settings(instances=-1)


def same(weight: float) -> dict[int, float]:
    """How likely a picture finds its twin first, after training with that weight: 2 classes of 12 things."""
    chance = torch.Generator().manual_seed(0)
    things = torch.arange(48) % 24
    middles = torch.randn(24, 16, generator=chance) + 4 * (torch.arange(24) % 2)[:, None]
    inputs = middles[things] + 0.3 * torch.randn(48, 16, generator=chance)
    settings = Settings(
        lengths=(8, 32), epochs=60, batch_size=16, mixup=0.0, average=0.9, validation=0.0, instances=weight
    )
    torch.manual_seed(0)
    layer, device = NestedHashLayer(16, settings.lengths), torch.device("cpu")
    run = Run(settings, nn.Identity(), layer, lambda epoch: all_shown(inputs), things % 2, 2, device, things)
    for epoch in range(settings.epochs):
        run.epoch(epoch)
    codes = run.codes(inputs)
    found = histograms(codes, codes, things.numpy(), things.numpy(), settings.lengths)
    return {length: float(h.without_itself().hit_rate(1).mean()) for length, h in found.items()}


def test_the_last_bits_learn_which_thing_it_is() -> None:
    without, taught = same(0.0), same(1.0)
    assert taught[32] > max(0.8, without[32] + 0.2)


def test_blended_pictures_share_their_things(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(lengths=(8, 16), instances=0.5, mixup=0.5, batch_size=4)
    layer, inputs = NestedHashLayer(3, settings.lengths), torch.eye(4, 3)
    labels, things = torch.tensor([0, 1, 1, 0]), torch.tensor([0, 1, 2, 3])
    seen: list[tuple[Tensor, Tensor]] = []
    inner = InstanceLoss.forward
    monkeypatch.setattr(InstanceLoss, "forward", lambda self, u, t: seen.append((u, t)) or inner(self, u, t))
    run = Run(
        settings,
        nn.Identity(),
        layer,
        lambda epoch: all_shown(inputs),
        labels,
        2,
        torch.device("cpu"),
        things,
    )
    run.epoch(0)
    ((_, shares),) = seen
    assert shares.shape == (4, 4)
    assert torch.allclose(shares.sum(1), torch.ones(4))
    assert ((shares > 0) & (shares < 1)).any()
