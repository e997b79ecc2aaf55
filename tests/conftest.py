"""A tiny but real gallery and model, made once a session: four colours in three shapes, learnt in seconds."""

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny networks: threads would only wait for each other

import numpy as np
import pytest
from drawings import COLOURS, draw, encoded
from PIL import Image

from nhl.gallery import Item, write_gallery


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Converted networks of tests stay out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NHL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def tiny_items() -> list[tuple[Item, Image.Image]]:
    """96 pictures; the last six of each colour are queries. Names need escaping on a page."""
    return [
        (
            Item(
                n,
                f"<b>{colour}</b> & {i}",
                colour,
                (colour,),
                "drawn",
                "query" if i >= 18 else "train",
                "drawn",
            ),
            draw(colour, n),
        )
        for n, (colour, i) in enumerate((colour, i) for colour in COLOURS for i in range(24))
    ]


@pytest.fixture(scope="session")
def tiny_gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a gallery of 96 drawn pictures in four classes."""
    path = tmp_path_factory.mktemp("gallery") / "gallery.db"
    pictures = ((item, encoded(image, "WEBP")) for item, image in tiny_items())
    write_gallery(path, pictures, {"name": "tiny", "title": "Tiny", "credits": "Nobody & <co>"})
    return path


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small network that tells the four colours, with its gallery beside it.

    Its backbone is left as it was drawn; its hash layer is fitted to the centres by ridge regression.
    """
    import torch

    from nhl.model.checkpoint import Config, write_evaluation
    from nhl.model.network import NestedHashModel
    from nhl.model.preprocessing import Preprocessing

    torch.manual_seed(0)
    config = Config("test_resnet.r160_in1k", classes=tuple(COLOURS), preprocessing=Preprocessing(size=64))
    model = NestedHashModel(config).eval()
    known = [(item, image) for item, image in tiny_items() if item.split == "train"]
    with torch.no_grad():
        pixels = torch.from_numpy(np.stack([config.preprocessing(image) for _, image in known]))
        features = model.backbone(pixels).double()
        middle, spread = features.mean(0), features.std(0) + 1e-9
        scaled = (features - middle) / spread
        targets = model.centers[[list(COLOURS).index(item.label) for item, _ in known]].double()
        ridge = scaled.T @ scaled + 10 * torch.eye(scaled.shape[1])
        weight = torch.linalg.solve(ridge, scaled.T @ targets).T / spread
        model.layer.linear.weight.copy_(weight)
        model.layer.linear.bias.copy_(-weight @ middle)
    folder = tmp_path_factory.mktemp("tiny")
    model.save_pretrained(folder)
    (folder / "gallery.db").write_bytes(tiny_gallery.read_bytes())
    write_evaluation(folder, {"lengths": {str(b): {"map": 0.5 + b / 300} for b in config.lengths}})
    return folder
