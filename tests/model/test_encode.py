import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nhl.codes import pack
from nhl.images import ImageError
from nhl.model import runtimes
from nhl.model.checkpoint import CheckpointError, Config
from nhl.model.encode import Encoder
from nhl.model.network import NestedHashModel
from nhl.model.preprocessing import Preprocessing

RNG = np.random.default_rng(0)
SHAPES = [(64, 64), (96, 50), (50, 96), (64, 1), (300, 200), (7, 7), (64, 64)]


def picture(width: int, height: int) -> Image.Image:
    coarse = RNG.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


PICTURES = [picture(*shape) for shape in SHAPES * 6]  # more than a batch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of random weights whose outputs spread round zero."""
    torch.manual_seed(0)
    settings = Preprocessing(size=64, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
    model = NestedHashModel(Config("test_efficientnet", (8, 16, 64), ("a", "b"), settings))
    torch.nn.init.normal_(model.layer.linear.weight)
    path = tmp_path_factory.mktemp("checkpoint")
    model.save_pretrained(path)
    return path


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("cache")
        patch.setenv("NHL_CACHE", str(path))
        yield path


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return Encoder(folder, "openvino")


def assert_same_codes(codes: NDArray[np.uint8], outputs: NDArray[np.float32]) -> None:
    """`codes` are the signs of `outputs`, but for outputs within rounding of zero."""
    rounding = 1e-5 * np.abs(outputs).max()
    flipped = np.unpackbits(codes ^ pack(outputs), axis=1).astype(bool)
    assert (np.abs(outputs[flipped]) < rounding).all()
    assert flipped.mean() < 0.001


@pytest.mark.parametrize("runtime", runtimes.RUNTIMES)
def test_every_runtime_gives_the_codes_of_the_model(folder: Path, runtime: str) -> None:
    encoder = Encoder(folder, runtime)
    codes, outputs = encoder.encode(PICTURES), encoder.outputs(PICTURES)
    assert codes.shape == (len(PICTURES), 8)
    assert codes.dtype == np.uint8
    assert len(np.unique(codes, axis=0)) > 20
    assert_same_codes(codes, outputs)
    model = NestedHashModel.from_pretrained(folder)
    assert_same_codes(model.encode(PICTURES), outputs)
    pixels = np.stack([model.config.preprocessing(picture) for picture in PICTURES])
    with torch.no_grad():
        expected = model(torch.from_numpy(pixels))[-1].numpy()
    np.testing.assert_allclose(outputs, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("runtime", runtimes.RUNTIMES)
def test_with_its_mirror_image_a_picture_has_the_mean_of_both(
    folder: Path, tmp_path: Path, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NHL_CACHE", str(tmp_path / "cache"))
    plain = NestedHashModel.from_pretrained(folder)
    both = NestedHashModel(replace(plain.config, mirror=True))
    both.load_state_dict(plain.state_dict())
    both.save_pretrained(tmp_path)
    pictures = [picture(64, 64) for _ in range(4)]
    mirrored = [ImageOps.mirror(one) for one in pictures]
    alone, outputs = Encoder(folder, runtime), Encoder(tmp_path, runtime).outputs(pictures)
    mean = (alone.outputs(pictures) + alone.outputs(mirrored)) / 2
    np.testing.assert_allclose(outputs, mean, atol=1e-5 * np.abs(mean).max())
    assert not np.allclose(outputs, alone.outputs(pictures), atol=1e-2 * np.abs(mean).max())
    assert_same_codes(both.encode(mirrored), outputs)


def test_a_picture_alone_has_exactly_its_outputs_in_a_batch(encoder: Encoder) -> None:
    together = encoder.outputs(PICTURES)
    for i in (0, 1, 3, 20, 41):
        np.testing.assert_array_equal(encoder.outputs([PICTURES[i]])[0], together[i])
    np.testing.assert_array_equal(encoder.outputs(PICTURES[:3]), together[:3])
    np.testing.assert_array_equal(encoder.outputs(PICTURES, batch_size=5), together)


def test_torch_agrees_alone_and_in_a_batch(folder: Path) -> None:
    encoder = Encoder(folder, "torch")
    outputs = encoder.outputs(PICTURES)
    assert_same_codes(np.concatenate([encoder.encode([image]) for image in PICTURES]), outputs)


def test_many_threads_may_encode_at_once(encoder: Encoder) -> None:
    expected = encoder.encode(PICTURES)
    with ThreadPoolExecutor(8) as pool:
        alone = list(pool.map(lambda image: encoder.encode([image])[0], PICTURES * 3))
        together = list(pool.map(lambda _: encoder.encode(PICTURES), range(4)))
    np.testing.assert_array_equal(alone, np.tile(expected, (3, 1)))
    for codes in together:
        np.testing.assert_array_equal(codes, expected)


def test_first_pictures_go_through_one_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else OpenVINO's binding may wait for itself for ever, in the first inference of a process."""
    inside, seen = [], []
    infer = runtimes._Requests.infer

    def watched(self: runtimes._Requests, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        inside.append(pixels)
        time.sleep(0.05)
        seen.append(len(inside))
        inside.pop()
        return infer(self, pixels)

    monkeypatch.setattr(runtimes._Requests, "infer", watched)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: Encoder(folder, "openvino"), range(3)))
    assert seen == [1, 1, 1]


def test_every_kind_of_source(encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    PICTURES[1].save(path)
    sources = [path, str(path), path.read_bytes(), BytesIO(path.read_bytes()), PICTURES[1]]
    assert len(np.unique(encoder.encode(sources), axis=0)) == 1


def test_no_pictures(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 8)


def test_progress_counts_up_to_the_total(encoder: Encoder) -> None:
    calls: list[tuple[int, int]] = []
    encoder.encode(PICTURES, batch_size=10, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(10, 42), (20, 42), (30, 42), (40, 42), (42, 42)]


def test_an_unreadable_picture_is_named(encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("text")
    with pytest.raises(ImageError, match=r"^images\[1\]: The file is empty\.$"):
        encoder.encode([PICTURES[0], b"", PICTURES[0]])
    with pytest.raises(ImageError, match=r"bad.png: The file is not an image"):
        encoder.encode([tmp_path / "bad.png"])


def test_unreadable_pictures_may_be_left_out(encoder: Encoder) -> None:
    images = [b"", *PICTURES[:4], b"text", b""]
    unreadable: dict[int, ImageError] = {}
    codes = encoder.encode(images, batch_size=1, unreadable=unreadable)
    np.testing.assert_array_equal(codes, encoder.encode(PICTURES[:4]))
    assert sorted(unreadable) == [0, 5, 6]
    assert str(unreadable[0]) == "images[0]: The file is empty."
    assert encoder.encode([b""], unreadable=unreadable).shape == (0, 8)


@pytest.mark.parametrize("images", ["a.png", b"bytes", PICTURES[0]])
def test_one_picture_is_no_sequence(encoder: Encoder, images: object) -> None:
    with pytest.raises(ValueError, match="`images` must be a sequence of pictures but got one"):
        encoder.encode(images)


def test_bad_arguments(encoder: Encoder, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`batch_size` must be at least 1 but got 0"):
        encoder.encode(PICTURES, batch_size=0)
    with pytest.raises(ValueError, match="unknown runtime 'onnx'; choose from openvino, torch"):
        Encoder(folder, "onnx")
    with pytest.raises(CheckpointError, match="no checkpoint in"):
        Encoder(tmp_path)


STORY = """
import sys
from nhl.model.encode import Encoder
print(Encoder(sys.argv[1], "openvino").encode([sys.argv[2]]).tobytes().hex())
print([name for name in ("torch", "timm", "openvino_telemetry") if sys.modules.get(name)])
"""


def test_a_later_start_imports_no_torch(encoder: Encoder, folder: Path, tmp_path: Path) -> None:
    PICTURES[0].save(tmp_path / "a.png")
    command = [sys.executable, "-c", STORY, str(folder), str(tmp_path / "a.png")]
    answer = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert answer.stdout.split("\n")[:2] == [encoder.encode([PICTURES[0]]).tobytes().hex(), "[]"]


def test_the_first_start_imports_no_torch_either(encoder: Encoder, folder: Path, tmp_path: Path) -> None:
    """It converts in a process of its own, whose memory goes with it."""
    PICTURES[0].save(tmp_path / "a.png")
    answer = subprocess.run(
        [sys.executable, "-c", STORY, str(folder), str(tmp_path / "a.png")],
        env={**os.environ, "NHL_CACHE": str(tmp_path / "empty")},
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert answer.stdout.split("\n")[:2] == [encoder.encode([PICTURES[0]]).tobytes().hex(), "[]"]


def converted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[NDArray[np.uint8], int]:
    """Codes of a new encoder, and how often it converted the network."""
    count = 0

    def counting(convert: Callable[[Path], tuple[bytes, bytes]]) -> Callable[[Path], tuple[bytes, bytes]]:
        def wrapper(path: Path) -> tuple[bytes, bytes]:
            nonlocal count
            count += 1
            return convert(path)

        return wrapper

    with monkeypatch.context() as patch:
        patch.setattr(runtimes, "_convert", counting(runtimes._convert))
        return Encoder(folder, "openvino").encode(PICTURES[:4]), count


def test_the_conversion_is_kept_and_a_damaged_one_made_again(
    encoder: Encoder, folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = encoder.encode(PICTURES[:4])
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    flipped = whole[:-5000] + bytes([whole[-5000] ^ 1]) + whole[-4999:]
    for content, conversions in [(whole, 0), (whole[:5000], 1), (flipped, 1), (b"", 1), (whole, 0)]:
        file.write_bytes(content)
        codes, count = converted(folder, monkeypatch)
        np.testing.assert_array_equal(codes, expected)
        assert count == conversions
        assert list(cache.iterdir()) == [file]


def test_without_a_place_to_keep_it_the_conversion_still_serves(
    encoder: Encoder, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NHL_CACHE", str(tmp_path / "file" / "inside"))
    codes, count = converted(folder, monkeypatch)
    np.testing.assert_array_equal(codes, encoder.encode(PICTURES[:4]))
    assert count == 1
