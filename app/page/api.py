"""The one call of the API: a picture in, results out."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from app.page import tiles
from app.page.state import given_image
from app.service.search import SearchService


def search_call(service: SearchService) -> Callable[..., dict[str, Any]]:
    """The function that the API publishes as `/search`."""

    def search(image: Any, length: Any, k: Any, request: gr.Request) -> dict[str, Any]:
        """Find the pictures of the gallery nearest to an image, by the first `length` bits of their codes.

        Args:
            image: the picture to look for.
            length: the code length in bits.
            k: how many pictures to answer.
        """
        try:
            query = service.picture(given_image(image))
            answer = service.search(query, _number(length), _number(k))
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error
        results = [
            {
                "rank": result.rank,
                "id": result.item.id,
                "name": result.item.name,
                "label": result.item.label,
                "distance": result.distance,
                "image": f"{request.request.base_url}{tiles.thumbnail(service, result.item)}",
            }
            for result in answer.results
        ]
        return {"length": answer.length, "search_us": answer.search_us, "results": results}

    return search


def _number(value: Any) -> Any:
    """A whole number that is written as text, as in the example that Gradio prints, as a number."""
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 5 else value
