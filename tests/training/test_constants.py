"""Constants are known without torch: each name and rule is held to what the losses and weightings take."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import pytest

from nhl.losses import LOSSES
from nhl.training.constants import NEEDED, OF_LOSSES, OF_WEIGHTINGS, Rule
from nhl.training.objective import nested_loss, weighting
from nhl.training.settings import NONE, Settings
from nhl.weighting import WEIGHTINGS

ALL = [
    *(("loss", "constants", of, name) for of, rules in OF_LOSSES.items() for name in rules),
    *(
        ("weighting", "weighting_constants", of, name)
        for of, rules in OF_WEIGHTINGS.items()
        for name in rules
    ),
]
TRIED = (
    0,
    1,
    2,
    0.5,
    20.0,
    None,
    [1, 2, 3, 4, 5],
    [0] * 5,
    [1],
    -1,
    math.inf,
    math.nan,
    "1",
    True,
    {},
    1 << 63,
)


def own(kinds: Mapping[str, Any], beside: set[str]) -> dict[str, dict[str, Any]]:
    """What each kind takes, and by default."""
    found = {name: inspect.signature(kind).parameters for name, kind in kinds.items()}
    return {
        name: {one: value.default for one, value in given.items() if one not in beside}
        for name, given in found.items()
    }


@pytest.mark.parametrize(
    ("known", "taken"),
    [
        (OF_LOSSES, own(LOSSES, {"length", "classes"})),
        (OF_WEIGHTINGS, own(WEIGHTINGS, {"count"})),
    ],
)
def test_names_and_defaults_are_those_that_are_taken(
    known: dict[str, dict[str, Rule]], taken: dict[str, dict[str, Any]]
) -> None:
    assert {of: [*rules] for of, rules in known.items()} == {of: [*names] for of, names in taken.items()}
    for of, rules in known.items():
        for name, rule in rules.items():
            assert (taken[of][name] is inspect.Parameter.empty) == (name in NEEDED)
            assert name in NEEDED or rule.holds(taken[of][name], 5)


@pytest.mark.parametrize(("setting", "constants", "of", "name"), ALL)
def test_what_holds_is_taken_and_all_else_is_refused(
    setting: str, constants: str, of: str, name: str
) -> None:
    for value in TRIED:
        given: dict[str, Any] = {setting: of, constants: {name: value}, "mixup_alpha": 0.0}
        rules = OF_LOSSES if setting == "loss" else OF_WEIGHTINGS
        if rules[of][name].holds(value, 5):
            settings = Settings(**given)
            nested_loss(settings, classes=2)
            weighting(settings)
        else:
            with pytest.raises(ValueError, match=f"^'{name}' of {of} in `{constants}` must be "):
                Settings(**given)


def test_what_none_has_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^unknown constant 'nope' of dpn in `constants`; choose from margin, seed$"
    ):
        Settings(loss="dpn", constants={"nope": 1})
    with pytest.raises(
        ValueError, match=r"^unknown constant 'beta' of equal in `weighting_constants`; there are none$"
    ):
        Settings(weighting="equal", weighting_constants={"beta": 1})
    with pytest.raises(
        ValueError, match=r"^unknown constant 'margin' of none in `constants`; there are none$"
    ):
        Settings(loss=NONE, levels=1.0, mixup_alpha=0.0, constants={"margin": 1})
    with pytest.raises(ValueError, match=r"^'weights' of static in .* not all 0, but got None$"):
        Settings(weighting="static")
