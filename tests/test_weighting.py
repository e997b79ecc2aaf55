"""Adaptive weights against real gradients and the formulas written out."""

import pytest
import torch

from nhl.layer import NestedHashLayer
from nhl.nesting import NestedLoss
from nhl.weighting import dominance_weights, gradient_products, nhl_weights


def test_products_are_those_of_the_gradients_in_the_weights() -> None:
    torch.manual_seed(0)
    layer, nested = NestedHashLayer(12, (8, 16, 24)), NestedLoss("csq", (8, 16, 24), 3, distillation=0.5)
    features, labels = torch.randn(6, 12), torch.tensor([0, 1, 2, 0, 1, 2])
    outputs = layer(features)
    losses = nested(outputs, labels)
    products = gradient_products(losses, outputs, features)
    real = [torch.autograd.grad(loss, layer.linear.weight, retain_graph=True)[0] for loss in losses]
    for k in range(3):
        for i in range(3):
            assert products[k, i].item() == pytest.approx(
                (real[k] * real[i]).sum().item(), rel=1e-4, abs=1e-9
            )
    weights = nhl_weights(losses, outputs, features)
    assert weights.sum().item() == pytest.approx(3)
    assert not weights.requires_grad


def test_lengths_at_peace_weigh_the_same() -> None:
    assert dominance_weights(torch.eye(4)).tolist() == [1, 1, 1, 1]


def test_a_longer_length_that_fights_is_held_back() -> None:
    # tau_1 = 4 / 2; the second length's -8 is scaled by 2 / 8, the third's -1 is allowed, but not above a_12.
    products = torch.tensor([[4.0, -8.0, -1.0], [-8.0, 100.0, 0.0], [-1.0, 0.0, 100.0]])
    assert dominance_weights(products).tolist() == pytest.approx([2.0, 0.5, 0.5])
