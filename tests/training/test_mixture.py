"""Drawings and photographs together: what an epoch shows, and a training from it that resumes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawings import draw, encoded
from torch import nn

from nhl.data import Pictures, Protocol
from nhl.data.pictures import Photographs
from nhl.model.network import NestedHashModel
from nhl.model.preprocessing import Preprocessing
from nhl.training.checks import parts
from nhl.training.mixture import Mixture
from nhl.training.settings import Settings
from nhl.training.train import train

CPU = torch.device("cpu")
SETTINGS = Settings(
    backbone="test_efficientnet.r160_in1k",
    pretrained=False,
    loss="none",
    levels=1.0,
    rounds=2,
    size=32,
    frozen_stages=1,
    views=2,
    epochs=3,
    batch_size=8,
    mixup_alpha=0.0,
    ema_decay=0.5,
    validation_fraction=0.0,
)


def pictures(colours: list[str], each: int, first: int = 0) -> Pictures:
    names = [(colour, i) for colour in colours for i in range(each)]
    labels = np.array([colours.index(colour) for colour, _ in names], dtype=np.int64)
    instances = labels * 3 + np.array([i for _, i in names], dtype=np.int64) // 2
    levels = np.stack([labels // 2, labels, instances], 1)
    sources = [encoded(draw(colour, first + n), "PNG") for n, (colour, _) in enumerate(names)]
    return Pictures(sources, labels, instances, levels)


@pytest.fixture
def protocol() -> Protocol:
    colours = ["red", "green", "blue", "yellow"]
    drawn, photos = pictures(colours, 6), replace(pictures(colours, 4, 100), groups=None)
    names = ("group", "class", "instance")
    beside = Photographs(photos, photos, tuple(colours))
    return Protocol("mixed", "mixed", tuple(colours), drawn, drawn, drawn, names, beside)


def mixture(protocol: Protocol, stem: nn.Module, views: int) -> Mixture:
    assert protocol.photographs is not None
    parts = protocol.train, protocol.photographs.train
    return Mixture(*parts, Preprocessing(size=32), stem, 2, views, 0, CPU, False)


def test_all_drawings_every_epoch_and_all_photographs_in_two(protocol: Protocol) -> None:
    shown = [mixture(protocol, nn.Identity(), 0)(epoch).indices for epoch in range(3)]
    assert [len(s) for s in shown] == [32, 32, 32]
    assert all(s[:24].tolist() == list(range(24)) for s in shown)
    assert sorted(torch.cat([shown[0][24:], shown[1][24:]]).tolist()) == list(range(24, 40))
    assert shown[2].tolist() == shown[0].tolist()


def test_views_are_kept_behind_frozen_stages_and_fresh_without(protocol: Protocol) -> None:
    rows = torch.tensor([0, 30, 5])
    kept = mixture(protocol, nn.AvgPool2d(4), 2)
    assert kept(0).get(rows).shape == (3, 3, 8, 8)
    torch.testing.assert_close(kept(2).get(rows), kept(0).get(rows))
    assert not torch.equal(kept(1).get(rows)[0], kept(0).get(rows)[0])
    fresh = mixture(protocol, nn.Identity(), 2)
    assert not torch.equal(fresh(0).get(rows), fresh(2).get(rows))
    torch.testing.assert_close(fresh(2).get(rows), mixture(protocol, nn.Identity(), 2)(2).get(rows))


def test_what_half_precision_does_not_hold_is_kept_in_single(protocol: Protocol) -> None:
    loud = nn.Conv2d(3, 1, 1)
    nn.init.constant_(loud.weight, 1e6)
    shown = mixture(protocol, loud, 2)(0).get(torch.tensor([0, 30]))
    assert shown.dtype == torch.float32
    assert shown.isfinite().all()


@pytest.mark.parametrize("stages", [0, 1])
def test_a_stopped_training_goes_on_as_if_unbroken(protocol: Protocol, tmp_path: Path, stages: int) -> None:
    settings = replace(SETTINGS, frozen_stages=stages)
    whole = train(settings, tmp_path / "whole", protocol)

    class StoppedError(Exception):
        pass

    def stop(progress: object) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        train(settings, tmp_path / "parts", protocol, stop)
    resumed = train(settings, tmp_path / "parts", protocol)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert NestedHashModel.from_pretrained(tmp_path / "parts").config.classes == protocol.classes


def test_refuses(protocol: Protocol, tmp_path: Path) -> None:
    plain = replace(protocol, train=replace(protocol.train, levels=None))
    with pytest.raises(
        ValueError, match="`levels` must be 0 for 'emoji', which has labels at one level alone"
    ):
        train(SETTINGS, tmp_path / "plain", plain)
    with pytest.raises(
        ValueError, match="`level_weights` must name levels of the data, group, class, instance, but"
    ):
        train(replace(SETTINGS, level_weights={"kind": [1] * 5}), tmp_path / "kind", protocol)
    with pytest.raises(ValueError, match="`levels` must be above 0 with the loss 'none' but got 0"):
        Settings(loss="none")
    with pytest.raises(ValueError, match=r"`mixup_alpha` must be 0 with `levels` but got 0.2"):
        Settings(levels=1.0)


def test_levels_that_are_no_hierarchy_are_refused_before_any_work(protocol: Protocol, tmp_path: Path) -> None:
    assert protocol.train.levels is not None
    levels = protocol.train.levels.copy()
    levels[0, 0] = 1
    crossed = replace(protocol, train=replace(protocol.train, levels=levels))
    with pytest.raises(ValueError, match="must be a hierarchy, but class 0 lies in group 0 and 1"):
        train(SETTINGS, tmp_path, crossed)


def test_a_start_from_a_checkpoint_goes_on_where_its_codes_are(protocol: Protocol, tmp_path: Path) -> None:
    """With random directions the first loss would be that of a network that knows nothing."""
    learnt = replace(SETTINGS, epochs=12)
    losses: list[tuple[float, ...]] = []
    train(learnt, tmp_path / "first", protocol, report=lambda progress: losses.append(progress.losses))
    again = replace(SETTINGS, start=str(tmp_path / "first"), epochs=1, head_lr=0.0, backbone_lr=0.0)
    train(again, tmp_path / "second", protocol, report=lambda progress: losses.append(progress.losses))
    first, last, gone_on = losses[0][-1], losses[-2][-1], losses[-1][-1]
    assert gone_on < (first + last) / 2


def test_photographs_are_held_back_too_and_do_not_teach_the_drawings_that_are(protocol: Protocol) -> None:
    """What a photograph shows would else be learnt of an emoji that is to be new."""
    assert protocol.photographs is not None
    found = parts(replace(SETTINGS, validation_fraction=0.34), protocol)
    drawn, shown = found.queries
    assert found.photographs is not None
    assert found.database is not None
    assert set(shown.sources) | set(found.photographs.sources) == set(protocol.photographs.train.sources)
    assert not set(shown.sources) & set(found.photographs.sources)
    assert set(found.database.sources) == set(found.learn.sources)
    assert drawn.levels is not None
    assert found.photographs.levels is not None
    assert not np.isin(found.photographs.levels[:, 2], drawn.levels[:, 2]).any()
    assert (found.photographs.levels[:, 2] == -1).any()
    assert (found.photographs.levels[:, :2] >= 0).all()


def test_the_best_epoch_is_chosen_by_drawings_and_photographs(protocol: Protocol, tmp_path: Path) -> None:
    settings = replace(SETTINGS, validation_fraction=0.34, validate_every=1, epochs=1)
    scores: list[float | None] = []
    train(settings, tmp_path, protocol, report=lambda now: scores.append(now.validation))
    assert scores[0] is not None
    assert 0 < scores[0] <= 1
