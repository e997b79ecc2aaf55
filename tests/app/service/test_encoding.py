"""Many pictures to codes, with and without a GPU that ZeroGPU lends."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawings import COLOURS, draw
from lending import lending
from numpy.typing import NDArray

from app.service import encoding
from app.service.encoding import BATCH, InBatches, OnLentGPU, gpu_outputs, new_encoding
from nhl.machine import lends_gpu
from nhl.model.encode import Encoder

ROOT = Path(__file__).parents[3]
PICTURES = [draw(colour, n).resize((90, 60)) for n in range(BATCH // 2 + 1) for colour in COLOURS]

# What the page does with a visitor's pictures, a few times.
INDEXING = """
import os, sys
sys.path[:0] = [os.getcwd(), os.path.join(os.getcwd(), "tests")]
import numpy as np
from app.service import encoding
from drawings import draw
from nhl.model.encode import Encoder

encoding.report_start()
encoder = Encoder(sys.argv[1])
assert encoder.runtime == "openvino"  # single queries wait for no GPU
for time in range(int(sys.argv[3])):
    if time == 2:  # the process that is lent a GPU computes on the processor, since there is no GPU here
        import spaces.zero
        spaces.zero.torch.init = spaces.zero.torch.move = lambda *args, **kwargs: None
    made = encoding.new_encoding(encoder)
    for n in range(20):
        made.add(draw("red", n))
    np.save(f"{sys.argv[2]}/{time}.npy", made.codes())
print(type(made).__name__, "torch" in sys.modules, "spaces" in sys.modules)
"""


def index(checkpoint: Path, to: Path, times: int, **environment: str) -> tuple[list[str], str]:
    """What a process that indexes pictures said last, and its errors; the codes are the encoder's."""
    done = subprocess.run(
        [sys.executable, "-c", INDEXING, str(checkpoint), str(to), str(times)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    wanted = Encoder(checkpoint).encode([draw("red", n) for n in range(20)])
    for time in range(times):
        found = np.load(to / f"{time}.npy")
        assert found.shape == wanted.shape
        assert (found == wanted).mean() > 0.99  # real values within rounding of zero
    return done.stdout.splitlines()[-1].split(), done.stderr


def encode(made: InBatches | OnLentGPU) -> NDArray[np.uint8]:
    for picture in PICTURES:
        made.add(picture)
    return made.codes()


def test_batches_give_what_the_encoder_gives(tiny_checkpoint: Path) -> None:
    encoder = Encoder(tiny_checkpoint)
    np.testing.assert_array_equal(encode(InBatches(encoder)), encoder.encode(PICTURES))


def test_no_pictures_are_no_codes(tiny_checkpoint: Path) -> None:
    assert InBatches(Encoder(tiny_checkpoint)).codes().shape == (0, 16)


def test_a_gpu_gets_all_pictures_at_once_and_small(tiny_checkpoint: Path) -> None:
    encoder, given = Encoder(tiny_checkpoint, "torch"), list[tuple[int, ...]]()

    def outputs(folder: str, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        given.append(pixels.shape)
        return gpu_outputs(folder, pixels)

    np.testing.assert_array_equal(encode(OnLentGPU(encoder, outputs)), encoder.encode(PICTURES))
    assert given == [(len(PICTURES), 64, 64, 3)]


def test_where_no_gpu_is_to_be_had_the_processor_encodes(
    tiny_checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(folder: str, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        raise RuntimeError("You have exceeded your quota")

    encoder = Encoder(tiny_checkpoint)
    np.testing.assert_array_equal(encode(OnLentGPU(encoder, refused)), encoder.encode(PICTURES))
    assert "no GPU was lent (You have exceeded your quota): encoded on the processor" in caplog.text


@pytest.mark.parametrize(
    ("value", "lends"), [(None, False), ("", False), ("false", False), ("true", True), ("1", True)]
)
def test_zerogpu_is_known_by_its_variable(
    value: str | None, lends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    if value is not None:
        monkeypatch.setenv("SPACES_ZERO_GPU", value)
    assert lends_gpu() is lends


def test_without_the_package_nothing_changes(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setitem(sys.modules, "spaces", None)  # importing it fails
    assert encoding._lent() is None
    assert isinstance(new_encoding(Encoder(tiny_checkpoint)), InBatches)


def test_elsewhere_the_package_is_not_even_imported(tiny_checkpoint: Path, tmp_path: Path) -> None:
    said, _ = index(tiny_checkpoint, tmp_path, 1)
    assert said == ["InBatches", "False", "False"]


@pytest.mark.skipif(sys.platform != "linux", reason="ZeroGPU is Linux, and forks")
def test_the_real_package_lends_a_gpu_for_a_visitors_pictures(tiny_checkpoint: Path, tmp_path: Path) -> None:
    """The package `spaces` itself; only the service that it asks is a stand-in: busy, then useless, then at work."""
    pytest.importorskip("spaces")
    with lending(busy=1) as lender:
        said, errors = index(tiny_checkpoint, tmp_path, 3, **lender.environment)
    assert said == ["OnLentGPU", "True", "True"]
    assert errors.count("encoded on the processor") == 2
    lent = ["/schedule", "/allow", "/release"]
    assert [path for path, _ in lender.asked] == ["/startup-report", "/schedule", *lent, *lent]
    assert [asked["fail"] for path, asked in lender.asked if path == "/release"] == ["true", "false"]
    assert lender.asked[1][1]["durationSeconds"] == str(encoding.GPU_SECONDS)
