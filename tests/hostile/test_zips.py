"""Hostile archives: what can be read is kept, all else is counted; nothing is written, and little memory is taken."""

import json
from pathlib import Path

import httpx
import pytest
from drawings import draw, encoded
from hostile.archives import ARCHIVES, SHOWN, packed
from hostile.cases import NAMES
from hostile.pictures import PICTURES, one_of_each
from hostile.served import client, given, upload, watched

from app import texts
from app.page import phrases
from app.service import own_pictures
from app.service.own_pictures import index_pictures
from app.service.search import SearchService


@pytest.fixture(scope="module")
def service(tiny_checkpoint: Path) -> SearchService:
    return SearchService.open(tiny_checkpoint)


@pytest.fixture(scope="module")
def page(tiny_checkpoint: Path) -> httpx.Client:
    return client(tiny_checkpoint)


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.filterwarnings("ignore:Duplicate name")  # zipfile's, as it makes "the same name twice"
def test_keeps_the_pictures_and_counts_the_rest(service: SearchService, tmp_path: Path, name: str) -> None:
    make, kept, skipped = ARCHIVES[name]
    path = tmp_path / "a.zip"
    path.write_bytes(make())
    with watched() as written:
        if not kept:
            with pytest.raises(ValueError, match=f"^{texts.NO_OWN_PICTURES}$"):
                index_pictures([path], service.encoder)
        else:
            own = index_pictures([path], service.encoder)
            assert len(own.service) == kept
            assert skipped in (None, own.skipped)
            shown = {item.name: item.label for item in own.service.items}
            assert shown == SHOWN.get(name, shown)
            own.close()
            assert not own.service.gallery.path.parent.exists()
    assert written == []
    assert not Path("/tmp/escaped.png").exists()


@pytest.mark.filterwarnings("ignore")
def test_every_picture_in_a_zip_is_as_it_is_alone(service: SearchService, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(packed(*((name, case.make()) for name, case in PICTURES.items())))
    with watched() as written:
        own = index_pictures([path], service.encoder)
    assert written == []
    kept = {item.name for item in own.service.items}
    assert {*PICTURES} - kept == {name for name, case in PICTURES.items() if case.refusal()}
    assert own.skipped == len(PICTURES) - len(kept)
    own.close()


def test_what_takes_too_long_is_left_out(
    service: SearchService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_pictures, "MOST_SECONDS", -1.0)
    path = tmp_path / "a.png"
    path.write_bytes(encoded(draw("red", 1)))
    with pytest.raises(ValueError, match="no picture that can be read"):
        index_pictures([path], service.encoder)
    assert "too slow" in phrases.added(1, 1)


def test_over_http_the_upload_is_gone_after_use(
    page: httpx.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    given(page, "first", [upload(page, ARCHIVES["good"][0](), "pictures.zip")])  # after which all is imported
    for name in (
        "a bomb of 1 GB",
        "up",
        "encrypted",
        "zips twenty deep",
        "a link",
        "named in bytes, no text",
    ):
        make, kept, _ = ARCHIVES[name]
        path = upload(page, make(), "pictures.zip")
        with watched() as written:
            said = given(page, f"archive-{len(name)}", [path])
        assert written == []
        assert ("1 picture." in said) == (kept == 1)
        assert (texts.NO_OWN_PICTURES in said) == (kept == 0)
        assert not Path(path).exists()
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_over_http_every_picture_in_a_zip_is_as_it_is_alone(page: httpx.Client) -> None:
    cases = one_of_each()
    path = upload(page, packed(*((name, case.make()) for name, case in cases.items())), "pictures.zip")
    with watched() as written:
        said = given(page, "each", [path])
    assert written == []
    left_out = sum(bool(case.refusal()) for case in cases.values())
    assert phrases.added(len(cases) - left_out, left_out) in said


def test_names_are_shown_as_text(page: httpx.Client) -> None:
    path = upload(page, ARCHIVES["named markup"][0](), "a.zip")
    shown = given(page, "markup", [path])
    assert "alert(1)" in shown
    assert json.dumps(NAMES["markup"])[1:-1] not in shown
