"""What a run takes from its folder, its backbone and its data set, refused before anything is learnt. Imports no torch."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nhl.data import Pictures, Protocol
from nhl.data.hierarchy import check_hierarchy
from nhl.model.architectures import STAGES, architecture, check_backbone, check_stages
from nhl.model.checkpoint import WEIGHTS, read_config
from nhl.training.settings import Settings

STATE = "state.pt"
SETTINGS = "settings.json"


def check_folder(settings: Settings, folder: Path) -> None:
    """Refuse a folder that a run cannot begin or go on in.

    Raises:
        ValueError: if it is a file, or holds a finished checkpoint, whose scores would outlive its weights, or a run
            with other settings; or if `settings.start` is of another backbone.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"`folder` must be a folder but {folder} is a file")
    if not (folder / STATE).is_file():
        if (folder / WEIGHTS).is_file():
            raise ValueError(f"`folder` {folder} holds a finished checkpoint: name another, or delete it")
    elif Settings.load(folder / SETTINGS) != settings:
        raise ValueError(f"`folder` {folder} holds a run with other settings: name another, or delete it")
    if settings.start and (its := read_config(settings.start).backbone) != settings.backbone:
        raise ValueError(
            f"`start` must be a checkpoint of {settings.backbone}, but {settings.start} is one of {its}"
        )


def check_network(settings: Settings) -> None:
    """Refuse a backbone that timm does not have, or more frozen stages than it has, where that is known.

    Raises:
        ValueError: if it is so.
    """
    check_backbone(settings.backbone)
    if most := STAGES.get(architecture(settings.backbone)):
        check_stages(settings.frozen_stages, most)


def check_data(settings: Settings, protocol: Protocol) -> None:
    """Refuse a data set that has too few pictures, or not the labels that the settings need.

    Raises:
        ValueError: if it is so.
    """
    learn = held_back(settings, protocol)[0] if settings.validation_fraction else protocol.train
    if len(learn) < 2:
        raise ValueError(f"`data` must have at least 2 pictures to learn from but has {len(learn)}")
    if settings.instances:
        instances(settings, learn)
    if settings.levels:
        levels(settings, protocol, learn)


def held_back(settings: Settings, protocol: Protocol) -> tuple[Pictures, Pictures, Pictures]:
    """The pictures to learn from, and the queries and the database to choose the best epoch by.

    Raises:
        ValueError: if there are too few pictures.
    """
    learn, seed = protocol.train, settings.seed
    try:
        learn, kept = learn.split(settings.validation_fraction, seed)
    except ValueError as error:
        raise ValueError(
            f"`validation_fraction` {settings.validation_fraction} of each class rounds to no picture: give more "
            "pictures, a larger share, or 0 to do without"
        ) from error
    if set(learn.sources) <= set(protocol.database.sources):
        return learn, kept, learn
    return learn, *kept.split(0.5, seed, least=1)  # the database is of new pictures


def instances(settings: Settings, pictures: Pictures) -> NDArray[np.int64]:
    """Numbers (N,) of the instances that pictures show, from 0.

    Raises:
        ValueError: if the data set does not know them.
    """
    if pictures.groups is None:
        raise ValueError(
            f"`instances` must be 0 for {settings.data!r}, which does not say which pictures show the same "
            f"instance, but got {settings.instances}"
        )
    found: NDArray[np.int64] = np.unique(pictures.groups, return_inverse=True)[1]
    return found


def levels(settings: Settings, protocol: Protocol, learn: Pictures) -> NDArray[np.int64]:
    """The labels (N, V) of all training pictures at every level, those of photographs last.

    Raises:
        ValueError: if the data set has no levels, they are no hierarchy, or none has a name in `level_weights`.
    """
    parts = [learn] if protocol.photographs is None else [learn, protocol.photographs.train]
    found = [part.levels for part in parts if part.levels is not None]
    if len(found) < len(parts):
        raise ValueError(
            f"`levels` must be 0 for {settings.data!r}, which has labels at one level alone, but got {settings.levels}"
        )
    if unknown := sorted(set(settings.level_weights) - set(protocol.levels)):
        raise ValueError(
            f"`level_weights` must name levels of the data, {', '.join(protocol.levels)}, but got {unknown[0]!r}"
        )
    numbers = np.concatenate(found)
    check_hierarchy(numbers, protocol.levels)
    return numbers
