"""Numbers that half precision does not hold: the codes stay as they were; NaN and infinity are refused by their file."""

import json
import re
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from drawings import COLOURS, draw, encoded
from hostile.served import client, search
from hostile.weights import NO_NUMBERS, SCALES, broken, scaled

from app.__main__ import main as serve
from nhl.__main__ import main
from nhl.codes import pack
from nhl.gallery import Gallery
from nhl.model.checkpoint import CheckpointError
from nhl.model.encode import Encoder

Capture = pytest.CaptureFixture[str]
SENTENCE = r"error: .*model\.safetensors holds NaN or infinity in `layer\.linear\.bias`: [^\n]+\n"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number, colour in enumerate(COLOURS):
        draw(colour, number).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_the_codes_stay_as_they_were(
    photos: Path, tiny_checkpoint: Path, tmp_path: Path, capsys: Capture, scale: float
) -> None:
    folder = scaled(tiny_checkpoint, tmp_path / "model", scale)
    files = sorted(photos.iterdir())
    wanted = Encoder(tiny_checkpoint).encode(files)
    np.testing.assert_array_equal(Encoder(folder).encode(files), wanted)

    path = tmp_path / "my.db"
    assert main(["gallery", "add", str(photos), "--to", str(path), "--checkpoint", str(folder)]) == 0
    with closing(Gallery(path)) as gallery:
        np.testing.assert_array_equal(gallery.codes(gallery.meta["model"])[1], wanted)

    found = []
    for model in (tiny_checkpoint, folder):
        capsys.readouterr()
        assert (
            main(["search", str(model / "gallery.db"), str(files[0]), "--checkpoint", str(model), "--json"])
            == 0
        )
        found.append(json.loads(capsys.readouterr().out)["results"])
        event, content = search(client(model), encoded(draw("red", 5)))
        assert event == "complete"
        found.append([(one["id"], one["distance"]) for one in content[0]["results"]])
    assert found[:2] == found[2:]


@pytest.mark.parametrize("value", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_no_numbers_are_refused_by_their_file(
    photos: Path, tiny_checkpoint: Path, tmp_path: Path, capsys: Capture, value: float
) -> None:
    folder = broken(tiny_checkpoint, tmp_path / "model", value)
    for runtime in ("openvino", "torch"):
        with pytest.raises(CheckpointError, match="holds NaN or infinity in"):
            Encoder(folder, runtime)
    copy, query, out = shutil.copytree(folder, tmp_path / "copy"), photos / "0.png", tmp_path / "out"
    for command in (
        ["gallery", "add", photos, "--to", tmp_path / "my.db", "--checkpoint", folder],
        ["search", folder / "gallery.db", query, "--checkpoint", folder],
        ["average", folder, copy, "--to", out],
        ["export", "--checkpoint", folder, "--to", tmp_path / "out.xml"],
        ["evaluate", "--checkpoint", folder, "--data", f"emoji:{folder / 'gallery.db'}"],
    ):
        capsys.readouterr()
        assert main([str(part) for part in command]) == 2, command
        assert re.fullmatch(SENTENCE, capsys.readouterr().err), command
    assert not out.exists()
    assert serve(["--checkpoint", str(folder), "--port", "0"]) == 2
    assert re.search(SENTENCE.removeprefix("error: "), capsys.readouterr().err)


@pytest.mark.parametrize("value", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_codes_are_of_numbers(value: float) -> None:
    outputs = np.ones((2, 8), np.float16)
    outputs[1] = -value
    if np.isnan(value):
        with pytest.raises(ValueError, match="`outputs` must be numbers but holds NaN"):
            pack(outputs)
    else:
        assert pack(outputs).tolist() == [[255], [0]]  # too large a number has a sign none the less
