import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from nhl.model import runtimes
from nhl.model.encode import Encoder
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


def test_a_torch_that_traces_no_more_is_exported(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openvino = pytest.importorskip("openvino")
    runtimes.save_graph(tiny_checkpoint, tmp_path / "traced.xml")
    monkeypatch.delattr(torch.jit, "trace")
    runtimes.save_graph(tiny_checkpoint, tmp_path / "exported.xml")
    pixels = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    traced, exported = (
        openvino.Core().compile_model(tmp_path / f"{name}.xml", "CPU", settings)(pixels)[0]
        for name in ("traced", "exported")
    )
    np.testing.assert_allclose(exported, traced, rtol=1e-4, atol=1e-5)


def test_a_lent_gpu_is_not_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """On ZeroGPU torch says that there is one, outside the functions that have it too."""
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setattr(runtimes, "which", lambda _: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(runtimes, "find_spec", lambda _: True)
    assert fastest_runtime() == "openvino"


def test_openvino_that_is_missing_is_said(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # importing it fails
    with pytest.raises(ModuleNotFoundError, match="this needs the package openvino: `pip install openvino`"):
        Encoder(tiny_checkpoint, "openvino")
