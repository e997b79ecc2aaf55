import itertools

import pytest
import torch

from nhl.distillation import cascade_distillation


def test_against_loops() -> None:
    z = torch.randn(5, 24, generator=torch.Generator().manual_seed(0))
    outputs = [z[:, :8], z[:, :16], z]
    similarities = []
    for u in outputs:
        s = torch.tensor([[float(a @ b) for b in u] for a in u])
        similarities.append([row / row.norm() for row in s])
    expected = [
        sum(float((t - s).square().sum()) for s, t in zip(short, long, strict=True)) / 25
        for short, long in itertools.pairwise(similarities)
    ]
    found = cascade_distillation(outputs)
    assert found.tolist() == pytest.approx([*expected, 0], rel=1e-5)


def test_by_hand() -> None:
    # Alike in the first 8 bits, at right angles in all 16: rows (1, 1) / sqrt 2 against (1, 0) and (0, 1).
    z = torch.cat([torch.ones(2, 8), torch.tensor([[1.0], [-1.0]]).expand(2, 8)], dim=1)
    expected = 2 * ((1 - 0.5**0.5) ** 2 + 0.5) / 4
    assert cascade_distillation([z[:, :8], z]).tolist() == pytest.approx([expected, 0])


def test_the_longer_code_teaches_and_learns_nothing() -> None:
    short, long = torch.randn(4, 8, requires_grad=True), torch.randn(4, 16, requires_grad=True)
    cascade_distillation([short, long]).sum().backward()
    assert short.grad is not None
    assert short.grad.abs().sum() > 0
    assert long.grad is None


def test_no_difference_between_equal_or_scaled_codes() -> None:
    z = torch.randn(4, 8)
    assert cascade_distillation([z, torch.cat([z, z], dim=1), 3 * z]).tolist() == pytest.approx(
        [0, 0, 0], abs=1e-6
    )


def test_one_length_and_one_image() -> None:
    assert cascade_distillation([torch.randn(4, 8)]).tolist() == [0]
    assert cascade_distillation([torch.randn(1, 8), torch.randn(1, 16)]).tolist() == pytest.approx(
        [0, 0], abs=1e-6
    )


@pytest.mark.parametrize("scale", [0.0, 1e-20, 1e-6, 1e4])
def test_gradient_is_finite(scale: float) -> None:
    z = (scale * torch.randn(4, 16)).requires_grad_()
    values = cascade_distillation([z[:, :8], z])
    values.sum().backward()
    assert values.isfinite().all()
    assert z.grad is not None
    assert z.grad.isfinite().all()
