"""One model whose weights are the mean of several models': often better than each, and no dearer to use."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nhl.model.checkpoint import read_config

if TYPE_CHECKING:
    from nhl.model.network import NestedHashModel


def average_models(folders: Sequence[str | Path]) -> "NestedHashModel":
    """The mean of the weights of models that were trained on from one another, or from one start. [0]

    Models that were trained apart have nothing in common place by place, and their mean is worth nothing.

    [0] Wortsman et al., Model soups, ICML 2022, arXiv 2203.05482

    Args:
        folders: of two checkpoints or more, of equal configurations.

    Returns:
        The model, in evaluation mode.

    Raises:
        ValueError: if there is but one, or they differ in more than weights.
        CheckpointError: if one is missing or damaged.
    """
    if len(folders) < 2:
        raise ValueError(f"`folders` must be two or more but got {len(folders)}")
    configs = [read_config(folder) for folder in folders]
    for folder, config in zip(folders, configs, strict=True):
        if config != configs[0]:
            raise ValueError(
                f"`folders` must be identical except for their weights, but {folder} differs from {folders[0]}"
            )
    import torch  # takes seconds, and mistakes are answered before

    from nhl.model.network import NestedHashModel

    models = [NestedHashModel.from_pretrained(Path(folder)) for folder in folders]
    first, states = models[0], [model.state_dict() for model in models]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(0) if value.is_floating_point() else value
        for name, value in states[0].items()
    }
    first.load_state_dict(mean)
    return first
