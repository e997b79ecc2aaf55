import json

import numpy as np
import pytest
from PIL import Image

from nhl.model.preprocessing import Preprocessing

RED, WHITE = (255, 0, 0), (255, 255, 255)


def half_and_half(width: int, height: int) -> Image.Image:
    """Left half black, right half red."""
    image = Image.new("RGB", (width, height))
    image.paste(RED, (width // 2, 0, width, height))
    return image


def test_scale_and_layout_by_hand() -> None:
    image = Image.new("RGB", (4, 4), (0, 255, 51))
    array = Preprocessing(size=4, mean=(0.5, 0.5, 0.0), std=(0.5, 0.25, 0.2))(image)
    assert array.shape == (3, 4, 4)
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    np.testing.assert_allclose(array[:, 0, 0], [-1, 2, 1], atol=1e-6)


@pytest.mark.parametrize("fit", ["pad", "crop", "squash"])
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (33, 17), (17, 33), (200, 200)])
def test_every_shape_becomes_square(fit: str, size: tuple[int, int]) -> None:
    array = Preprocessing(size=16, fit=fit)(Image.new("RGB", size, RED))
    assert array.shape == (3, 16, 16)
    np.testing.assert_allclose(array[0], 1)
    if fit != "pad":
        np.testing.assert_allclose(array[1:], -1)


def test_pad_keeps_all_centred_on_white() -> None:
    square = Preprocessing(size=16, fit="pad").square(Image.new("RGB", (40, 20), RED))
    assert [square.getpixel((8, y)) for y in (0, 3, 4, 8, 11, 12, 15)] == [WHITE] * 2 + [RED] * 3 + [
        WHITE
    ] * 2


def test_crop_loses_the_ends_and_squash_keeps_them() -> None:
    image = half_and_half(40, 10)
    image.paste((0, 255, 0), (0, 0, 10, 10))
    crop = np.asarray(Preprocessing(size=10, fit="crop").square(image))
    squash = np.asarray(Preprocessing(size=10, fit="squash", interpolation="nearest").square(image))
    assert (crop[:, :4] == 0).all()
    assert (crop[:, 6:] == RED).all()
    assert (squash[:, 0] == (0, 255, 0)).all()
    assert (squash[:, 9] == RED).all()


def test_other_modes_are_converted() -> None:
    np.testing.assert_allclose(Preprocessing(size=2)(Image.new("L", (2, 2), 255)), 1)


def test_settings_survive_json() -> None:
    settings = Preprocessing(size=224, mean=(0.485, 0.456, 0.406), fit="crop", interpolation="bilinear")
    assert Preprocessing.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"size": 0}, "`size` must be a positive whole number of pixels but got 0"),
        ({"size": 1.5}, "`size` must be a positive whole number of pixels but got 1.5"),
        ({"size": True}, "`size` must be a positive whole number of pixels but got True"),
        ({"mean": (0.5, 0.5)}, "`mean` must be three finite numbers"),
        ({"mean": None}, "`mean` must be three finite numbers"),
        ({"std": (1, "x", 1)}, "`std` must be three finite numbers"),
        ({"std": (1, float("nan"), 1)}, "`std` must be three finite numbers"),
        ({"std": (0.5, 0.0, 0.5)}, "`std` must be positive"),
        ({"fit": "stretch"}, "`fit` must be one of pad, crop, squash but got 'stretch'"),
        ({"interpolation": "cubic"}, "`interpolation` must be one of nearest, .* but got 'cubic'"),
        ({"colour": 1}, "unknown preprocessing setting 'colour'; choose from size, mean"),
    ],
)
def test_bad_settings(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Preprocessing.from_dict(settings)
