"""The page as values: what changes on it, what an event carries, and how a mistake is said."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import gradio as gr
from PIL import Image

from app import texts
from nhl.images import ImageError

Handler = TypeVar("Handler", bound=Callable[..., Any])


def errors_as_warnings(handler: Handler) -> Handler:
    """Turn a ValueError into a toast that leaves the page as it is."""

    @wraps(handler)
    def warned(*arguments: Any, **named: Any) -> Any:
        try:
            return handler(*arguments, **named)
        except ValueError as error:
            gr.Warning(str(error))
            return gr.skip()

    return warned  # type: ignore[return-value]


class State(NamedTuple):
    """All that changes on the page, in the order of the outputs; `changed` fills in what does not."""

    token: Any
    place: Any
    card: Any
    bits: Any
    facts: Any
    results: Any
    curve: Any
    k: Any
    view: Any
    panel: Any
    figures: Any
    chooser: Any
    notice: Any
    heading: Any
    examples: Any
    bottom: Any
    tour: Any


def changed(**values: Any) -> State:
    """A state of which only some values change."""
    return State(**{name: values.get(name, gr.skip()) for name in State._fields})


class Found(NamedTuple):
    """What depends on the query, the length and the number of results."""

    facts: str
    results: str
    curve: str
    panel: Any
    figures: Any


def given_image(image: Any) -> Image.Image:
    """The picture that a `PictureInput` read.

    Raises:
        ImageError: if there is none.
    """
    if isinstance(image, ImageError):
        raise image
    if not isinstance(image, Image.Image):
        raise ImageError(texts.NO_PICTURE)
    return image


def event_data(event: gr.EventData) -> Mapping[str, Any]:
    """What an event carries, if it is a JSON object."""
    return event._data if isinstance(event._data, dict) else {}


def choice(wanted: Any, choices: Sequence[int], default: int) -> int:
    """The choice that is written as `wanted` is."""
    return next((number for number in choices if str(number) == str(wanted)), default)
