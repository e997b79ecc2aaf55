from pathlib import Path

import numpy as np
import torch
from drawings import draw

from nhl.model.network import NestedHashModel
from nhl.model.normalization import FromPixels, Normalization
from nhl.model.preprocessing import Preprocessing

PREPROCESSING = Preprocessing(size=20, mean=(0.1, 0.5, 0.7), std=(0.2, 0.5, 1.5))


def test_each_channel_has_a_mean_and_deviation_of_its_own() -> None:
    bright = Normalization(PREPROCESSING)(torch.full((1, 3, 2, 2), 255, dtype=torch.uint8))
    expected = torch.tensor([(1 - 0.1) / 0.2, (1 - 0.5) / 0.5, (1 - 0.7) / 1.5]).view(1, 3, 1, 1)
    torch.testing.assert_close(bright, expected.expand(1, 3, 2, 2))


def test_it_is_the_arithmetic_of_the_preprocessing() -> None:
    picture = draw("red", 3)
    pixels = torch.from_numpy(np.array(PREPROCESSING.square(picture))).permute(2, 0, 1)[None]
    found = Normalization(PREPROCESSING)(pixels)
    np.testing.assert_array_equal(found[0].numpy(), PREPROCESSING(picture))
    assert found.is_contiguous(memory_format=torch.channels_last)  # as the pixels lie
    assert Normalization(PREPROCESSING)(pixels.contiguous()).is_contiguous()


def test_a_network_from_pixels_gives_the_longest_outputs(tiny_checkpoint: Path) -> None:
    model = NestedHashModel.from_pretrained(tiny_checkpoint)
    prepare, pictures = model.config.preprocessing, [draw("red", 3), draw("blue", 4)]
    pixels = torch.from_numpy(np.stack([np.array(prepare.square(picture)) for picture in pictures]))
    images = torch.from_numpy(np.stack([prepare(picture) for picture in pictures]))
    with torch.inference_mode():
        torch.testing.assert_close(FromPixels(model)(pixels), model(images)[-1])
