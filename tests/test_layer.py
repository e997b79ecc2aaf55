import pytest
import torch
from torch import nn

from nhl.layer import NestedHashLayer, sign


def test_outputs_are_views_of_one_product() -> None:
    layer, features = NestedHashLayer(6), torch.randn(3, 6)
    outputs = layer(features)
    assert [tuple(u.shape) for u in outputs] == [(3, 8), (3, 16), (3, 32), (3, 64), (3, 128)]
    torch.testing.assert_close(outputs[-1], features @ layer.linear.weight.T + layer.linear.bias)
    for u in outputs:
        assert u.data_ptr() == outputs[-1].data_ptr()
        assert torch.equal(u, outputs[-1][:, : u.shape[1]])


def test_starts_small_and_unbiased() -> None:
    torch.manual_seed(0)
    layer = NestedHashLayer(500)
    assert layer.linear.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not layer.linear.bias.any()


def test_takes_the_place_of_a_linear_layer() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 16))
    before = model(torch.ones(2, 4))
    nested = NestedHashLayer(6, (8, 16))
    nested.linear.load_state_dict(model[2].state_dict())
    model[2] = nested
    torch.testing.assert_close(model(torch.ones(2, 4))[-1], before)


def test_gradient_of_a_short_code_stops_at_its_last_row() -> None:
    layer = NestedHashLayer(6, (8, 16))
    layer(torch.ones(2, 6))[0].sum().backward()
    assert layer.linear.weight.grad is not None
    assert layer.linear.weight.grad[:8].all()
    assert not layer.linear.weight.grad[8:].any()


def test_lengths_may_come_from_an_iterator() -> None:
    assert NestedHashLayer(6, iter([8, 24])).lengths == (8, 24)


@pytest.mark.parametrize("lengths", [(), (12,), (16, 8), (8, 8), (0, 8)])
def test_bad_lengths_are_named(lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="`lengths` must"):
        NestedHashLayer(6, lengths)


def test_bad_width_is_named() -> None:
    with pytest.raises(ValueError, match="`in_features` must be positive but got 0"):
        NestedHashLayer(0)


def test_sign_has_two_values() -> None:
    assert sign(torch.tensor([-2.0, -0.0, 0.0, 1e-30])).tolist() == [-1, 1, 1, 1]
