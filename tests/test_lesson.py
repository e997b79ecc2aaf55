"""The lesson runs from its first cell to its last, and shows the figures of the page."""

import re
from pathlib import Path

import pytest

from nhl.model.checkpoint import read_evaluation
from nhl.model.shipped import shipped

LESSON = Path(__file__).parents[1] / "docs" / "lesson.ipynb"

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("matplotlib")


def printed(notebook: object) -> str:
    """What the cells print."""
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ())]  # type: ignore[attr-defined]
    return "".join(out.text for out in outputs if out.output_type == "stream" and out.name == "stdout")


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(LESSON, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_it_takes_twenty_minutes() -> None:
    notebook = nbformat.read(LESSON, as_version=4)
    minutes = re.findall(
        r"^## .*\((\d+) minutes\)", "\n".join(c.source for c in notebook.cells), re.MULTILINE
    )
    assert sum(map(int, minutes)) == 20


def test_the_lesson_runs_and_shows_the_figures_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(LESSON.parents[1]))
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(LESSON, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = printed(notebook)
    shown = {
        int(bits): float(value)
        for bits, value in re.findall(r"^ *(\d+) bits, .*: (0\.\d{4})$", said, re.MULTILINE)
    }
    stored = read_evaluation(shipped())
    assert stored is not None
    assert shown == {
        int(length): pytest.approx(scores["map"], abs=1e-3) for length, scores in stored["lengths"].items()
    }
    assert "as on the page: True" in said
    assert "24 added, 0 changed, 0 unchanged" in said
    assert "again: 0 added, 0 changed, 24 unchanged" in said
    assert re.search(r"^  0 of 32 bits differ: \w", said, re.MULTILINE)
    pictures = [
        out
        for cell in notebook.cells
        for out in cell.get("outputs", ())
        if "image/png" in out.get("data", {})
    ]
    assert len(pictures) == 3  # the curve and two searches
