from collections.abc import Callable

import pytest
import torch

from nhl.data.augmentation import AUGMENTATIONS
from nhl.data.protocols import gallery_protocol
from nhl.data.views import Views
from nhl.model.preprocessing import Preprocessing


@pytest.fixture
def views(tiny_gallery: str) -> Callable[..., Views]:
    pictures = gallery_protocol(tiny_gallery).query

    def create(count: int, stem: torch.nn.Module | None = None, **how: object) -> Views:
        return Views(pictures, Preprocessing(size=16), stem or torch.nn.Identity(), count, **how)

    return create


def test_kept_views_come_again_and_others_do_not(views: Callable[..., Views]) -> None:
    kept = views(2)
    assert kept.get(2) is kept.get(0)
    assert not torch.equal(kept.get(1), kept.get(0))
    passing = views(2, keep=False)
    assert passing.get(0) is not passing.get(0)
    assert torch.equal(passing.get(0), kept.get(0))  # seed, view and picture decide alone


@pytest.mark.parametrize("augment", AUGMENTATIONS)
def test_random_views_differ_from_the_plain_one(views: Callable[..., Views], augment: str) -> None:
    plain, random = views(0).get(0), views(1, augment=augment).get(0)
    assert plain.shape == random.shape
    assert ((plain - random).abs().flatten(1).amax(1) > 0.1).float().mean() > 0.5


def test_what_half_precision_does_not_hold_is_kept_in_single(views: Callable[..., Views]) -> None:
    loud = torch.nn.Conv2d(3, 1, 1)
    torch.nn.init.constant_(loud.weight, 1e6)
    assert views(1).get(0).dtype == torch.float16
    assert views(1, loud).get(0).dtype == torch.float32
    assert views(1, loud).get(0).isfinite().all()
