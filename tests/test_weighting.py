"""Weights against slow literal versions, on the real gradients of the layer's weights."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nhl.layer import NestedHashLayer
from nhl.nesting import NestedLoss
from nhl.weighting import (
    WEIGHTINGS,
    GradNormWeighting,
    NHLWeighting,
    PCGradWeighting,
    StaticWeighting,
    UncertaintyWeighting,
    Weighting,
    dominance_weights,
    gradient_products,
    gradnorm_step,
    projected_weights,
)

LENGTHS = (8, 16, 32)
CONSTANTS = {"static": {"weights": (1.0, 2.0, 0.5)}}


class Step:
    """One training step: a small network, its nested layer and the losses of a batch."""

    def __init__(self, seed: int = 0, loss: str = "dch", lengths: Sequence[int] = LENGTHS) -> None:
        torch.manual_seed(seed)
        self.network, self.layer = nn.Linear(10, 6), NestedHashLayer(6, lengths)
        nn.init.normal_(self.layer.linear.weight)
        self.features = torch.tanh(self.network(torch.randn(12, 10)))
        self.outputs = self.layer(self.features)
        self.losses = NestedLoss(loss, lengths, 4, distillation=0.5)(self.outputs, torch.arange(12) % 4)

    @property
    def given(self) -> tuple[Tensor, tuple[Tensor, ...], Tensor]:
        return self.losses, self.outputs, self.features

    def gradients(self) -> Tensor:
        """Of each loss in W, one row each, by autograd."""
        weight = self.layer.linear.weight
        found = [torch.autograd.grad(loss, weight, retain_graph=True)[0].flatten() for loss in self.losses]
        return torch.stack(found)


def make(name: str, count: int = 3) -> Weighting:
    return WEIGHTINGS[name](count, **CONSTANTS.get(name, {}))


def random_gradients(seed: int, count: int = 5) -> Tensor:
    """Vectors that often point against each other, of very different norms, padded as nested ones are."""
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(count, 2 * count)) * np.exp(rng.normal(size=(count, 1)))
    for k in range(count):
        gradients[k, 2 * k + 2 :] = 0
    return torch.tensor(gradients)


@pytest.mark.parametrize("loss", ["csq", "dch", "dtsh", "greedyhash"])
def test_products_are_those_of_the_real_gradients(loss: str) -> None:
    step = Step(loss=loss)
    gradients = step.gradients()
    torch.testing.assert_close(gradient_products(*step.given), gradients @ gradients.T, rtol=1e-4, atol=1e-6)


def test_products_of_slices_are_those_of_the_layer() -> None:
    step = Step()
    z = step.layer.linear(step.features)
    slices = [z[:, :length] for length in LENGTHS]
    losses = NestedLoss("dch", LENGTHS, 4, distillation=0.5)(slices, torch.arange(12) % 4)
    torch.testing.assert_close(
        gradient_products(losses, slices, step.features), gradient_products(*step.given)
    )


def test_products_of_one_length() -> None:
    step = Step(lengths=(16,))
    torch.testing.assert_close(gradient_products(*step.given)[0, 0], step.gradients().square().sum())


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_weights_are_plain_numbers_and_the_step_goes_on(name: str) -> None:
    step, weighting = Step(), make(name)
    expected = step.gradients()
    weights = weighting(*step.given)
    assert weights.shape == (3,)
    assert weights.dtype == torch.float32
    assert not weights.requires_grad
    assert (weights > 0).all()
    assert step.layer.linear.weight.grad is None
    (weights * step.losses).sum().backward()
    assert step.layer.linear.weight.grad is not None
    torch.testing.assert_close(step.layer.linear.weight.grad.flatten(), weights @ expected)


@pytest.mark.parametrize("name", [name for name in WEIGHTINGS if name != "static"])
def test_one_length_weighs_one_at_first(name: str) -> None:
    assert make(name, 1)(*Step(lengths=(16,)).given).tolist() == [1]


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_goes_on_from_its_state(name: str) -> None:
    unbroken, broken = make(name), make(name)
    expected = [unbroken(*Step(seed).given) for seed in range(6)]
    for seed in range(3):
        broken(*Step(seed).given)
    resumed = make(name)
    resumed.load_state_dict(broken.state_dict())
    for seed in range(3, 6):
        torch.testing.assert_close(resumed(*Step(seed).given), expected[seed], rtol=0, atol=0)


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_learns_in_training_only(name: str) -> None:
    weighting = make(name).eval()
    before = {key: value.clone() for key, value in weighting.state_dict().items()}
    weighting(*Step().given)
    for key, value in weighting.state_dict().items():
        assert torch.equal(value, before[key])


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_no_gradient_at_all_gives_finite_weights(name: str) -> None:
    step, weighting = Step(), make(name)
    nothing = torch.stack([(0 * output).sum() for output in step.outputs])
    for _ in range(3):
        assert weighting(nothing, step.outputs, step.features).isfinite().all()


def literal_dominance(gradients: Tensor, beta: float) -> Tensor:
    """Section by section as the method is told: thresholds, scales, the bound, the product, the sum L."""
    count = len(gradients)
    a = torch.ones(count, count, dtype=torch.double)
    for k in range(count):
        rows = gradients[k] != 0  # the rows of W that k and the longer ones share
        tau = beta * gradients[k].square().sum() / max(count - 1, 1)
        for i in range(k + 1, count):
            s = (gradients[k][rows] * gradients[i][rows]).sum()
            a[k, i] = 1 if s >= -tau else tau / -s
        for i in range(k + 2, count):
            a[k, i] = torch.minimum(a[k, i], a[k, k + 1])
    weights = torch.ones(count, dtype=torch.double)
    for i in range(1, count):
        weights[i] = torch.stack([a[k, i] for k in range(i)]).prod()
    return count * weights / weights.sum()


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_dominance(seed: int, beta: float) -> None:
    gradients = random_gradients(seed)
    weights = dominance_weights(gradients @ gradients.T, beta)
    torch.testing.assert_close(weights, literal_dominance(gradients, beta))
    assert weights.sum().item() == pytest.approx(5)


def test_dominance_by_hand() -> None:
    # tau_1 = 1/2 and s_13 = -2: a_13 = 1/4. Lengths 1 and 2 agree, so do 2 and 3.
    products = torch.tensor([[1.0, 0.0, -2.0], [0.0, 1.0, 0.0], [-2.0, 0.0, 9.0]])
    torch.testing.assert_close(dominance_weights(products), torch.tensor([1, 1, 0.25]) * 3 / 2.25)
    assert dominance_weights(torch.eye(3)).tolist() == [1, 1, 1]


def test_dominance_of_a_layer() -> None:
    step = Step()
    expected = literal_dominance(step.gradients().double(), 0.1).float()
    torch.testing.assert_close(NHLWeighting(3, beta=0.1)(*step.given), expected, rtol=1e-3, atol=1e-4)


def projected(gradients: Tensor, orders: Sequence[Sequence[int]]) -> Tensor:
    """Gradient surgery on the vectors themselves: the sum of the projected gradients."""
    total = torch.zeros_like(gradients[0])
    for k, order in enumerate(orders):
        gradient = gradients[k].clone()
        for i in order:
            if i != k and gradient @ gradients[i] < 0:
                gradient -= (gradient @ gradients[i]) / (gradients[i] @ gradients[i]) * gradients[i]
        total += gradient
    return total


@pytest.mark.parametrize("seed", range(6))
def test_projection(seed: int) -> None:
    gradients, rng = random_gradients(seed), np.random.default_rng(seed)
    orders = [rng.permutation(5).tolist() for _ in range(5)]
    weights = projected_weights(gradients @ gradients.T, orders)
    torch.testing.assert_close(weights @ gradients, projected(gradients, orders))


def test_projection_of_agreeing_gradients_is_their_sum() -> None:
    assert projected_weights(torch.ones(3, 3), [[0, 1, 2]] * 3).tolist() == [1, 1, 1]


def test_pcgrad_draws_the_order_anew() -> None:
    # Three gradients, each against the two others, in two rows of weights: with features I they are dL/du.
    gradients = torch.tensor([[1.0, 0.0], [-1.0, 0.2], [-0.5, -1.0]])
    z = torch.zeros(2, 8, requires_grad=True)
    outputs = [z[:, :8] for _ in gradients]
    losses = torch.stack([(u[:, 0] * g).sum() for u, g in zip(outputs, gradients, strict=True)])
    products = gradients @ gradients.T
    orders = itertools.product([(1, 2), (2, 1)], [(0, 2), (2, 0)], [(0, 1), (1, 0)])
    possible = [projected_weights(products, order) for order in orders]
    weighting, found = PCGradWeighting(3), set()
    for _ in range(20):
        weights = weighting(losses, outputs, torch.eye(2))
        assert any(torch.allclose(weights, one) for one in possible)
        found.add(tuple(weights.tolist()))
    assert len(found) > 1


@pytest.mark.parametrize("seed", range(4))
def test_gradnorm_step_is_descent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    norms, ratios = torch.tensor(rng.random(4) + 0.5), torch.tensor(rng.random(4) + 0.5)
    weights = torch.tensor(rng.random(4) + 0.5).requires_grad_()
    targets = ((weights * norms).mean() * (ratios / ratios.mean()) ** 1.5).detach()
    (weights * norms - targets).abs().sum().backward()
    assert weights.grad is not None
    moved = weights.detach() - 0.025 * weights.grad
    torch.testing.assert_close(
        gradnorm_step(weights.detach(), norms, ratios, alpha=1.5, lr=0.025), moved * 4 / moved.sum()
    )


def test_gradnorm_evens_the_norms_and_stays_positive() -> None:
    weights, norms = torch.ones(3), torch.tensor([1.0, 4.0, 0.5])
    for _ in range(400):
        weights = gradnorm_step(weights, norms, torch.ones(3), alpha=1.5, lr=0.005)
    weighted = weights * norms
    assert weights.sum().item() == pytest.approx(3)
    assert (weighted.max() / weighted.min()).item() < 1.2
    assert (gradnorm_step(weights, 1e6 * norms, torch.ones(3), alpha=1.5, lr=1.0) > 0).all()


def test_gradnorm_remembers_the_first_losses() -> None:
    weighting = GradNormWeighting(3)
    first, later = Step(0), Step(1)
    assert weighting(*first.given).tolist() == [1, 1, 1]
    torch.testing.assert_close(weighting.first_losses, first.losses.detach())
    norms, before = later.gradients().norm(dim=1), weighting.weights
    assert torch.equal(weighting(*later.given), before)
    expected = gradnorm_step(before, norms, (later.losses / first.losses).detach(), 1.5, 0.025)
    torch.testing.assert_close(weighting.weights, expected, rtol=1e-4, atol=1e-5)


def test_uncertainty_is_descent_towards_equal_losses() -> None:
    weighting = UncertaintyWeighting(3, lr=0.1)
    values = torch.tensor([0.5, 1.0, 4.0])
    s = torch.zeros(3, requires_grad=True)
    for _ in range(400):
        torch.testing.assert_close(weighting(values, (), values), torch.exp(-s.detach()))
        (gradient,) = torch.autograd.grad((torch.exp(-s) * values + s).sum(), s)
        s = (s - 0.1 * gradient).detach().requires_grad_()
    torch.testing.assert_close(weighting(values, (), values) * values, torch.ones(3), rtol=1e-3, atol=1e-3)


def test_equal_and_static_give_what_they_say() -> None:
    step = Step()
    assert make("equal")(*step.given).tolist() == [1, 1, 1]
    assert make("static")(*step.given).tolist() == [1, 2, 0.5]


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="`count` must be at least 1 but got 0"):
        make("equal", 0)
    with pytest.raises(ValueError, match="`beta` must be 0 or more but got -1"):
        NHLWeighting(3, beta=-1)
    for weights in [(1, 2), (1, 2, -1), (0, 0, 0)]:
        with pytest.raises(ValueError, match="`weights` must be 3 numbers of 0 or more, not all 0, but got"):
            StaticWeighting(3, weights)
