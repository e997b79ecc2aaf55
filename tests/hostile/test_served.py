"""What the tests of hostile input watch is itself watched."""

import tempfile
from pathlib import Path

import pytest
from hostile.served import watched


def test_uploads_may_lie_outside_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("temporary", "uploads", "temporary-not"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with watched() as written:
        for name in ("temporary", "uploads", "temporary-not"):
            (tmp_path / name / "file").write_bytes(b"new")
    assert written == [str(tmp_path / "temporary-not" / "file")]
