"""Random views on the device: seeded, picture by picture, and what stays as it was."""

from collections.abc import Callable

import pytest
import torch

from nhl.training.random_views import Draw, colored, drawings, photographs

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
