"""The model as model hubs know it. Nothing here needs a network."""

import copy
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from drawings import draw
from hostile.weights import SCALES, broken, scaled
from huggingface_hub import PyTorchModelHubMixin, hub_mixin
from safetensors.torch import load_file

from nhl.model.checkpoint import CheckpointError, fingerprint, read_config
from nhl.model.network import NestedHashModel

PICTURES = [draw("red", 1), draw("blue", 2)]


@pytest.fixture(scope="module")
def model(tiny_checkpoint: Path) -> NestedHashModel:
    return NestedHashModel.from_pretrained(tiny_checkpoint)


def codes(model: NestedHashModel) -> list[list[int]]:
    return model.encode(PICTURES).tolist()


def test_it_is_a_hub_model(model: NestedHashModel) -> None:
    assert isinstance(model, PyTorchModelHubMixin)


def test_a_folder_holds_this_projects_checkpoint_and_no_more(model: NestedHashModel, tmp_path: Path) -> None:
    assert model.save_pretrained(tmp_path / "new" / "folder") is None
    saved = tmp_path / "new" / "folder"
    assert sorted(file.name for file in saved.iterdir()) == ["SHA256SUMS", "config.json", "model.safetensors"]
    assert read_config(saved) == model.config
    assert codes(NestedHashModel.from_pretrained(str(saved))) == codes(model)


def test_what_is_pushed_is_the_checkpoint_with_a_card(
    model: NestedHashModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upload(folder_path: Path, **settings: object) -> str:
        shutil.copytree(folder_path, tmp_path / "hub")
        return f"https://hub/{settings['repo_id']}/{settings['commit_message']}"

    api = SimpleNamespace(
        create_repo=lambda repo_id, **_: SimpleNamespace(repo_id=repo_id), upload_folder=upload
    )
    monkeypatch.setattr(hub_mixin, "HfApi", lambda token=None: api)
    assert model.push_to_hub("someone/model", commit_message="first") == "https://hub/someone/model/first"
    names = sorted(file.name for file in (tmp_path / "hub").iterdir())
    assert names == ["README.md", "SHA256SUMS", "config.json", "model.safetensors"]
    assert "image-retrieval" in (tmp_path / "hub" / "README.md").read_text()
    assert codes(NestedHashModel.from_pretrained(tmp_path / "hub")) == codes(model)

    shutil.rmtree(tmp_path / "hub")
    address = model.save_pretrained(tmp_path / "mine", push_to_hub=True, commit_message="second")
    assert address == "https://hub/mine/second"


def test_a_card_that_is_there_stays(model: NestedHashModel, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    model.save_pretrained(tmp_path, model_card_kwargs={})
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_name_is_looked_up_in_the_hubs_cache(
    model: NestedHashModel, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    stored, commit = tmp_path / "models--someone--model", "0" * 40
    shutil.copytree(tiny_checkpoint, stored / "snapshots" / commit)
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text(commit)
    loaded = NestedHashModel.from_pretrained("someone/model", cache_dir=tmp_path, local_files_only=True)
    assert codes(loaded) == codes(model)


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint in someone/other: there is no such folder, and"):
        NestedHashModel.from_pretrained("someone/other", cache_dir=tmp_path, local_files_only=True)


def test_a_path_is_no_question_to_a_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("nhl.model.network.snapshot_download", lambda name, **_: asked.append(name))
    with pytest.raises(
        CheckpointError, match="no checkpoint in runs/none: there is no such folder; train one"
    ):
        NestedHashModel.from_pretrained(Path("runs/none"))
    assert not asked


@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_weights_that_half_precision_does_not_hold(
    model: NestedHashModel, tiny_checkpoint: Path, tmp_path: Path, scale: float
) -> None:
    """They are kept as they are, the others in half precision; the codes stay the same."""
    loaded = NestedHashModel.from_pretrained(scaled(tiny_checkpoint, tmp_path, scale))
    assert torch.equal(loaded.layer.linear.weight, model.layer.linear.weight * scale)
    assert codes(loaded) == codes(model)
    kept = load_file(tmp_path / "model.safetensors")
    single = {name for name, values in kept.items() if values.dtype == torch.float32}
    assert single == {"layer.linear.weight", "layer.linear.bias"}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_are_finite(model: NestedHashModel, tmp_path: Path, value: float) -> None:
    model = copy.deepcopy(model)
    model.save_pretrained(tmp_path)
    before = fingerprint(tmp_path)
    with torch.no_grad():
        model.layer.linear.bias[3] = value
    with pytest.raises(ValueError, match=r"finite but `layer\.linear\.bias` holds NaN or infinity: train"):
        model.save_pretrained(tmp_path)
    assert fingerprint(tmp_path) == before


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_of_a_file_are_finite(tiny_checkpoint: Path, tmp_path: Path, value: float) -> None:
    folder = broken(tiny_checkpoint, tmp_path / "broken", value)
    with pytest.raises(
        CheckpointError, match=r"safetensors holds NaN or infinity in `layer\.linear\.bias`: "
    ):
        NestedHashModel.from_pretrained(folder)
