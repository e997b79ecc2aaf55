"""The command that opens the page."""

from pathlib import Path

import pytest

from nhl.__main__ import main
from nhl.commands import page


def test_it_is_the_page_of_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import sys; sys.exit(7)")
    monkeypatch.setattr(page, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="7"):
        main(["page"])


def test_without_a_checkout_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page, "ROOT", tmp_path)
    assert main(["page"]) == 2
    assert "get the repository, and in its folder give `pip install -r" in capsys.readouterr().err
