"""The loss of several levels: its values against a loop, its gradients, prefixes, and labels that are missing."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from nhl.losses.levels import LevelLoss, level_weights, straight_through

LENGTHS = (8, 16, 32)


def outputs(count: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    z = torch.randn(count, LENGTHS[-1], generator=torch.Generator().manual_seed(seed), requires_grad=True)
    return tuple(z[:, :b] for b in LENGTHS)


def test_equals_a_slow_loop_over_levels_and_images() -> None:
    torch.manual_seed(0)
    loss, found = LevelLoss(LENGTHS, (2, 4, 9)), outputs(5)
    levels = torch.tensor([[0, 1, 3], [1, 3, -1], [-1, 2, 8], [0, -1, -1], [1, 0, 0]])
    table = level_weights(3, LENGTHS)
    for k, length in enumerate(LENGTHS):
        slow = 0.0
        for level, directions in enumerate(loss.directions):
            values = []
            for row, label in zip(found[k], levels[:, level].tolist(), strict=True):
                if label >= 0:
                    signs = torch.tensor([1.0 if value >= 0 else -1.0 for value in row])
                    cosines = torch.stack(
                        [signs @ d[:length] / (math.sqrt(length) * d[:length].norm()) for d in directions]
                    )
                    logits = 1.5 * math.sqrt(length) * cosines
                    values.append(
                        cross_entropy(logits[None], torch.tensor([label]), label_smoothing=0.05).item()
                    )
            slow += table[level][k] * sum(values) / len(values)
        assert loss(found, levels)[k].item() == pytest.approx(slow, rel=1e-5)


def test_one_level_is_a_nested_cosine_softmax_of_signs() -> None:
    loss, found, labels = LevelLoss(LENGTHS, (4,), smoothing=0.0), outputs(6), torch.arange(6) % 4
    for k, value in enumerate(loss(found, labels[:, None])):
        codes = torch.where(found[k] >= 0, 1.0, -1.0)
        logits = 1.5 * codes @ normalize(loss.directions[0][:, : LENGTHS[k]]).T
        assert value.item() == pytest.approx(cross_entropy(logits, labels).item(), rel=1e-5)


def test_a_short_code_teaches_its_own_bits_alone() -> None:
    loss, found = LevelLoss(LENGTHS, (2, 4)), outputs(6)
    value = loss(found, torch.tensor([[0, 1], [1, 3], [0, 0], [1, 2], [0, 1], [1, 3]]))[0]
    of_outputs, of_directions = torch.autograd.grad(value, [found[-1], loss.directions[0]])
    assert of_outputs[:, :8].abs().min() > 0
    assert not of_outputs[:, 8:].any()
    assert not of_directions[:, 8:].any()


def test_images_without_a_label_do_not_count() -> None:
    loss, found = LevelLoss(LENGTHS, (2, 4)), outputs(4)
    levels = torch.tensor([[0, 1], [1, 3], [-1, -1], [-1, -1]])
    torch.testing.assert_close(loss(found, levels), loss(tuple(u[:2] for u in found), levels[:2]))
    nothing = loss(found, torch.full((4, 2), -1))
    assert nothing.tolist() == [0.0, 0.0, 0.0]
    nothing.sum().backward()


def test_learns_its_levels() -> None:
    torch.manual_seed(0)
    levels = torch.stack([torch.arange(12) // 6, torch.arange(12) // 3, torch.arange(12)], 1)
    z = torch.nn.Parameter(torch.randn(12, 32))
    loss = LevelLoss(LENGTHS, (2, 4, 12))
    optimizer = torch.optim.Adam([z, *loss.parameters()], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        loss(tuple(z[:, :b] for b in LENGTHS), levels).sum().backward()
        optimizer.step()
    apart = (z.sign()[:, None] != z.sign()[None]).sum(2)
    same = levels[:, None, 1] == levels[None, :, 1]
    assert (
        apart[~same].float().mean() > apart[same].float().mean() + 4
    )  # classes lie apart at the full length
    assert (apart + 99 * torch.eye(12, dtype=torch.long)).min() > 0  # and instances too


def test_directions_begin_at_the_mean_code_of_their_label() -> None:
    torch.manual_seed(0)
    loss = LevelLoss((8,), (2, 4))
    before = loss.directions[1].detach().clone()
    codes = torch.where(torch.rand(6, 8) < 0.5, -1.0, 1.0)
    loss.begin_at(codes, torch.tensor([[0, 0], [0, 0], [1, 3], [1, -1], [1, 3], [-1, 1]]))
    coarse, fine = loss.directions
    expected = torch.stack([codes[:2].mean(0), codes[2:5].mean(0)])
    torch.testing.assert_close(normalize(coarse), normalize(expected))
    torch.testing.assert_close(
        normalize(fine[[0, 1, 3]]),
        normalize(torch.stack([codes[:2].mean(0), codes[5], codes[[2, 4]].mean(0)])),
    )
    torch.testing.assert_close(fine[2], before[2])
    assert coarse.requires_grad


def test_signs_have_the_gradient_of_tanh() -> None:
    z = torch.tensor([0.0, -0.5, 2.0], requires_grad=True)
    codes = straight_through(z)
    assert codes.tolist() == [1.0, -1.0, 1.0]
    codes.sum().backward()
    torch.testing.assert_close(z.grad, 1 - z.detach().tanh() ** 2)


def test_default_weights_of_few_levels_and_lengths() -> None:
    assert level_weights(1, LENGTHS) == [[1.0] * 3]
    assert level_weights(2, LENGTHS) == [[1.0] * 3, [0.0, 0.5, 1.0]]
    assert level_weights(2, (16,)) == [[1.0], [1.0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": ()}, r"`sizes` must be one number from 1 per level but got \(\)"),
        ({"scale": 0}, "`scale` must be above 0 but got 0"),
        ({"smoothing": 1}, "`smoothing` must be at least 0 and below 1 but got 1"),
        ({"weights": [[1, 1]]}, r"`weights` must be 2 rows of 3 numbers from 0 but got \[\[1, 1\]\]"),
        ({"weights": [[1, 1, 1], [1, -1, 1]]}, "`weights` must be 2 rows of 3 numbers from 0"),
    ],
)
def test_refuses(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LevelLoss(LENGTHS, **{"sizes": (2, 4), **arguments})  # type: ignore[arg-type]


def test_refuses_other_forms() -> None:
    loss = LevelLoss(LENGTHS, (2, 4))
    with pytest.raises(ValueError, match="`outputs` must be one per length, 3, but got 2"):
        loss(outputs(2)[:2], torch.zeros(2, 2, dtype=torch.long))
    with pytest.raises(ValueError, match=r"`levels` must have shape \(M, 2\) but got \(2, 3\)"):
        loss(outputs(2), torch.zeros(2, 3, dtype=torch.long))
