"""Networks in other programs' files give the same codes, or are not written."""

from pathlib import Path

import numpy as np
import pytest
from drawings import COLOURS, draw

from nhl.codes import pack
from nhl.model import export
from nhl.model.export import export_model, random_pictures
from nhl.model.network import NestedHashModel

PICTURES = [draw(colour, n) for colour in COLOURS for n in range(8)]


def assert_exported(path: Path, checkpoint: Path) -> None:
    """What another program does with the file, against the model."""
    import openvino

    model = NestedHashModel.from_pretrained(checkpoint)
    pixels = np.stack([np.asarray(model.config.preprocessing.square(image)) for image in PICTURES])
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert compiled.input("pixels").get_partial_shape().rank.get_length() == 4
    together = compiled({"pixels": pixels})["outputs"]
    alone = compiled({"pixels": pixels[:1]})["outputs"]
    np.testing.assert_allclose(alone[0], together[0], rtol=1e-3, atol=1e-3)
    wrong = np.unpackbits(pack(together) ^ model.encode(PICTURES)).mean()
    assert wrong <= 0.001


def test_openvino(tiny_checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "model.xml"
    check = export_model(tiny_checkpoint, path, PICTURES)
    assert check.equal >= 0.999
    assert check.pictures == len(PICTURES)
    assert "of the bits of 32 pictures are equal" in str(check)
    assert sorted(file.name for file in path.parent.iterdir()) == ["model.bin", "model.xml"]
    assert_exported(path, tiny_checkpoint)


def test_onnx(tiny_checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    check = export_model(tiny_checkpoint, tmp_path / "model.onnx")
    assert check.equal >= 0.999
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    assert_exported(tmp_path / "model.onnx", tiny_checkpoint)


def test_without_the_package_onnx(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ModuleNotFoundError, match="an ONNX file needs the package onnx: `pip install onnx`"):
        export_model(tiny_checkpoint, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("sign", "share"), [(-1.0, "0.0000%"), (float("nan"), "of the bits")])
def test_other_codes_are_not_written(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: float, share: str
) -> None:
    run = export._run
    monkeypatch.setattr(export, "_run", lambda path, pixels: sign * run(path, pixels))
    with pytest.raises(ValueError, match=rf"model\.xml was not written because its codes differ .*{share}"):
        export_model(tiny_checkpoint, tmp_path / "model.xml", PICTURES)
    assert not list(tmp_path.iterdir())


def test_bad_arguments(tiny_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`to` must end on \.onnx or \.xml but got 'model\.pt'"):
        export_model(tiny_checkpoint, tmp_path / "model.pt")
    with pytest.raises(ValueError, match="`pictures` must hold at least one picture but is empty"):
        export_model(tiny_checkpoint, tmp_path / "model.xml", [])


def test_random_pictures_are_the_same_every_time() -> None:
    assert [np.asarray(a).sum() for a in random_pictures(3)] == [
        np.asarray(a).sum() for a in random_pictures(3)
    ]
