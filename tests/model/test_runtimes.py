import tempfile
from pathlib import Path

import pytest
import torch

from nhl.model import runtimes
from nhl.model.runtimes import cache_folders, fastest_runtime


@pytest.mark.parametrize(
    ("gpu", "openvino", "expected"),
    [(True, True, "torch"), (False, True, "openvino"), (False, False, "torch")],
)
def test_the_fastest_runtime_at_hand(
    gpu: bool, openvino: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtimes, "which", lambda _: "/usr/bin/nvidia-smi")  # a driver does not make a GPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(runtimes, "find_spec", lambda _: openvino or None)
    assert fastest_runtime() == expected


def test_cache_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NHL_CACHE", "/chosen")
    assert list(cache_folders()) == [Path("/chosen")]
    monkeypatch.delenv("NHL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/cache")
    assert list(cache_folders()) == [Path("/home/cache/nhl"), Path(tempfile.gettempdir()) / "nhl"]
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr("sys.platform", "linux")
    assert next(cache_folders()) == Path("/home/me/.cache/nhl")
