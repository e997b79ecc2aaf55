"""Each loss on a case small enough for a pencil: the codes of 8 ones and 8 minus ones."""

from math import cosh, e, exp, log, log1p, sqrt

import pytest
import torch
from torch import Tensor

from nhl.losses import (
    CenterLoss,
    CSQLoss,
    DBDHLoss,
    DCHLoss,
    DHNLoss,
    DPNLoss,
    DSHLoss,
    DTSHLoss,
    GreedyHashLoss,
    HashNetLoss,
    LCDSHLoss,
    MDSHLoss,
    OrthoHashLoss,
    SHCIRLoss,
)

ONES = torch.ones(1, 8)
OPPOSITE = torch.cat([ONES, -ONES])  # of classes 0 and 1
BOTH = torch.tensor([0, 1])


def opposite_centers(loss: CenterLoss) -> CenterLoss:
    loss.centers = OPPOSITE
    return loss


def check(value: Tensor, expected: float) -> None:
    assert value.item() == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_csq() -> None:
    loss = CSQLoss(8, 2)
    check(loss(torch.zeros(2, 8), BOTH), log(2) + 1e-4)
    check(loss(20 * loss.centers, BOTH), 0)


def test_dpn() -> None:
    loss = DPNLoss(8, 2)
    check(loss(0.25 * loss.centers, BOTH), 0.75)
    check(loss(loss.centers, BOTH), 0)
    check(loss(-loss.centers, BOTH), 2)


def test_orthohash() -> None:
    loss = opposite_centers(OrthoHashLoss(8, 2))
    check(loss(3 * OPPOSITE, BOTH), log1p(exp(-sqrt(8) * 1.8)))


def test_shcir() -> None:
    loss = opposite_centers(SHCIRLoss(8, 2))
    # 1 - p of the other class is p of the own one; |u| - 1 is 2.
    check(loss(3 * OPPOSITE, BOTH), 2 * log1p(exp(-2 * sqrt(8))) + 4e-4)


def test_mdsh() -> None:
    loss = opposite_centers(MDSHLoss(8, 2))
    assert isinstance(loss, MDSHLoss)
    center = log1p(exp(-2 * sqrt(8)))
    check(loss(OPPOSITE, BOTH), center)
    loss.begin_epoch(8)
    check(loss(OPPOSITE, BOTH), center)
    loss.begin_epoch(9)
    check(loss(OPPOSITE, BOTH), center + log1p(exp(-4)))


def test_greedyhash() -> None:
    loss = GreedyHashLoss(8, 2)
    with torch.no_grad():
        loss.classifier.weight.copy_(OPPOSITE)
    # The classifier sees the signs: logits 8 and -8. The quantisation term sees |u| - 1 = 2.
    check(loss(3 * OPPOSITE, BOTH), log1p(exp(-16)) + 0.8)


def test_greedyhash_passes_the_gradient_straight_through() -> None:
    loss, codes = GreedyHashLoss(8, 2, quantization=0), (0.3 * OPPOSITE).requires_grad_()
    loss(codes, BOTH).backward()
    binary = OPPOSITE.clone().requires_grad_()
    torch.nn.functional.cross_entropy(loss.classifier(binary), BOTH).backward()
    torch.testing.assert_close(codes.grad, binary.grad)


def test_dbdh() -> None:
    check(DBDHLoss(8, 2)(2 * OPPOSITE, BOTH), log1p(exp(-4)) + 0.1)
    balanced = OPPOSITE * torch.tensor([1, -1]).repeat(4)
    check(DBDHLoss(8, 2)(2 * balanced, BOTH), log1p(exp(-4)))


def test_dhn() -> None:
    check(DHNLoss(8, 2)(OPPOSITE, BOTH), log1p(exp(-4)))
    check(DHNLoss(8, 2)(torch.zeros(1, 8), BOTH[:1]), log(2) + 0.1 * log(cosh(1)))


def test_dch() -> None:
    # Two pairs of each kind, weight 2: similar ones at d = .04, d / g = .002, dissimilar ones at d = 8.
    check(DCHLoss(8, 2)(OPPOSITE, BOTH), log(1.002) + log(1 + 20 / 8) + 0.1 * log(1.002))


def test_dsh() -> None:
    check(DSHLoss(8, 2)(OPPOSITE, BOTH), 0)
    check(DSHLoss(8, 2)(OPPOSITE, BOTH[[0, 0]]), 2 * 16 / 4)
    check(DSHLoss(8, 2)(torch.zeros(2, 8), BOTH), 2 * 8 / 4 + 0.1)


def test_dtsh() -> None:
    codes = torch.cat([ONES, ONES, -ONES])
    check(DTSHLoss(8, 2)(codes, torch.tensor([0, 0, 1])), log1p(exp(-11)))
    check(DTSHLoss(8, 2)(0.5 * codes, torch.tensor([0, 0, 1])), log1p(exp(1)) + 0.25)
    check(DTSHLoss(8, 2)(0.5 * codes, torch.tensor([0, 0, 0])), 0.25)  # no triplet


def test_lcdsh() -> None:
    check(LCDSHLoss(8, 2)(OPPOSITE, BOTH), log1p(exp(-4)))
    # At zero every sign is +1.
    check(LCDSHLoss(8, 2)(torch.zeros(1, 8), BOTH[:1]), log(2) + 3 * (0.5 - 1 / (1 + exp(-4))) ** 2)


def test_hashnet() -> None:
    loss = HashNetLoss(8, 2)
    check(loss(50 * OPPOSITE, BOTH), 2 * log1p(exp(-10)))
    loss.begin_epoch(3)
    assert loss.sharpness == 2
    v = (e - 1) / (e + 1)  # tanh(2 / 4)
    check(loss(OPPOSITE / 4, BOTH), 2 * log1p(exp(-10 * v * v)))


def test_hashnet_counts_shared_labels() -> None:
    labels = torch.tensor([[1, 1, 0]])
    others = (50 * ONES, torch.tensor([[0, 1, 1]]))
    check(HashNetLoss(8, 3)(50 * ONES, labels, others), log1p(exp(-10)) / 3)


def test_target_of_a_blended_image_is_the_mean_of_its_centres() -> None:
    loss = DPNLoss(16, 3)
    blended = loss.targets(torch.tensor([[0.75, 0.25, 0.0]]))
    assert torch.allclose(blended, (0.75 * loss.centers[0] + 0.25 * loss.centers[1])[None])


def test_target_of_several_labels_is_their_majority() -> None:
    loss = DPNLoss(16, 3)
    members = torch.eye(3)
    assert torch.equal(loss.targets(members), loss.centers)
    assert torch.equal(loss.targets(torch.ones(1, 3)), loss.centers.sum(0, keepdim=True).sign())
    two = loss.targets(torch.tensor([[1.0, 1.0, 0.0]]))
    agree = loss.centers[0] == loss.centers[1]
    assert torch.equal(two[0, agree], loss.centers[0, agree])
    assert torch.equal(two[0, ~agree], loss.tie_break[~agree].sign())
    assert torch.equal(DPNLoss(16, 3).targets(torch.ones(1, 3)), loss.targets(torch.ones(1, 3)))
