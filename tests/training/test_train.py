"""The story: train on tiny pictures, save, load, index, search finds the class. And resume, and refusals."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nhl.codes import LENGTHS
from nhl.data import Protocol, load_protocol
from nhl.data.augmentation import AUGMENTATIONS
from nhl.data.protocols import gallery_protocol
from nhl.evaluation.evaluate import evaluate, table
from nhl.index import NestedIndex
from nhl.losses import LOSSES
from nhl.model.network import NestedHashModel
from nhl.training import train as training
from nhl.training.settings import CHOICES, NONE, REAL, WHOLE, WITH_BANK, Settings
from nhl.training.trainer import Trainer
from nhl.weighting import WEIGHTINGS

TINY = Settings(
    backbone="test_efficientnet.r160_in1k",
    pretrained=False,
    size=32,
    frozen_stages=1,
    views=2,
    epochs=4,
    batch_size=16,
    ema_decay=0.5,
    validate_every=2,
    validation_fraction=0.2,
)


@pytest.fixture(scope="module")
def protocol(tiny_gallery: Path) -> Protocol:
    return gallery_protocol(tiny_gallery)


def weights(model: NestedHashModel) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()]).cpu()


def test_story(protocol: Protocol, tmp_path: Path) -> None:
    settings = replace(TINY, epochs=25, frozen_stages=0, validation_fraction=0.0, warmup=2.0)
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


def test_starts_from_a_checkpoint(protocol: Protocol, tmp_path: Path) -> None:
    first = training.train(replace(TINY, epochs=1), tmp_path / "first", protocol)
    still = replace(TINY, epochs=1, start=str(tmp_path / "first"), head_lr=0.0, backbone_lr=0.0, seed=1)
    again = training.train(still, tmp_path / "again", protocol)
    torch.testing.assert_close(
        weights(again), weights(first), rtol=1e-3, atol=1e-3
    )  # stored in half precision
    shorter = training.train(replace(still, lengths=(8,)), tmp_path / "shorter", protocol)
    assert shorter.layer.lengths == (8,)
    with pytest.raises(
        ValueError, match=r"`start` must be a checkpoint of tf_efficientnet_lite0, but .* is one of"
    ):
        training.train(replace(still, backbone="tf_efficientnet_lite0"), tmp_path / "other", protocol)


def test_a_model_may_be_given_other_pictures_than_it_learnt_from(protocol: Protocol, tmp_path: Path) -> None:
    small, large = replace(TINY, epochs=1), replace(TINY, epochs=1, eval_size=48, flip_tta=True)
    scores: list[float | None] = []

    def train(settings: Settings) -> NestedHashModel:
        return training.train(
            settings,
            tmp_path / str(settings.eval_size),
            protocol,
            lambda now: scores.append(now.validation),
        )

    assert torch.equal(weights(train(small)), weights(train(large)))  # what is learnt is the same
    assert scores[0] != scores[1]  # what is encoded is not
    plain, other = (NestedHashModel.from_pretrained(tmp_path / name).config for name in ("0", "48"))
    assert (plain.preprocessing.size, plain.mirror) == (32, False)
    assert (other.preprocessing.size, other.mirror) == (48, True)


class Killed(BaseException):
    pass


@pytest.mark.parametrize(
    "changes",
    [
        {"weighting": "nhl", "mixup_alpha": 0.4},
        {"weighting": "static", "weighting_constants": {"weights": [1, 2, 3, 4, 5]}},
        {"weighting": "uncertainty"},
        {"weighting": "gradnorm"},
        {"weighting": "pcgrad"},
        {"loss": "dsh"},  # a memory bank
        {"loss": "mdsh", "constants": {"pairs_from": 2}},  # momentum codes, and a term that joins later
        {"loss": "greedyhash"},  # a classifier that learns
        {"loss": "hashnet"},  # changes with the epoch
        {"precision": "bfloat16"},
        {"instances": 0.5, "mixup_alpha": 0.4},  # directions that learn
        {"central": 1.0, "mixup_alpha": 0.4},
        {"views": 0, "augment": "trivial"},  # a new view every epoch
    ],
    ids=lambda changes: next(iter(changes.values())),
)
def test_a_killed_run_goes_on_to_the_same_result(
    protocol: Protocol, tmp_path: Path, changes: dict[str, Any]
) -> None:
    settings = replace(TINY, **{"mixup_alpha": 0.0, **changes})
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


def test_a_checkpoint_is_there_before_the_first_epoch_ends(
    protocol: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be used, it changes nothing of the run, and the folder is not taken for a finished one."""
    settings = replace(TINY, mixup_alpha=0.0, epochs=2, validation_fraction=0.0)
    unbroken = training.train(settings, tmp_path / "unbroken", protocol)
    monkeypatch.setattr(training, "KEEP_EVERY", 0.0)

    def kill(done: int, total: int) -> None:
        if done == 3:
            raise Killed

    with pytest.raises(Killed):
        training.train(settings, tmp_path / "broken", protocol, step=kill)
    early = NestedHashModel.from_pretrained(tmp_path / "broken")
    assert early.encode(protocol.query.sources[:1]).shape == (1, 16)
    resumed = training.train(settings, tmp_path / "broken", protocol)
    assert torch.equal(weights(resumed), weights(unbroken))
    assert not torch.equal(weights(early), weights(resumed))


