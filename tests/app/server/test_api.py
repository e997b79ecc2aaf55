"""The server round the page, over HTTP: its one public endpoint, what it refuses, and what it gives away."""

import json
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawings import draw, encoded
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from serving import serve

from app.server.app import create_app
from app.server.patches import LANES
from app.service.search import SearchService


@pytest.fixture(scope="module")
def service(tiny_checkpoint: Path) -> SearchService:
    return SearchService.open(tiny_checkpoint)


@pytest.fixture(scope="module")
def address(service: SearchService) -> Iterator[str]:
    found, stop = serve(create_app(service))
    yield found
    stop()


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


def saved(tmp_path: Path, content: bytes, name: str = "picture.png") -> Any:
    path = tmp_path / name
    path.write_bytes(content)
    return handle_file(path)


def uploaded(address: str, content: bytes) -> str:
    answer = httpx.post(f"{address}/gradio_api/upload", files={"files": ("picture.png", content)})
    return str(answer.json()[0])


def call(address: str, name: str, data: Any, **more: Any) -> tuple[str, Any]:
    """The last event of a call by hand, and what it carries."""
    start = httpx.post(f"{address}/gradio_api/call/{name}", json={"data": data, **more})
    if start.status_code != 200:
        return f"status {start.status_code}", start.text
    with httpx.stream(
        "GET", f"{address}/gradio_api/call/{name}/{start.json()['event_id']}", timeout=30
    ) as stream:
        lines = [line for line in stream.iter_lines() if line]
    return lines[-2].removeprefix("event: "), json.loads(lines[-1].removeprefix("data: "))


def test_one_call_from_picture_to_results(client: Client, service: SearchService, tmp_path: Path) -> None:
    picture = saved(tmp_path, encoded(draw("red", 500)))
    answer = client.predict(picture, 16, 5, api_name="/search")
    assert set(answer) == {"length", "search_us", "results"}
    assert answer["length"] == 16
    assert answer["search_us"] > 0
    assert [result["rank"] for result in answer["results"]] == [1, 2, 3, 4, 5]
    first = answer["results"][0]
    assert set(first) == {"rank", "id", "name", "label", "distance", "image"}
    assert first["label"] == "red"
    assert first["name"] == service.gallery.item(first["id"]).name
    picture_found = httpx.get(first["image"])
    assert picture_found.content == service.gallery.thumbnail(first["id"])


def test_numbers_may_be_text_as_the_printed_example_has_them(client: Client, tmp_path: Path) -> None:
    answer = client.predict(saved(tmp_path, encoded(draw("red", 500))), "32", "5", api_name="/search")
    assert (answer["length"], len(answer["results"])) == (32, 5)


def test_a_visitors_wishes_are_answered_in_their_order_and_nobody_waits_for_another(
    address: str, service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[int] = []
    search = service.search

    def slow_at_8_bits(query: Any, length: int, k: int) -> Any:
        time.sleep(0.5 if length == 8 else 0)
        answered.append(length)
        return search(query, length, k)

    monkeypatch.setattr(service, "search", slow_at_8_bits)
    one = "one"
    other = next(name for name in map(str, range(100)) if hash(name) % LANES != hash(one) % LANES)

    events = httpx.get(f"{address}/config").json()["dependencies"]
    number = next(event["id"] for event in events if event["api_name"] == "resize")

    def ask(visitor: str, length: int) -> None:
        data = ["1", length, 6, "quality", "tiny"]
        question = {"data": data, "fn_index": number, "session_hash": visitor, "event_data": None}
        assert httpx.post(f"{address}/gradio_api/queue/join", json=question).status_code == 200

    for visitor, length in ((one, 8), (one, 16), (other, 32)):
        ask(visitor, length)
    end = time.monotonic() + 30
    while len(answered) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    assert answered == [32, 8, 16]  # of one visitor, in the order of asking; of another, without waiting


def test_length_and_k_may_be_left_out(client: Client, tmp_path: Path) -> None:
    answer = client.predict(saved(tmp_path, encoded(draw("blue", 501))), api_name="/search")
    assert (answer["length"], len(answer["results"])) == (32, 12)


def test_the_schema_lists_the_lengths_and_one_endpoint(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert list(endpoints) == ["/search"]
    image, length, k = endpoints["/search"]["parameters"]
    names = [parameter["parameter_name"] for parameter in (image, length, k)]
    assert names == ["image", "length", "k"]
    assert [choice["const"] for choice in length["type"]["anyOf"]] == [8, 16, 32, 64, 128]
    assert (k["type"]["minimum"], k["type"]["maximum"]) == (1, 100)


def test_equal_pixels_in_any_dress_give_equal_results(client: Client, tmp_path: Path) -> None:
    image = draw("green", 503)
    rotated = image.rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 270 degrees
    dresses = {
        "a.png": encoded(image),
        "a.gif": encoded(image, "GIF"),
        "a.webp": encoded(image, "WEBP", lossless=True),
        "turned.png": encoded(rotated, "PNG", exif=exif),
    }
    found = [
        client.predict(saved(tmp_path, content, name), 64, 5, api_name="/search")
        for name, content in dresses.items()
    ]
    assert all(answer["results"] == found[0]["results"] for answer in found)


def deep() -> bytes:
    return encoded(Image.effect_noise((64, 64), 40).convert("I;16"))


READABLE = {
    "16-bit PNG": deep,
    "GIF": lambda: encoded(draw("red", 1), "GIF"),
    "CMYK": lambda: encoded(draw("red", 1).convert("CMYK"), "JPEG"),
    "one pixel": lambda: encoded(Image.new("RGB", (1, 1))),
}
UNREADABLE = {
    "text named .png": (lambda: b"only words", "is not an image that can be read"),
    "truncated JPEG": (
        lambda: encoded(Image.effect_noise((200, 200), 90), "JPEG")[:3000],
        "damaged or cut short",
    ),
    "100 megapixels": (lambda: encoded(Image.new("1", (10_000, 10_000))), "too many pixels"),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "An SVG file cannot be read"),
    "empty": (lambda: b"", "empty"),
}


@pytest.mark.parametrize("kind", READABLE)
def test_reads_every_common_kind(client: Client, tmp_path: Path, kind: str) -> None:
    answer = client.predict(saved(tmp_path, READABLE[kind]()), 8, 3, api_name="/search")
    assert len(answer["results"]) == 3


@pytest.mark.parametrize("kind", UNREADABLE)
def test_refuses_the_unreadable_in_one_sentence(
    client: Client, tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    content, reason = UNREADABLE[kind]
    with pytest.raises(AppError, match=reason) as caught:
        client.predict(saved(tmp_path, content()), 32, 12, api_name="/search")
    assert "\n" not in str(caught.value).strip()
    assert "Traceback" not in capfd.readouterr().err


def test_refuses_more_than_fifty_megabytes(address: str) -> None:
    answer = httpx.post(f"{address}/gradio_api/upload", files={"files": ("a.png", bytes(53_000_000))})
    assert answer.status_code == 413


def test_refuses_a_picture_of_more_than_ten(client: Client, tmp_path: Path) -> None:
    with pytest.raises(AppError, match="exceeds the maximum allowed size of 10 MB"):
        client.predict(saved(tmp_path, encoded(draw("red", 1)) + bytes(10_000_000)), api_name="/search")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([None, 32, 12], "Give a picture first"),
        (["PICTURE", 33, 12], "`length` must be one of 8, 16, 32, 64, 128 but got '33'"),
        (["PICTURE", {"a": []}, 12], "`length` must be"),
        (["PICTURE", 32, 0], "`k` must be a whole number from 1 to 100 but got '0'"),
        (["PICTURE", 32, "all"], "`k` must be"),
        (["PICTURE", None, None], "`length` must be"),
        (["words", 32, 12], "did not arrive complete"),
        ([{"path": "/etc/passwd"}, 32, 12], "did not arrive complete"),
        ([{"path": 7}, 32, 12], "did not arrive complete"),
        ([[], 32, 12], "did not arrive complete"),
    ],
)
def test_says_what_is_wrong_with_arguments(address: str, arguments: list[Any], reason: str) -> None:
    path = uploaded(address, encoded(draw("red", 2)))
    picture = {"path": path, "meta": {"_type": "gradio.FileData"}}
    event, content = call(address, "search", [picture if a == "PICTURE" else a for a in arguments])
    assert event == "error"
    assert reason in content["error"]


