"""The model that comes with the library, from any folder."""

from pathlib import Path

import pytest

from nhl.commands import gallery_file, model_folder
from nhl.gallery import Gallery
from nhl.gallery.codes import gallery_codes
from nhl.model import shipped as module
from nhl.model.checkpoint import CheckpointError, read_config
from nhl.model.shipped import shipped


def test_the_shipped_model_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    gallery = Gallery(gallery_file("emoji"))
    assert read_config(model_folder("emoji")).lengths == (8, 16, 32, 64, 128)
    assert gallery_codes(gallery, shipped()).shape == (len(gallery), 16)


def test_an_installed_package_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "emoji").mkdir()
    (tmp_path / "emoji" / "config.json").touch()
    monkeypatch.setattr(module, "PLACES", (tmp_path / "nowhere", tmp_path))
    assert shipped() == tmp_path / "emoji"


def test_a_missing_one_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "PLACES", (tmp_path / "a", tmp_path / "b"))
    with pytest.raises(
        CheckpointError, match=r"no model 'emoji' in .*a or .*b: .* install nested-hashing again"
    ):
        shipped()


def test_a_command_says_it_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from nhl.__main__ import main

    monkeypatch.setattr(module, "PLACES", (tmp_path / "a", tmp_path / "b"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["search", "emoji", "a.png"])
    assert "argument gallery: no model 'emoji' in" in capsys.readouterr().err


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("emoji").mkdir()
    assert gallery_file("emoji") == model_folder("emoji") == Path("emoji")
