"""The story: train on tiny pictures, save, load, index, search finds the class. And resume, and refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nhl import train as training
from nhl.codes import LENGTHS
from nhl.data import Protocol, load_protocol
from nhl.data.protocols import gallery_protocol
from nhl.evaluate import evaluate, table
from nhl.index import NestedIndex
from nhl.model import NestedHashModel
from nhl.settings import Settings

TINY = Settings(
    backbone="test_efficientnet.r160_in1k",
    pretrained=False,
    size=32,
    frozen_stages=1,
    views=2,
    epochs=4,
    batch_size=16,
    average=0.5,
    validate_every=2,
    validation=0.2,
)


@pytest.fixture(scope="module")
def protocol(tiny_gallery: Path) -> Protocol:
    return gallery_protocol(tiny_gallery)


def weights(model: NestedHashModel) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_story(protocol: Protocol, tmp_path: Path) -> None:
    settings = replace(TINY, epochs=25, frozen_stages=0, validation=0.0, warmup=2.0)
    training.train(settings, tmp_path, protocol)
    model = NestedHashModel.from_pretrained(tmp_path)
    index = NestedIndex(model.encode(protocol.database.sources))
    queries = model.encode(protocol.query.sources)
    for length in LENGTHS:
        _, ids = index.search(queries, length, 5)
        right = protocol.database.labels[ids] == protocol.query.labels[:, None]
        assert right.mean() > 0.6  # chance is 0.25
    found = evaluate(tmp_path, protocol)
    assert found["mean_map"] > 0.6
    assert list(found["lengths"]) == [str(length) for length in LENGTHS]
    assert "mean mAP" in table(found)


class Killed(BaseException):
    pass


@pytest.mark.parametrize("weighting", ["nhl", "equal"])
def test_a_killed_run_goes_on_to_the_same_result(protocol: Protocol, tmp_path: Path, weighting: str) -> None:
    settings = replace(TINY, weighting=weighting, mixup=0.4)
    unbroken = training.train(settings, tmp_path / "unbroken", protocol)

    def kill(now: training.Progress) -> None:
        if now.epoch == 3:
            raise Killed

    with pytest.raises(Killed):
        training.train(settings, tmp_path / "broken", protocol, report=kill)
    resumed_epochs: list[int] = []
    resumed = training.train(
        settings, tmp_path / "broken", protocol, report=lambda now: resumed_epochs.append(now.epoch)
    )
    assert resumed_epochs == [4]
    assert torch.equal(weights(resumed), weights(unbroken))
    assert len((tmp_path / "broken" / "log.csv").read_text().splitlines()) == 5
    assert not (tmp_path / "broken" / "state.pt").exists()


def test_a_stopped_run_is_not_continued_with_other_settings(protocol: Protocol, tmp_path: Path) -> None:
    def kill(now: training.Progress) -> None:
        raise Killed

    with pytest.raises(Killed):
        training.train(TINY, tmp_path, protocol, report=kill)
    with pytest.raises(ValueError, match="holds a run with other settings"):
        training.train(replace(TINY, seed=1), tmp_path, protocol)


def test_a_loss_that_is_not_finite_stops_and_says_where(protocol: Protocol, tmp_path: Path) -> None:
    settings = replace(TINY, constants={"scale": float("inf")})
    with pytest.raises(FloatingPointError, match="not finite at epoch 1, step 1, 8 bits"):
        training.train(settings, tmp_path, protocol)


def test_seeds_decide(protocol: Protocol, tmp_path: Path) -> None:
    one_epoch = replace(TINY, epochs=1)
    first = weights(training.train(one_epoch, tmp_path / "a", protocol))
    assert torch.equal(first, weights(training.train(one_epoch, tmp_path / "b", protocol)))
    assert not torch.equal(
        first, weights(training.train(replace(one_epoch, seed=1), tmp_path / "c", protocol))
    )


def test_validation_keeps_whole_groups_of_every_class_back(protocol: Protocol) -> None:
    pictures = replace(protocol.train, groups=np.arange(len(protocol.train)) // 3)
    learn, held_back = pictures.split(0.2, seed=0)
    assert len(learn) + len(held_back) == len(pictures)
    assert not set(learn.groups) & set(held_back.groups)
    assert set(held_back.labels) == set(pictures.labels)


def test_settings_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`epochs` must be at least 1 but got 0"):
        Settings(epochs=0)
    with pytest.raises(ValueError, match=r"`validation` must be at least 0 and below 1 but got 1\.0"):
        Settings(validation=1.0)
    (tmp_path / "settings.json").write_text('{"epoch": 3}')
    with pytest.raises(ValueError, match="unknown setting 'epoch'"):
        Settings.load(tmp_path / "settings.json")
    with pytest.raises(ValueError, match="unknown data set 'emojis'; choose from emoji"):
        load_protocol("emojis")
