"""The front door of the library."""

import subprocess
import sys

import pytest

import nhl


@pytest.mark.parametrize("name", nhl.__all__)
def test_public_names_are_there(name: str) -> None:
    found = getattr(nhl, name)
    assert isinstance(found, dict) or found.__name__ == name


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(
        AttributeError,
        match="no attribute 'NestedHashlayer'; choose from LOSSES, WEIGHTINGS, Encoder, Gallery",
    ):
        nhl.NestedHashlayer  # noqa: B018


def test_searching_needs_no_torch() -> None:
    code = "import sys, nhl; nhl.NestedIndex, nhl.Gallery; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
