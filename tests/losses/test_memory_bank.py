import pytest
import torch

from nhl.losses.memory_bank import MemoryBank

LABELS = torch.tensor([0, 1, 2, 0, 1])


def test_gives_the_codes_seen_so_far_with_their_labels() -> None:
    bank = MemoryBank(LABELS, 8)
    first, second = torch.randn(2, 8), torch.randn(2, 8)
    codes, labels = bank(first, LABELS[[3, 1]], torch.tensor([3, 1]))
    assert torch.equal(codes, first[[1, 0]])
    assert labels.tolist() == [1, 0]
    codes, labels = bank(second, LABELS[[1, 4]], torch.tensor([1, 4]))
    assert torch.equal(codes, torch.stack([second[0], first[0], second[1]]))
    assert labels.tolist() == [1, 0, 1]


def test_several_labels() -> None:
    members = torch.eye(3)[LABELS]
    _, labels = MemoryBank(members, 8)(torch.randn(1, 8), members[2:3], torch.tensor([2]))
    assert torch.equal(labels, members[2:3])


def test_gives_no_gradient_and_no_view_of_itself() -> None:
    bank, one = MemoryBank(LABELS, 8), torch.tensor([0])
    given = torch.randn(1, 8, requires_grad=True)
    codes, _ = bank(given, LABELS[one], one)
    assert not codes.requires_grad
    kept = codes.clone()
    bank(torch.randn(1, 8), LABELS[one], one)
    assert torch.equal(codes, kept)


def test_momentum_blends_after_the_first_sight() -> None:
    bank, one = MemoryBank(LABELS, 8, momentum=0.9), torch.tensor([0])
    for value, expected in [(1.0, 1.0), (2.0, 1.1), (0.0, 0.99)]:
        codes, _ = bank(torch.full((1, 8), value), LABELS[one], one)
        torch.testing.assert_close(codes, torch.full((1, 8), expected))


@pytest.mark.parametrize("dtype", [torch.double, torch.half])
def test_keeps_the_precision_of_the_codes(dtype: torch.dtype) -> None:
    bank, two = MemoryBank(LABELS, 8), torch.tensor([0, 1])
    given = torch.randn(2, 8, dtype=torch.double).to(dtype)
    codes, _ = bank(given, LABELS[two], two)
    assert codes.dtype == dtype
    assert torch.equal(codes, given)
    assert bank.codes.dtype == (torch.double if dtype is torch.double else torch.float)  # never coarser


def test_goes_on_from_its_state() -> None:
    bank, again = MemoryBank(LABELS, 8), MemoryBank(LABELS, 8)
    given, two = torch.randn(2, 8), torch.tensor([0, 2])
    bank(given, LABELS[two], two)
    again.load_state_dict(bank.state_dict())
    codes, labels = again(given[:1], LABELS[:1], torch.tensor([0]))
    assert torch.equal(codes, given)
    assert labels.tolist() == [0, 2]


def test_nothing_but_training_images_gets_in() -> None:
    bank, codes, indices = MemoryBank(LABELS, 8), torch.ones(1, 8), torch.tensor([1])
    with (
        torch.no_grad(),
        pytest.raises(ValueError, match="in training only, but the model is being evaluated"),
    ):
        bank(codes, LABELS[indices], indices)
    with pytest.raises(ValueError, match="in training only, but the model is being evaluated"):
        bank.eval()(codes, LABELS[indices], indices)
    bank.train()
    with pytest.raises(ValueError, match="`labels` must be those of the training images `indices`"):
        bank(codes, torch.tensor([2]), indices)
    with pytest.raises(ValueError, match="neither other images nor blended ones"):
        bank(codes, torch.tensor([[0.3, 0.7, 0.0]]), indices)
    for wrong in ([5], [-1], [1, 1]):
        with pytest.raises(ValueError, match="`indices` must be different numbers from 0 to 4 but got"):
            bank(torch.ones(len(wrong), 8), torch.zeros(len(wrong)), torch.tensor(wrong))
    assert not bank.seen.any()
    assert not bank.codes.any()


def test_bad_arguments_are_named() -> None:
    with pytest.raises(
        ValueError, match=r"`labels` must have shape \(N,\) or \(N, C\), N > 0, but got \(0,\)"
    ):
        MemoryBank(torch.zeros(0), 8)
    with pytest.raises(ValueError, match="`momentum` must be at least 0 and below 1 but got 1"):
        MemoryBank(LABELS, 8, momentum=1)
    with pytest.raises(ValueError, match="`lengths` must be positive multiples of 8 but got 9"):
        MemoryBank(LABELS, 9)
    with pytest.raises(ValueError, match=r"`codes` must have shape \(1, 8\) but got \(1, 16\)"):
        MemoryBank(LABELS, 8)(torch.zeros(1, 16), LABELS[:1], torch.tensor([0]))
