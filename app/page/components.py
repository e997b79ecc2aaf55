"""The parts of the page that Gradio does not have: a slider over code lengths, picture input, tiles.

All are `gr.HTML`; their scripts and templates lie in `front`. Text of visitors or galleries only ever enters
through `${value}`, as HTML escaped in `views`: Gradio reads the result of a `{{...}}` field as code.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import component_meta
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder, is_in_or_equal
from PIL import Image

from app import texts
from app.page import phrases
from app.service.own_pictures import MOST_PICTURES, read_picture
from nhl.images import ImageError

MEGABYTES = 10  # of one picture
ARCHIVE_MEGABYTES = 50

# For each new component Gradio writes a stub beside its source, which type checkers then believe.
component_meta.create_or_modify_pyi = lambda *_: None


def front(*names: str) -> str:
    """Scripts or templates, one after the other."""
    return "\n".join(
        Path(__file__).parent.joinpath("front", name).read_text(encoding="utf-8") for name in names
    )


def uploaded(path: Any) -> Path | None:
    """The path of a file that a visitor sent, None for any other."""
    try:
        there = isinstance(path, str) and is_in_or_equal(path, get_upload_folder()) and Path(path).is_file()
    except (OSError, ValueError):  # too long, or no name that a file can have
        return None
    return Path(path) if there else None


class Argument(gr.HTML):
    """A value of the API without a place on the page; its JSON arrives as it was sent."""

    def __init__(self, value: Any = None, schema: dict[str, Any] | None = None, **settings: Any) -> None:
        self.schema = schema or {"type": "string"}
        super().__init__(value, visible=False, schema=schema, **settings)

    def api_info(self) -> dict[str, Any]:
        return self.schema

    def example_payload(self) -> Any:
        return self.value

    def example_value(self) -> Any:
        return self.value


class BitsSlider(gr.HTML):
    """A slider whose track is the query's code: its handle stands where the code is cut.

    Args:
        value: the code length in bits.
        choices: the lengths it stops at.
        code: the query's bits as a text of 0 and 1, shown above the track.
    """

    def __init__(self, value: int = 32, choices: Sequence[int] = (), code: str = "", **settings: Any) -> None:
        self.code = code  # else Gradio takes the name, which is in the script, for an event
        super().__init__(
            value=value,
            choices=list(choices),
            code=code,
            names=[phrases.bits(length) for length in choices],
            words={"look": texts.LOOK, "look_by_touch": texts.LOOK_BY_TOUCH, "differ": texts.BITS_DIFFER},
            label=texts.LENGTH,
            html_template=front("slider.html"),
            js_on_load=front("slider.js"),
            apply_default_css=False,
            **settings,
        )


class PictureInput(gr.HTML):
    """A picture by file, drop, paste or camera; a handler gets it read, or the ImageError that says why not."""

    def __init__(self, value: Any = None, **settings: Any) -> None:
        words = {"choose": texts.CHOOSE, "camera": texts.CAMERA, "take": texts.TAKE, "cancel": texts.CANCEL}
        words |= {"hint": texts.HINT, "reading": texts.READING, "no_camera": texts.NO_CAMERA}
        words |= {"too_large": texts.TOO_LARGE.format(megabytes=MEGABYTES)}
        super().__init__(
            value=value,
            words=words,
            most=MEGABYTES * 1_000_000,
            html_template=front("picture.html"),
            js_on_load=front("picture.js"),
            apply_default_css=False,
            **settings,
        )

    def preprocess(self, payload: Any) -> Image.Image | ImageError | None:  # type: ignore[override]
        if payload is None:
            return None
        path = uploaded(payload.get("path") if isinstance(payload, dict) else None)
        try:
            if path is None:
                raise ImageError(texts.UNREADABLE_UPLOAD)
            if path.is_file() and path.stat().st_size > MEGABYTES * 1_000_000:
                raise ImageError(texts.TOO_LARGE.format(megabytes=MEGABYTES))
            return read_picture(path)
        except ImageError as error:
            return error

    def api_info(self) -> dict[str, Any]:
        schema = ImageData.model_json_schema()
        return {**schema, "additional_description": schema.pop("description", None)}

    def example_payload(self) -> Any:
        return {"path": "leopard.png", "meta": {"_type": "gradio.FileData"}}


class FilesInput(gr.HTML):
    """Several pictures or archives; triggers give with the paths at which they arrived."""

    def __init__(self, **settings: Any) -> None:
        hint = texts.OWN_HINT.format(count=MOST_PICTURES, megabytes=ARCHIVE_MEGABYTES)
        super().__init__(
            words={"choose": texts.CHOOSE_OWN, "hint": hint, "sending": texts.SENDING},
            most=MOST_PICTURES,
            html_template=front("files.html"),
            js_on_load=front("files.js"),
            apply_default_css=False,
            **settings,
        )


class Choice(gr.Radio):
    """Radio buttons whose value, whatever was sent, is for the handler to check."""

    def preprocess(self, payload: Any) -> Any:
        return payload

    def get_block_name(self) -> str:
        return "radio"


class Tiles(gr.HTML):
    """HTML whose buttons trigger what their data attribute names, such as select for `data-query`.

    Args:
        value: the HTML.
        scripts: of `front`, that it needs besides.
    """

    def __init__(self, value: str = "", scripts: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(value, js_on_load=front("tiles.js", *scripts), apply_default_css=False, **settings)


class CopyLink(gr.HTML):
    """A button that copies the page's address."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            f'<button type="button" class="quiet">{texts.COPY}</button>',
            words={"copy": texts.COPY, "copied": texts.COPIED},
            js_on_load=front("copy.js"),
            apply_default_css=False,
            **settings,
        )