def test_a_precision_that_this_processor_lacks_is_said(
    protocol: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    with pytest.warns(UserWarning, match="`precision` bfloat16 is slow on this processor"):
        training.train(replace(TINY, precision="bfloat16", epochs=1), tmp_path, protocol, device="cpu")


def test_a_stopped_run_is_not_continued_with_other_settings(protocol: Protocol, tmp_path: Path) -> None:
    def kill(now: training.Progress) -> None:
        raise Killed

    with pytest.raises(Killed):
        training.train(TINY, tmp_path, protocol, report=kill)
    with pytest.raises(ValueError, match="holds a run with other settings"):
        training.train(replace(TINY, seed=1), tmp_path, protocol)


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_state_is_named(protocol: Protocol, tmp_path: Path, damage: str) -> None:
    def kill(now: training.Progress) -> None:
        raise Killed

    with pytest.raises(Killed):
        training.train(TINY, tmp_path, protocol, report=kill)
    state = bytearray((tmp_path / "state.pt").read_bytes())
    state[len(state) // 2] ^= 1
    damaged = {"cut": state[: len(state) // 2], "flipped": state, "emptied": b""}[damage]
    (tmp_path / "state.pt").write_bytes(damaged)
    with pytest.raises(ValueError, match=r"state\.pt is damaged \(.*\): delete it to restart the run"):
        training.train(TINY, tmp_path, protocol)
    assert (tmp_path / "state.pt").read_bytes() == damaged


def test_a_loss_that_is_not_finite_stops_and_says_where(protocol: Protocol, tmp_path: Path) -> None:
    settings = replace(TINY, constants={"scale": 1e300})
    with pytest.raises(FloatingPointError, match="not finite at epoch 1, step 1, 8 bits"):
        training.train(settings, tmp_path, protocol)


def test_a_loss_that_is_not_finite_leaves_the_last_good_checkpoint(
    protocol: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Trainer.epoch

    def break_third(self: Trainer, epoch: int, step: Any) -> Any:
        if epoch == 2:
            raise FloatingPointError("the loss is not finite at epoch 3, step 1, 8 bits")
        return whole(self, epoch, step)

    monkeypatch.setattr(Trainer, "epoch", break_third)
    with pytest.raises(FloatingPointError, match="epoch 3"):
        training.train(replace(TINY, epochs=4, validation_fraction=0.0), tmp_path / "bad", protocol)
    state = torch.load(tmp_path / "bad" / "state.pt", map_location="cpu", weights_only=True)
    assert state["epoch"] == 2
    kept = NestedHashModel.from_pretrained(tmp_path / "bad").layer.linear.weight
    average = state["run"]["average"]["module.1.linear.weight"]
    assert torch.allclose(kept, average.half().float())


def test_learning_needs_the_objective_and_all_parts_of_it(protocol: Protocol, tmp_path: Path) -> None:
    """GreedyHash's classifier learns: with it frozen, the loss stays higher."""
    settings = replace(TINY, loss="greedyhash", mixup_alpha=0.0, epochs=3, validation_fraction=0.0)
    losses: list[float] = []
    training.train(settings, tmp_path, protocol, report=lambda now: losses.append(now.loss))
    assert losses[-1] < losses[0]
    log = (tmp_path / "log.csv").read_text().splitlines()
    assert log[0].startswith("epoch,seconds,validation_map,loss_8,loss_16")
    assert len(log[1].split(",")) == 3 + 2 * len(LENGTHS)


def test_new_pictures_are_searched_in_validation_where_the_database_is_new(
    protocol: Protocol, tmp_path: Path
) -> None:
    """Training pictures lie close to their centres: they tell little of pictures that were not learnt."""
    learnt = training._Session(TINY, protocol, torch.device("cpu"))
    (query,), searched = learnt.queries, learnt.searched
    assert searched is not None
    assert set(searched.pictures.sources) < set(protocol.train.sources)
    new = training._Session(TINY, replace(protocol, database=protocol.query), torch.device("cpu"))
    assert new.searched is not None
    halves = [set(views.pictures.sources) for views in (*new.queries, new.searched)]
    assert halves[0] | halves[1] == set(query.pictures.sources)
    assert not halves[0] & halves[1]


def test_all_stages_may_be_frozen(protocol: Protocol, tmp_path: Path) -> None:
    settings = replace(TINY, frozen_stages=5, epochs=1)
    model = training.train(settings, tmp_path, protocol)
    torch.manual_seed(settings.seed)
    untrained = training._Session(settings, protocol, torch.device("cpu")).model
    assert torch.equal(weights(model.backbone), weights(untrained.backbone))
    assert not torch.equal(weights(model.layer), weights(untrained.layer))


def test_tensorboard(protocol: Protocol, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from nhl.training.tensorboard import TensorBoard

    training.train(TINY, tmp_path, protocol, report=TensorBoard(tmp_path, LENGTHS))
    log = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in log.Scalars("loss/8 bits")] == [1, 2, 3, 4]
    assert [event.step for event in log.Scalars("validation mAP")] == [2, 4]


def test_tensorboard_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nhl.training.tensorboard import TensorBoard

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ModuleNotFoundError, match="needs the package tensorboard: pip install tensorboard"):
        TensorBoard(tmp_path, LENGTHS)


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


def test_instances_need_data_that_know_them(protocol: Protocol, tmp_path: Path) -> None:
    unknown = replace(protocol, train=replace(protocol.train, groups=None))
    with pytest.raises(
        ValueError, match=r"`instances` must be 0 for 'emoji', which does not .* but got 0\.5"
    ):
        training.train(replace(TINY, instances=0.5), tmp_path, unknown)


def test_a_run_does_not_go_on_with_other_data(protocol: Protocol, tmp_path: Path) -> None:
    def kill(now: training.Progress) -> None:
        raise Killed

    with pytest.raises(Killed):
        training.train(TINY, tmp_path, protocol, report=kill)
    renamed = replace(protocol, train=replace(protocol.train, labels=protocol.train.labels[::-1].copy()))
    with pytest.raises(ValueError, match="trained on other pictures, labels or first weights than 'emoji'"):
        training.train(TINY, tmp_path, renamed)
    training.train(TINY, tmp_path, protocol)  # of the same it goes on


def test_a_finished_checkpoint_is_not_trained_over(protocol: Protocol, tmp_path: Path) -> None:
    training.train(replace(TINY, epochs=1), tmp_path, protocol)
    kept = (tmp_path / "model.safetensors").read_bytes()
    with pytest.raises(ValueError, match="holds a finished checkpoint: name another, or delete it"):
        training.train(replace(TINY, epochs=2), tmp_path, protocol)
    assert (tmp_path / "model.safetensors").read_bytes() == kept


def test_too_few_pictures_are_refused_before_any_work(protocol: Protocol, tmp_path: Path) -> None:
    few = replace(protocol, train=protocol.train.subset(np.arange(len(protocol.train))[::20]))
    with pytest.raises(ValueError, match=r"`validation_fraction` 0\.05 of each class rounds to no picture"):
        training.train(replace(TINY, validation_fraction=0.05), tmp_path, few)
    one = replace(protocol, train=protocol.train.subset(np.array([0])))
    with pytest.raises(ValueError, match="`data` must have at least 2 pictures to learn from but has 1"):
        training.train(replace(TINY, validation_fraction=0), tmp_path, one)


def test_a_device_without_memory_says_what_to_lower(
    protocol: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Trainer, epoch: int, step: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Trainer, "epoch", full)
    with pytest.raises(MemoryError, match="`batch_size` 16 and `size` 32: lower one of them"):
        training.train(TINY, tmp_path, protocol)


@pytest.mark.parametrize("name", [*WHOLE, *REAL])
@pytest.mark.parametrize("value", [-1, float("nan")])
def test_numbers_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be a .*number of at least .* but got {value}"):
        Settings(**{name: value})


def test_settings_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`epochs` must be a whole number of at least 1 but got 0"):
        Settings(epochs=0)
    with pytest.raises(ValueError, match="unknown loss 'cqs'; choose from csq, dpn"):
        Settings(loss="cqs")
    with pytest.raises(ValueError, match="unknown weighting 'mean'; choose from nhl, equal"):
        Settings(weighting="mean")
    with pytest.raises(ValueError, match="`views` must be a whole number of at least 0 but got -1"):
        Settings(views=-1)
    with pytest.raises(ValueError, match="`eval_size` must be a whole number of at least 0 but got -8"):
        Settings(eval_size=-8)
    with pytest.raises(ValueError, match="`batch_size` must be a whole number of at least 2 but got 1"):
        Settings(batch_size=1)
    with pytest.raises(ValueError, match=r"`epochs` must be a whole number of at least 1 but got 1\.5"):
        Settings(epochs=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`clip_grad_norm` must be above 0 but got 0"):
        Settings(clip_grad_norm=0)
    with pytest.raises(ValueError, match="unknown fit 'squeeze'; choose from pad, crop"):
        Settings(fit="squeeze")
    with pytest.raises(ValueError, match="`levels` must be above 0 with the loss 'none' but got 0"):
        Settings(loss="none")
    with pytest.raises(ValueError, match="unknown augment 'strong'; choose from color, trivial"):
        Settings(augment="strong")
    with pytest.raises(ValueError, match="unknown precision 'half'; choose from float32, bfloat16"):
        Settings(precision="half")
    with pytest.raises(
        ValueError, match=r"`mixup_alpha` must be 0 with the memory bank of 'dsh' but got 0\.2"
    ):
        Settings(loss="dsh")
    with pytest.raises(
        ValueError, match=r"`validation_fraction` must be at least 0 and below 1 but got 1\.0"
    ):
        Settings(validation_fraction=1.0)
    (tmp_path / "settings.json").write_text('{"epoch": 3}')
    with pytest.raises(ValueError, match="unknown setting 'epoch'"):
        Settings.load(tmp_path / "settings.json")
    for text in ("{", "[3]"):
        (tmp_path / "settings.json").write_text(text)
        with pytest.raises(ValueError, match=r"settings\.json is damaged \(.*\): delete its folder"):
            Settings.load(tmp_path / "settings.json")
    with pytest.raises(ValueError, match="unknown data set 'emojis'; choose from emoji"):
        load_protocol("emojis")


def test_names_that_need_no_torch_are_those_of_the_tables() -> None:
    assert CHOICES["loss"] == (*LOSSES, NONE)
    assert CHOICES["weighting"] == tuple(WEIGHTINGS)
    assert CHOICES["augment"] == tuple(AUGMENTATIONS)
    assert set(WITH_BANK) == {name for name, loss in LOSSES.items() if loss.bank_momentum is not None}


def test_a_device_of_another_machine(protocol: Protocol, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`device` must be one of this machine but got 'xpu:99' \(.+\)$"):
        training.train(TINY, tmp_path / "run", protocol, device="xpu:99")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_a_file(protocol: Protocol, tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(ValueError, match=r"`folder` must be a folder but .*run is a file"):
        training.train(TINY, tmp_path / "run", protocol)


@pytest.mark.parametrize("row", [[1, 1], [1] * 4 + [-1], "11111", 3, [1] * 4 + ["1"]])
def test_weights_of_a_level_are_one_for_each_length(row: Any) -> None:
    with pytest.raises(ValueError, match="`level_weights` must be 5 numbers from 0 a level"):
        Settings(level_weights={"class": row})


def test_a_seed_that_torch_cannot_hold() -> None:
    with pytest.raises(ValueError, match="`seed` must be below 9223372036854775808 but got"):
        Settings(seed=1 << 63)


def test_a_full_disk_is_said_and_the_last_epoch_stays(
    protocol: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = torch.save

    def fill(state: dict[str, Any], path: Path) -> None:
        save(state, path)
        if state["epoch"] == 2:
            raise RuntimeError("PytorchStreamWriter failed writing file\nand more")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", fill)
        with pytest.raises(
            OSError, match=r"state\.pt cannot be written \(PytorchStreamWriter.*: make room and"
        ):
            training.train(TINY, tmp_path, protocol)
    assert not list(tmp_path.glob(".partial-*"))
    assert torch.load(tmp_path / "state.pt", weights_only=True)["epoch"] == 1
