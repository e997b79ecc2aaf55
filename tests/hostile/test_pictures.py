"""Hostile pictures: each gives the right pixels or one sentence, in little memory, and writes nothing anywhere."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
from drawings import draw, encoded
from hostile.archives import ARCHIVES
from hostile.cases import BYTE_NAMES, NAMES, Case
from hostile.pictures import PICTURES, one_of_each
from hostile.served import SENTENCE, client, search, watched
from hostile.wrong_json import BODIES, JUNK
from PIL import Image

from app.service.own_pictures import read_picture
from nhl.images import ImageError

ROOT = Path(__file__).parents[2]
HEAVIEST = """
import resource, sys
from io import BytesIO
from PIL import Image
from app.service.own_pictures import read_picture
from nhl.images import ImageError
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
for path in sys.argv[1:]:
    try:
        read_picture(path)
    except ImageError as error:
        print(error)
print(peak() - before)
"""


@pytest.fixture(scope="module")
def page(tiny_checkpoint: Path) -> httpx.Client:
    return client(tiny_checkpoint)


def test_there_are_at_least_two_hundred() -> None:
    assert len(PICTURES) >= 200
    assert len(PICTURES) + len(ARCHIVES) + len(NAMES) + len(BODIES) + len(JUNK) >= 300


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.filterwarnings("ignore")
def test_right_pixels_or_a_sentence(name: str) -> None:
    case = PICTURES[name]
    with watched() as written:
        check(case)
    assert written == []


def check(case: Case) -> None:
    try:
        image = read_picture(case.make())
    except ImageError as error:
        said = str(error)
        assert case.sentence, said
        assert re.search(case.sentence, said)
        assert re.match(SENTENCE, said)
        return
    assert image.mode == "RGB"
    assert max(image.size) <= 512
    assert case.pixels or not (case.sentence or "").startswith("^"), "it should have been refused"
    if case.pixels:
        assert image.size == case.pixels.size
        difference = np.abs(np.asarray(image, int) - np.asarray(case.pixels.convert("RGB"), int))
        assert difference.mean() <= case.tolerance


@pytest.mark.filterwarnings("ignore")
def test_over_http_it_is_the_same(page: httpx.Client, capfd: pytest.CaptureFixture[str]) -> None:
    with watched() as written:
        for name, case in one_of_each().items():
            event, content = search(page, case.make())
            if event == "error":
                assert case.sentence, name
                assert re.search(case.sentence, content["error"]), name
            else:
                assert event == "complete", name
                assert len(content[0]["results"]) == 3
    assert written == []
    assert "Traceback" not in capfd.readouterr().err
    assert search(page, encoded(draw("red", 1)))[0] == "complete"


def test_names_lead_nowhere(page: httpx.Client) -> None:
    picture = encoded(draw("red", 1))
    with watched() as written:
        for kind, name in {**NAMES, **BYTE_NAMES}.items():
            assert search(page, picture, name)[0] == "complete", kind
    assert written == []


def test_the_heaviest_stay_far_below_a_gigabyte(tmp_path: Path) -> None:
    clear, deep = Image.new("RGBA", (5000, 5000)), Image.new("F", (5000, 5000))
    clear.save(tmp_path / "a.webp", lossless=True, method=0)
    deep.save(tmp_path / "b.tiff", compression="tiff_deflate")
    Image.new("1", (10_000, 10_000)).save(tmp_path / "c.png")
    Image.new("RGB", (8160, 6120)).save(tmp_path / "d.jpg", progressive=True, subsampling=0)
    Image.new("RGB", (11_000, 9_000)).save(tmp_path / "e.jpg")
    command = [sys.executable, "-c", HEAVIEST, *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    sentence, megabytes = done.stdout.splitlines()
    assert sentence == "The image has too many pixels (100 million); at most 25 million are accepted."
    assert int(megabytes) < 500
    assert done.stderr == ""  # no warning of Pillow's either
