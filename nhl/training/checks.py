"""What a run takes from its folder, its backbone and its data set, refused before anything is learnt. Imports no torch."""

from dataclasses import dataclass, replace
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
    found = parts(settings, protocol)
    if len(found.learn) < 2:
        raise ValueError(f"`data` must have at least 2 pictures to learn from but has {len(found.learn)}")
    if settings.instances:
        instances(settings, found.learn)
    if settings.levels:
        levels(settings, protocol, found)


@dataclass(frozen=True)
class Parts:
    """What a run learns from, and what it chooses its best epoch by.

    Args:
        learn: pictures; of a data set with photographs its drawings.
        photographs: what is learnt from beside them.
        queries: held back from both, each to be searched for in `database` by class; none where the last epoch is kept.
        database: learnt from where the data set's own database is, else held back too.
    """

    learn: Pictures
    photographs: Pictures | None
    queries: tuple[Pictures, ...] = ()
    database: Pictures | None = None

    @property
    def taught(self) -> list[Pictures]:
        """All that is learnt from, photographs last."""
        return [self.learn] if self.photographs is None else [self.learn, self.photographs]


def parts(settings: Settings, protocol: Protocol) -> Parts:
    """The parts of a data set in a run.

    Raises:
        ValueError: if there are too few pictures.
    """
    learn, beside, seed = protocol.train, protocol.photographs, settings.seed
    photographs = None if beside is None else beside.train
    if not settings.validation_fraction:
        return Parts(learn, photographs)
    learn, kept = _held_back(settings, learn)
    queries, database = kept, learn.where(set(protocol.database.sources).__contains__)
    if not len(database):
        queries, database = kept.split(0.5, seed, least=1)
    if photographs is None:
        return Parts(learn, None, (queries,), database)
    photographs, shown = _held_back(settings, photographs)
    of_class = protocol.levels.index("class")
    classes = _levels(shown)[:, of_class]
    shown = replace(shown, labels=classes).subset(np.flatnonzero(np.isin(classes, database.labels)))
    asked = (queries, shown) if len(shown) else (queries,)
    return Parts(learn, _untaught(photographs, of_class + 1, kept, learn), asked, database)


def _held_back(settings: Settings, pictures: Pictures) -> tuple[Pictures, Pictures]:
    try:
        return pictures.split(settings.validation_fraction, settings.seed)
    except ValueError as error:
        raise ValueError(
            f"`validation_fraction` {settings.validation_fraction} of each class rounds to no picture: give more "
            "pictures, a larger share, or 0 to do without"
        ) from error


def _levels(pictures: Pictures) -> NDArray[np.int64]:
    assert pictures.levels is not None, "photographs and the drawings beside them have levels"
    return pictures.levels


def _untaught(photographs: Pictures, first: int, kept: Pictures, learn: Pictures) -> Pictures:
    """The photographs without the labels, from the level `first` on, that only held-back drawings have.

    Such a drawing would not be new any more.
    """
    found, new, old = _levels(photographs).copy(), _levels(kept), _levels(learn)
    for level in range(first, found.shape[1]):
        only = np.setdiff1d(new[:, level], old[:, level])
        found[np.isin(found[:, level], only), level] = -1
    return replace(photographs, levels=found)


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


def levels(settings: Settings, protocol: Protocol, learnt: Parts) -> NDArray[np.int64]:
    """The labels (N, V) of all training pictures at every level, those of photographs last.

    Raises:
        ValueError: if the data set has no levels, they are no hierarchy, or none has a name in `level_weights`.
    """
    found = [part.levels for part in learnt.taught if part.levels is not None]
    if len(found) < len(learnt.taught):
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
