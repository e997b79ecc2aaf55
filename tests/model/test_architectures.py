"""Networks are known without torch: what is said of them is held to timm."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import timm
from timm.models import list_models
from torch import nn

from nhl.model import architectures
from nhl.model.architectures import STAGES, check_backbone, check_stages
from nhl.model.backbones import create_backbone, split_backbone

WRONG = (
    "lite9",
    "resnet",
    "efficientnet_lite",
    "",
    "tf_efficientnet_lite0x",
    "timm",
    "create_model()",
    "../resnet50",
)


@pytest.fixture
def without_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "timm")


@pytest.mark.usefixtures("without_timm")
def test_sources_name_every_network_of_timm() -> None:
    text = "\n".join(source.read_text(encoding="utf-8") for source in architectures._sources())
    names = {architectures.architecture(name) for name in list_models(include_tags=False)}
    names |= set(timm.models._registry._deprecated_models)
    assert len(names) > 1_000
    mentioned = {*re.findall(r"def (\w+)\(", text), *re.findall(r"'(\w+)'\s*:", text)}
    assert names - mentioned == set()
    for name in (
        "tf_efficientnet_lite0",
        "tf_efficientnet_lite0.in1k",
        "resnet50.a1_in1k",
        "tv_resnext50_32x4d",
        "vit_base_patch16_224_in21k",
    ):
        check_backbone(name)


@pytest.mark.parametrize("name", WRONG)
def test_a_network_that_timm_does_not_have(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is loaded or not."""
    assert not timm.is_model(name)
    for _ in range(2):
        with pytest.raises(
            ValueError, match=r"^unknown backbone '.*'; `timm\.list_models\(\)` gives the choices$"
        ):
            check_backbone(name)
        monkeypatch.delitem(sys.modules, "timm", raising=False)


@pytest.mark.usefixtures("without_timm")
def test_without_sources_timm_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architectures, "_sources", list)
    check_backbone("lite9")


@pytest.mark.usefixtures("without_timm")
def test_no_timm_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architectures, "find_spec", lambda name: None)
    check_backbone("lite9")


@pytest.mark.parametrize("name", STAGES)
def test_stages_are_those_of_the_network(name: str) -> None:
    network = create_backbone(name)
    assert isinstance(split_backbone(network, STAGES[name])[1], nn.Identity)
    for stages in (STAGES[name] + 1, -1):
        with pytest.raises(ValueError, match=f"`stages` must be from 0 to 7 but got {stages}"):
            split_backbone(network, stages)


def test_it_imports_nothing_heavy() -> None:
    code = "import sys; from nhl.model.architectures import check_backbone; check_backbone('resnet50'); "
    code += "print({'torch', 'timm'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    assert subprocess.check_output([sys.executable, "-c", code], cwd=root, text=True) == "set()\n"
    check_stages(0, 0)
