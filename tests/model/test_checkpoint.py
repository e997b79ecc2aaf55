"""Checkpoints: what is saved is loaded, and a damaged one is refused by name."""

import json
from pathlib import Path

import pytest
import torch
from drawings import draw

from nhl.model.checkpoint import (
    CheckpointError,
    Config,
    fingerprint,
    read_config,
    read_evaluation,
    write_config,
    write_evaluation,
)
from nhl.model.network import NestedHashModel
from nhl.model.preprocessing import Preprocessing

CONFIG = Config("test_efficientnet.r160_in1k", (8, 24), ("a", "b"), Preprocessing(size=32))


@pytest.fixture
def saved(tmp_path: Path) -> tuple[NestedHashModel, Path]:
    torch.manual_seed(0)
    model = NestedHashModel(CONFIG).eval()
    model.save_pretrained(tmp_path)
    return model, tmp_path


def test_round_trip(saved: tuple[NestedHashModel, Path]) -> None:
    model, folder = saved
    loaded = NestedHashModel.from_pretrained(folder)
    assert loaded.config == CONFIG == read_config(folder)
    assert not loaded.training
    x = torch.randn(2, 3, 32, 32)
    for a, b in zip(model(x), loaded(x), strict=True):
        assert torch.allclose(a, b, atol=1e-2)  # weights are stored in half precision
    assert [u.shape[1] for u in loaded(x)] == [8, 24]


def test_encode_gives_one_image_the_same_code_alone_as_in_a_batch(
    saved: tuple[NestedHashModel, Path],
) -> None:
    model, _ = saved
    images = [draw("red", n) for n in range(5)]
    codes = model.encode(images, batch_size=2)
    assert codes.shape == (5, 3)
    assert [model.encode([image])[0].tolist() for image in images] == codes.tolist()
    assert model.encode([]).shape == (0, 3)


def test_fingerprint_follows_weights_and_configuration(saved: tuple[NestedHashModel, Path]) -> None:
    model, folder = saved
    before = fingerprint(folder)
    model.save_pretrained(folder)
    assert fingerprint(folder) == before
    write_config(folder, Config(CONFIG.backbone, CONFIG.lengths, ("a", "c"), CONFIG.preprocessing))
    assert fingerprint(folder) != before


def test_evaluation_is_optional(saved: tuple[NestedHashModel, Path]) -> None:
    _, folder = saved
    assert read_evaluation(folder) is None
    write_evaluation(folder, {"mean_map": 0.5})
    assert read_evaluation(folder) == {"model": fingerprint(folder), "mean_map": 0.5}


def test_an_evaluation_of_other_weights_is_refused(saved: tuple[NestedHashModel, Path]) -> None:
    """Scores outlive neither new weights, nor another configuration, nor a copy into another folder."""
    model, folder = saved
    write_evaluation(folder, {"mean_map": 0.5})
    model.save_pretrained(folder)
    assert read_evaluation(folder) is not None  # the same weights once more
    refused = r"evaluation\.json does not name the weights beside it, .* evaluate --checkpoint .* --save`"
    with torch.no_grad():
        model.layer.linear.bias += 1
    model.save_pretrained(folder)
    with pytest.raises(CheckpointError, match=refused):
        read_evaluation(folder)
    write_evaluation(folder, {"mean_map": 0.6})
    write_config(folder, Config(CONFIG.backbone, CONFIG.lengths, ("a", "c"), CONFIG.preprocessing))
    with pytest.raises(CheckpointError, match=refused):
        read_evaluation(folder)


@pytest.mark.parametrize("content", ['{"mean_map": 0.5}', "[1]", "7", "null"])
def test_an_evaluation_that_names_no_weights(content: str, saved: tuple[NestedHashModel, Path]) -> None:
    _, folder = saved
    (folder / "evaluation.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"evaluation\.json (does not name the weights|cannot be read)"):
        read_evaluation(folder)


def test_a_folder_without_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint in .*config\.json is missing"):
        NestedHashModel.from_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"no checkpoint in .*none: there is no such folder; train one"):
        read_config(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(
        CheckpointError, match=r"no checkpoint in .*file: that is a file, not a folder; train"
    ):
        read_config(tmp_path / "file")
    write_config(tmp_path, CONFIG)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing"):
        NestedHashModel.from_pretrained(tmp_path)


def test_damaged_weights(saved: tuple[NestedHashModel, Path]) -> None:
    _, folder = saved
    whole = (folder / "model.safetensors").read_bytes()
    for bad in (b"", whole[:100], whole[: len(whole) // 2]):
        (folder / "model.safetensors").write_bytes(bad)
        with pytest.raises(
            CheckpointError, match=r"model\.safetensors is damaged or belongs to another model"
        ):
            NestedHashModel.from_pretrained(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "unknown setting 'colour'; choose from backbone"),
        ({"format": 99}, "`format` must be 1 but got 99"),
        ({"mirror": "yes"}, "`mirror` must be true or false but got 'yes'"),
        ({"lengths": [12]}, "multiples of 8 but got 12"),
        ({"preprocessing": {"sise": 3}}, "unknown preprocessing setting 'sise'"),
    ],
)
def test_bad_configuration(saved: tuple[NestedHashModel, Path], change: dict, message: str) -> None:
    _, folder = saved
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, **change}))
    with pytest.raises(CheckpointError, match=message):
        read_config(folder)


def test_configuration_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json cannot be read"):
        read_config(tmp_path)
