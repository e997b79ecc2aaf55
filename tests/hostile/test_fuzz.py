"""Anything at all to the decoder, the arguments of the API, and the readers of galleries and codes."""

import json
import re
import shutil
import zlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from drawings import chunk, encoded
from hostile.pictures import AVIF, noise
from hostile.served import SENTENCE, call, client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.server.guard import MOST_CHARACTERS, problem
from app.service.search import SearchService
from nhl.gallery import Gallery
from nhl.gallery.stored_codes import load_codes, save_codes
from nhl.images import ImageError, load_image

SEEDS = [encoded(noise(24), kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", *AVIF)]
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.just("0"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
EDITS = st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=8)), max_size=6)
few = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
many = settings(few, max_examples=200)


def edited(data: bytes, edits: list[tuple[int, bytes]], end: int) -> bytes:
    """A file with some places overwritten, and cut."""
    changed = bytearray(data)
    for place, new in edits:
        changed[place % len(data) : place % len(data) + len(new)] = new
    return bytes(changed[: max(1, end)])


@many
@given(st.sampled_from(SEEDS), EDITS, st.integers(0, 10_000))
@pytest.mark.filterwarnings("ignore")
def test_a_changed_picture_is_read_or_refused(seed: bytes, edits: list[tuple[int, bytes]], end: int) -> None:
    decode(edited(seed, edits, end))


@many
@given(
    st.lists(st.tuples(st.sampled_from([b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"eXIf"]), st.binary(max_size=26))),
    st.binary(min_size=13, max_size=13),
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_any_png_of_valid_parts_is_read_or_refused(parts: list[tuple[bytes, bytes]], head: bytes) -> None:
    small = bytes(3) + head[3:4] + bytes(3) + head[7:]  # 255 x 255 at most
    body = b"".join(chunk(n, zlib.compress(data) if n == b"IDAT" else data) for n, data in parts)
    decode(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", small) + body + chunk(b"IEND", b""))


def decode(data: bytes) -> None:
    try:
        image = load_image(data, max_pixels=1_000_000)
    except ImageError as error:
        said = str(error)
        assert re.match(SENTENCE, said)
    else:
        assert image.mode == "RGB"
        assert max(image.size) <= 512


@many
@given(JSON, st.integers(0, 6))
def test_arguments_are_right_or_wrong_in_a_sentence(values: Any, count: int) -> None:
    said = problem(values, count)
    if said is None:
        assert isinstance(values, list)
        assert len(values) == count
        assert len(json.dumps(values)) <= MOST_CHARACTERS
    else:
        assert re.match(SENTENCE, said)


@settings(few, max_examples=15)
@given(st.lists(JSON, min_size=5, max_size=5), JSON)
def test_the_page_bears_any_arguments(tiny_checkpoint: Path, values: list[Any], event_data: Any) -> None:
    page: httpx.Client = client(tiny_checkpoint)
    for name, count in (("resize", 5), ("look", 4), ("search", 3), ("restore", 0)):
        event, content = call(page, name, values[:count], event_data=event_data)
        assert event == "complete" or re.match(SENTENCE, content.get("error") or content["detail"])


@pytest.fixture(scope="module")
def service(tiny_checkpoint: Path) -> SearchService:
    return SearchService.open(tiny_checkpoint)


@many
@given(
    token=st.text(max_size=40)
    | st.integers(-5, 200).map(str)
    | st.binary(max_size=20).map(lambda b: f"x{b.hex()}")
)
def test_a_token_is_a_query_or_wrong_in_a_sentence(service: SearchService, token: str) -> None:
    try:
        query = service.query(token)
    except ValueError as error:
        said = str(error)
        assert said.startswith("`q` must be the id of a picture")
    else:
        assert len(service.search(query, 32, 3).results) == 3


@few
@given(edits=EDITS.filter(bool), end=st.integers(0, 1 << 20))
def test_a_changed_gallery_is_as_before_or_refused(
    tiny_gallery: Path, tmp_path: Path, edits: list[tuple[int, bytes]], end: int
) -> None:
    path = tmp_path / "gallery.db"
    shutil.copy(tiny_gallery, path)
    whole = Gallery(path)
    before = [(item, whole.thumbnail(item.id)) for item in whole.items()]
    whole.close()
    path.write_bytes(edited(path.read_bytes(), edits, end))
    try:
        gallery = Gallery(path)
        found = [(item, gallery.thumbnail(item.id)) for item in gallery.items()]
        gallery.close()
    except ValueError as error:
        said = str(error)
        assert re.match(SENTENCE, said)
        assert "gallery.db" in said
    else:
        assert found == before


@many
@given(edits=EDITS.filter(bool), end=st.integers(0, 10_000))
def test_changed_codes_are_as_before_or_refused(
    tmp_path: Path, edits: list[tuple[int, bytes]], end: int
) -> None:
    path, codes = tmp_path / "codes.safetensors", np.arange(64, dtype=np.uint8).reshape(16, 4)
    save_codes(path, codes, np.arange(16), model="m", gallery="g")
    path.write_bytes(edited(path.read_bytes(), edits, end))
    try:
        found, ids = load_codes(path, model="m", gallery="g")
    except ValueError as error:
        said = str(error)
        assert re.match(SENTENCE, said)
        assert "codes.safetensors" in said
    else:
        assert (found == codes).all()
        assert (ids == np.arange(16)).all()
