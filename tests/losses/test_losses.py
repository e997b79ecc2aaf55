"""Laws that every loss keeps, with one label an image and with several."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from nhl.layer import sign
from nhl.losses import LOSSES, HashLoss, PairLoss
from nhl.nesting import NestedLoss

CLASSES = 4
NAMES = list(LOSSES)
PAIRS = [name for name, kind in LOSSES.items() if issubclass(kind, PairLoss)]


def make(name: str, length: int = 8, classes: int = CLASSES, **constants: Any) -> HashLoss:
    """A loss late in training, when all of its terms count."""
    torch.manual_seed(1)  # of GreedyHash's classifier
    loss = LOSSES[name](length=length, classes=classes, **constants)
    loss.begin_epoch(20)
    return loss


def single(count: int = 12) -> Tensor:
    return torch.arange(count) % CLASSES


def multi(count: int = 12) -> Tensor:
    return torch.bernoulli(
        torch.full((count, CLASSES), 0.4), generator=torch.Generator().manual_seed(5)
    ).long()


def some(count: int = 12, length: int = 8) -> Tensor:
    return torch.randn(count, length, generator=torch.Generator().manual_seed(7))


@pytest.mark.parametrize("labels", [single(), multi()], ids=["single", "multi"])
@pytest.mark.parametrize("name", NAMES)
def test_order_of_images_is_nothing(name: str, labels: Tensor) -> None:
    loss, codes = make(name), some()
    order = torch.randperm(len(codes), generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(loss(codes[order], labels[order]), loss(codes, labels))


@pytest.mark.parametrize("name", NAMES)
def test_class_numbers_and_memberships_say_the_same(name: str) -> None:
    loss, labels = make(name), single()
    members = nn.functional.one_hot(labels, CLASSES)
    value = loss(some(), labels)
    assert value.ndim == 0
    torch.testing.assert_close(loss(some(), members), value)
    torch.testing.assert_close(loss(some(), members.bool()), value)


@pytest.mark.parametrize("labels", [single(24), multi(24)], ids=["single", "multi"])
@pytest.mark.parametrize("name", NAMES)
def test_descent_brings_similar_images_together(name: str, labels: Tensor) -> None:
    loss, codes = make(name, 16), (0.3 * some(24, 16)).requires_grad_()
    learnt, first = [codes, *loss.parameters()], loss(codes, labels).item()
    for _ in range(60):
        gradients = torch.autograd.grad(loss(codes, labels), learnt)
        with torch.no_grad():
            for parameter, gradient in zip(learnt, gradients, strict=True):
                parameter -= 0.05 * gradient.sign()
    assert loss(codes, labels).item() < first
    similar = (loss.memberships(labels) @ loss.memberships(labels).T) > 0
    agreement = sign(codes) @ sign(codes).T  # from -b to b
    assert agreement[similar].mean() > agreement[~similar].mean() + 2


DEGENERATE: dict[str, Callable[[], tuple[Tensor, Tensor]]] = {
    "one class": lambda: (some(), torch.zeros(12, dtype=torch.long)),
    "one image": lambda: (some(1), torch.tensor([3])),
    "one image of several labels": lambda: (some(1), torch.tensor([[1, 0, 1, 1]])),
    "each of its own class": lambda: (some(4), torch.arange(4)),
    "no label": lambda: (some(), torch.zeros(12, CLASSES)),
    "every label": lambda: (some(), torch.ones(12, CLASSES)),
    "zeros": lambda: (torch.zeros(12, 8), single()),
    "a zero image": lambda: (some() * (torch.arange(12) > 0)[:, None], single()),
    "signs": lambda: (sign(some()), single()),
    "equal codes": lambda: (some()[:1].repeat(12, 1), single()),
    "tiny codes": lambda: (1e-20 * some(), single()),
    "huge codes": lambda: (1e4 * some(), single()),
    "blended images": lambda: (
        some(),
        0.3 * make("csq").memberships(single()) + 0.7 * torch.eye(4).repeat(3, 1),
    ),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradient_are_finite(name: str, case: str) -> None:
    codes, labels = DEGENERATE[case]()
    codes.requires_grad_()
    value = make(name)(codes, labels)
    value.backward()
    assert value.isfinite()
    assert codes.grad is not None
    assert codes.grad.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_one_class_in_all(name: str) -> None:
    codes = some().requires_grad_()
    value = make(name, classes=1)(codes, torch.zeros(12, dtype=torch.long))
    value.backward()
    assert value.isfinite()
    assert codes.grad is not None
    assert codes.grad.isfinite().all()


@pytest.mark.parametrize("labels", [single(), multi()], ids=["single", "multi"])
@pytest.mark.parametrize("name", NAMES)
def test_nested_is_each_alone(name: str, labels: Tensor) -> None:
    lengths, z = (8, 16, 32), some(12, 32).requires_grad_()
    outputs = [z[:, :length] for length in lengths]
    scale = {"scale": kept} if (kept := LOSSES[name].nested_scale) else {}
    nested = NestedLoss(name, lengths, CLASSES)
    nested.begin_epoch(20)
    values = nested(outputs, labels)
    for value, output, mine in zip(values, outputs, nested.losses, strict=True):
        alone = make(name, output.shape[1], **scale)
        alone.load_state_dict(mine.state_dict())
        torch.testing.assert_close(value, alone(output, labels))
    values.sum().backward()
    assert z.grad is not None
    assert (z.grad.isfinite() & (z.grad != 0)).any(0).all()


@pytest.mark.parametrize("name", ["dbdh", "dhn", "dch", "dsh", "dtsh", "lcdsh"])
def test_on_one_scale_repeated_bits_change_nothing(name: str) -> None:
    codes = some()
    twice = torch.cat([codes, codes], 1)
    alone = make(name)(codes, single())
    torch.testing.assert_close(make(name, 16, scale=8)(twice, single()), alone)
    assert not torch.isclose(make(name, 16)(twice, single()), alone)  # as published they do
    with pytest.raises(ValueError, match="`scale` must be at least 1 but got 0"):
        make(name, scale=0)


class _Largest(TorchDispatchMode):
    """Notes the size of the largest tensor made."""

    size = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        found = result if isinstance(result, tuple | list) else [result]
        self.size = max([self.size, *(r.numel() for r in found if isinstance(r, Tensor))])
        return result


@contextmanager
def largest_tensor() -> Iterator[_Largest]:
    with _Largest() as mode:
        yield mode


@pytest.mark.parametrize("name", NAMES)
def test_no_tensor_of_pairs_and_bits(name: str) -> None:
    loss, labels = make(name, 128, 8), torch.arange(64) % 8
    with largest_tensor() as largest:
        loss(some(64, 128).requires_grad_(), labels).backward()
    assert 64 * 64 <= largest.size < 64 * 64 * 16


@pytest.mark.parametrize("name", PAIRS)
def test_others_are_compared_with_and_get_no_gradient(name: str) -> None:
    loss, codes, others = make(name), some().requires_grad_(), some(20).requires_grad_()
    torch.testing.assert_close(loss(codes, single(), (codes, single())), loss(codes, single()))
    loss(codes, single(), (others, torch.arange(20) % 3)).backward()
    assert codes.grad is not None
    assert others.grad is None


@pytest.mark.parametrize("name", PAIRS)
def test_others_of_another_width_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"`codes` must have shape \(M > 0, 8\) but got \(2, 16\)"):
        make(name)(some(), single(), (torch.zeros(2, 16), single(2)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("codes", "labels", "message"),
    [
        (torch.zeros(3, 16), single(3), r"`codes` must have shape \(M > 0, 8\) but got \(3, 16\)"),
        (torch.zeros(8), single(8), r"`codes` must have shape \(M > 0, 8\) but got \(8,\)"),
        (torch.zeros(0, 8), single(0), r"`codes` must have shape \(M > 0, 8\) but got \(0, 8\)"),
        (torch.zeros(3, 8), single(2), "`labels` must be as many as `codes`, 3, but got 2"),
        (torch.zeros(2, 8), torch.tensor([0, 4]), r"`labels` must be from 0 to 3 but got \[0, 4\]"),
        (torch.zeros(2, 8), torch.tensor([0, -1]), r"`labels` must be from 0 to 3 but got \[0, -1\]"),
        (torch.zeros(2, 8), torch.zeros(2), r"`labels` must be whole numbers \(M,\) or memberships \(M, 4\)"),
        (torch.zeros(2, 8), torch.zeros(2, 3), r"but got torch.float32 of shape \(2, 3\)"),
    ],
)
def test_bad_input_is_named(name: str, codes: Tensor, labels: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(name)(codes, labels)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="`lengths` must be positive multiples of 8 but got 12"):
        LOSSES["csq"](length=12, classes=3)
    with pytest.raises(ValueError, match="`classes` must be at least 1 but got 0"):
        LOSSES["csq"](length=8, classes=0)
