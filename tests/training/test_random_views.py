"""Random views on the device: seeded, picture by picture, and what stays as it was."""

from collections.abc import Callable

import pytest
import torch

from nhl.training.random_views import Draw, colored, crops, drawings, photographs

CPU = torch.device("cpu")


def images(count: int, side: int = 24) -> torch.Tensor:
    """White pictures with a red square in the middle."""
    found = torch.full((count, 3, side, side), 255, dtype=torch.uint8)
    found[:, 1:, side // 3 : 2 * side // 3, side // 3 : 2 * side // 3] = 0
    return found


@pytest.mark.parametrize("views", [drawings, photographs])
def test_seeded_in_range_and_each_picture_by_itself(views: Callable[..., torch.Tensor]) -> None:
    found = views(images(16), 32, Draw(0, CPU))
    torch.testing.assert_close(found, views(images(16), 32, Draw(0, CPU)))
    assert not torch.equal(found, views(images(16), 32, Draw(1, CPU)))
    assert found.shape == (16, 3, 32, 32)
    assert found.min() >= 0
    assert found.max() <= 1
    assert len({tuple(one.flatten().tolist()) for one in found}) == 16


def test_crops_stay_inside_and_half_of_them_are_mirrored() -> None:
    """Of a ramp from left to right and one from top to bottom, each crop is a ramp within the first's limits."""
    side = 16
    ramp = torch.arange(side).float().expand(side, side)
    found = crops(torch.stack([ramp, ramp.T, ramp]).expand(64, 3, side, side), Draw(0, CPU))
    assert found.shape == (64, 3, side, side)
    assert found.min() >= 0
    assert found.max() <= side - 1
    across, down = found[:, 0, 0, -1] - found[:, 0, 0, 0], found[:, 1, -1, 0] - found[:, 1, 0, 0]
    assert 20 <= int((across < 0).sum()) <= 44
    assert (down > 0).all()
    torch.testing.assert_close(across.abs(), down, rtol=0.01, atol=0)  # the aspect stays
    shares = (down / (side - 1)) ** 2
    assert 0.45 <= float(shares.min()) < float(shares.max()) <= 1


def test_paper_stays_white_and_a_third_lies_on_a_photograph() -> None:
    found = drawings(images(64), 32, Draw(0, CPU))
    assert (found[:, :, 0, 0] == 1).all()
    behind = torch.zeros(64, 3, 32, 32)
    on_photo = (drawings(images(64), 32, Draw(0, CPU), behind)[:, :, 0, 0] == 0).all(1)
    assert 10 <= int(on_photo.sum()) <= 33


def test_photographs_show_their_middle_or_white() -> None:
    plain = torch.full((64, 3, 8, 8), 128, dtype=torch.uint8)
    found = photographs(plain, 16, Draw(0, CPU))
    assert (found[:, :, 8, 8] < 0.9).all()
    framed = (found[:, :, 0, 0] == 1).all(1)
    assert 20 <= int(framed.sum()) <= 55  # letter-boxed or shrunk


def test_colours_change_but_black_and_shape_do_not() -> None:
    found = colored(torch.zeros(4, 3, 5, 5), Draw(0, CPU))
    torch.testing.assert_close(found, torch.zeros(4, 3, 5, 5))
