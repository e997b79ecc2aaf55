"""What happens on the page: plain values in, plain values out. Each handler checks all that it is given."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import gradio as gr
from PIL import Image

from nhl.images import ImageError

from . import texts, views
from .search_service import Query, SearchService

K_CHOICES, DEFAULT_K = (6, 12, 24, 48), 12
DEFAULT_LENGTH = 32
EXAMPLES = 10

Handler = TypeVar("Handler", bound=Callable[..., Any])


def politely(handler: Handler) -> Handler:
    """Turn a ValueError into a toast that leaves the page as it is."""

    @wraps(handler)
    def polite(*arguments: Any, **named: Any) -> Any:
        try:
            return handler(*arguments, **named)
        except ValueError as error:
            gr.Warning(str(error))
            return gr.skip()

    return polite  # type: ignore[return-value]


class State(NamedTuple):
    """All that changes on the page, in the order of the outputs."""

    token: str
    card: str
    slider: Any
    facts: str
    results: str
    curve: str
    k: int


class Handlers:
    """The handlers of the page over one service."""

    def __init__(self, service: SearchService) -> None:
        self.service = service
        self.first = service.examples(EXAMPLES, texts.FIRST_EXAMPLES, seed=0)
        self.length = DEFAULT_LENGTH if DEFAULT_LENGTH in service.lengths else service.lengths[-1]

    def found(self, query: Query, length: Any, k: Any) -> tuple[str, str, str]:
        """Facts, results and curve."""
        answer = self.service.search(query, length, k)
        return (
            views.facts(self.service, answer),
            views.results(self.service, answer),
            views.curve(self.service, answer.length),
        )

    def asked(self, query: Query, length: Any, k: Any, image: Image.Image | None = None) -> State:
        """The page with another query."""
        found = self.found(query, length, k)
        slider = gr.update(value=length, code=query.bits)
        return State(query.token, views.query(self.service, query, image), slider, *found, k)

    @politely
    def upload(self, image: Any, length: Any, k: Any) -> Any:
        """A visitor's picture becomes the query."""
        return self.asked(self.service.picture(readable(image)), length, k, image)

    @politely
    def pick(self, length: Any, k: Any, event: gr.EventData) -> Any:
        """A picture of the gallery becomes the query."""
        return self.asked(self.service.query(str(sent(event).get("query"))), length, k)

    @politely
    def resize(self, token: Any, length: Any, k: Any) -> Any:
        """Facts, results and curve of the same query at another length, or with more results."""
        return self.found(self.service.query(str(token)), length, k)

    def open(self, request: gr.Request) -> Any:
        """The state that a link such as `?q=1500&bits=32&k=12` names."""
        wanted = dict(request.query_params)
        return self.state(wanted) if wanted.keys() & {"q", "bits", "k"} else gr.skip()

    @politely
    def measure(self, token: Any, length: Any, k: Any) -> Any:
        """The facts again: those of the first state were measured when the server started."""
        return self.found(self.service.query(str(token)), length, k)[0]

    def restore(self, event: gr.EventData) -> Any:
        """The state that the browser went back to."""
        return self.state(sent(event))

    def state(self, wanted: Mapping[str, Any]) -> State:
        """The state of a link; what it leaves out, or what there is not, is as on the first visit."""
        query = self.service.query(str(self.first[0].id))
        if "q" in wanted:
            try:
                query = self.service.query(str(wanted["q"]))
            except ValueError:
                gr.Warning(texts.UNKNOWN_LINK)
        length = choice(wanted.get("bits"), self.service.lengths, self.length)
        return self.asked(query, length, choice(wanted.get("k"), K_CHOICES, DEFAULT_K))

    def shuffle(self) -> str:
        """Other pictures to try."""
        return views.examples(self.service, self.service.examples(EXAMPLES))

    def search(self, image: Any, length: Any, k: Any, request: gr.Request) -> dict[str, Any]:
        """Find the pictures of the gallery nearest to an image, by the first `length` bits of their codes.

        Args:
            image: the picture to look for.
            length: the code length in bits.
            k: how many pictures to answer.
        """
        try:
            answer = self.service.search(self.service.picture(readable(image)), length, k)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error
        results = [
            {
                "rank": result.rank,
                "id": result.item.id,
                "name": result.item.name,
                "label": result.item.label,
                "distance": result.distance,
                "image": f"{request.request.base_url}{views.thumbnail(self.service, result.item)}",
            }
            for result in answer.results
        ]
        return {"length": answer.length, "search_us": answer.search_us, "results": results}


def readable(image: Any) -> Image.Image:
    """The picture that a `PictureInput` read.

    Raises:
        ImageError: if there is none.
    """
    if isinstance(image, ImageError):
        raise image
    if not isinstance(image, Image.Image):
        raise ImageError(texts.NO_PICTURE)
    return image


def sent(event: gr.EventData) -> Mapping[str, Any]:
    """What an event carries, if it is a JSON object."""
    return event._data if isinstance(event._data, dict) else {}


def choice(wanted: Any, choices: Sequence[int], default: int) -> int:
    """The choice that is written as `wanted` is."""
    return next((number for number in choices if str(number) == str(wanted)), default)