@pytest.mark.parametrize("stolen", ["/etc/passwd", __file__, "http://127.0.0.1:1/x.png"])
def test_opens_no_file_but_uploads(address: str, stolen: str) -> None:
    event, content = call(address, "search", [{"path": stolen, "meta": {"_type": "gradio.FileData"}}, 32, 12])
    assert event == "error"
    assert "root:" not in json.dumps(content)


PRIVATE = {"upload": 5, "pick": 4, "pick_1": 4, "pick_2": 4, "resize": 5, "resize_1": 5, "look": 4}
PRIVATE |= {"poll": 3, "again": 3, "choose": 4, "fetch": 3, "fetch_1": 3, "give": 3, "shuffle": 1}
PRIVATE |= {"open": 0, "restore": 0, "step": 0, "step_1": 0}


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("junk", [None, "words", -1, 1e308, [[[]]], {"a": {"b": 1}}, True])
def test_private_endpoints_bear_any_json(
    address: str, name: str, junk: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    answer, _ = call(address, name, [junk] * PRIVATE[name], event_data=junk)
    assert not answer.startswith("status 4")
    assert "Traceback" not in capfd.readouterr().err
    assert httpx.get(address).status_code == 200


@pytest.mark.parametrize("stolen", [["/etc/passwd"], [__file__], ["\0"], "words", [[7]], [None]])
def test_opens_and_deletes_no_file_but_uploads(address: str, stolen: Any) -> None:
    call(address, "give", [32, 12, "how"], event_data={"paths": stolen}, session_hash="stranger")
    assert Path(__file__).is_file()


def test_thumbnails_are_pictures_kept_for_ever(address: str, service: SearchService) -> None:
    answer = httpx.get(f"{address}/thumbnail/{service.key}/3.webp")
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    assert Image.open(BytesIO(answer.content)).size == (64, 64)


@pytest.mark.parametrize(
    "wrong", ["other/3.webp", "KEY/96.webp", "KEY/-1.webp", "KEY/9999999999999999999999.webp", "KEY/a.webp"]
)
def test_other_thumbnails_are_not_found(address: str, service: SearchService, wrong: str) -> None:
    answer = httpx.get(f"{address}/thumbnail/{wrong.replace('KEY', service.key)}")
    assert answer.status_code in (404, 422)


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/file=/etc/passwd", "/gradio_api/file=app/server/app.py", "/thumbnail/../app/server/app.py"],
)
def test_gives_no_files_away(address: str, path: str) -> None:
    assert httpx.get(address + path).status_code in (403, 404)


def test_the_page_is_sent_compressed(address: str) -> None:
    answer = httpx.get(address)
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(answer.content) / 4


def test_headers_keep_the_page_to_itself(address: str) -> None:
    headers = httpx.get(address).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers


def test_the_first_state_is_drawn_before_any_request(address: str) -> None:
    config = httpx.get(f"{address}/config").text
    assert 'class=\\"results\\"' in config
    assert "&lt;b&gt;" in config
    assert "<b>red" not in config.replace("\\u003c", "<").split('"results"')[1]
