"""The one version of Gradio that the server's patches fit."""

from pathlib import Path

import gradio as gr
import pytest

from app.server.patches import GRADIO, patch


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gr, "__version__", "7.0.0")
    with pytest.raises(
        ImportError, match=r"`gradio` must be 6.31.0, .* but is 7.0.0: pip install gradio==6.31.0"
    ):
        patch(gr.Blocks(), "page", lambda *_: None)


def test_it_is_the_version_that_is_pinned() -> None:
    requirements = (Path(__file__).parents[3] / "requirements.txt").read_text().splitlines()
    assert f"gradio=={GRADIO}" in requirements
