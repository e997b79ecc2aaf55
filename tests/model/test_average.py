"""The mean of models, and what has no mean."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nhl.__main__ import main
from nhl.model.average import average_models
from nhl.model.checkpoint import Config
from nhl.model.network import NestedHashModel
from nhl.model.preprocessing import Preprocessing

CONFIG = Config("test_efficientnet.r160_in1k", (8, 24), ("a", "b"), Preprocessing(size=32))


def saved(folder: Path, seed: int, config: Config = CONFIG) -> NestedHashModel:
    torch.manual_seed(seed)
    model = NestedHashModel(config).half().float()  # a checkpoint holds half precision
    model.save_pretrained(folder)
    return model


def test_the_command_writes_the_mean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [tmp_path / name for name in "abc"]
    states = [saved(folder, seed).state_dict() for seed, folder in enumerate(folders)]
    assert main(["average", *map(str, folders), "--to", str(tmp_path / "mean")]) == 0
    assert capsys.readouterr().out == f"checkpoint written to {tmp_path / 'mean'}\n"
    mean = NestedHashModel.from_pretrained(tmp_path / "mean").state_dict()
    name = "layer.linear.weight"
    torch.testing.assert_close(mean[name], sum(state[name] for state in states) / 3, rtol=1e-3, atol=1e-5)
    assert mean.keys() == states[0].keys()
    assert all(mean[name].dtype == value.dtype for name, value in states[0].items())


def test_models_without_a_mean_are_named(tmp_path: Path) -> None:
    saved(tmp_path / "one", 0)
    saved(tmp_path / "longer", 0, replace(CONFIG, lengths=(8, 32)))
    with pytest.raises(ValueError, match="`folders` must be two or more but got 1"):
        average_models([tmp_path / "one"])
    with pytest.raises(
        ValueError, match=r"identical except for their weights, but .*longer differs from .*one"
    ):
        average_models([tmp_path / "one", tmp_path / "longer"])
