"""What Gradio hands to the handlers, looked at first: any JSON may come, and every answer is a sentence."""

import json
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from gradio.processing_utils import client_utils

from app import texts
from app.page.components import uploaded

MOST_CHARACTERS = 20_000  # of all arguments as JSON: Gradio keeps them for every session


def problem(values: Any, count: int) -> str | None:
    """What is wrong with the arguments of a handler, in a sentence; None if nothing is.

    Args:
        values: the JSON that was sent.
        count: how many there must be.
    """
    if not isinstance(values, list) or len(values) != count:
        found = len(values) if isinstance(values, list) else type(values).__name__
        return texts.WRONG_COUNT.format(count=count, found=found)
    try:
        size = len(json.dumps(values))
    except (RecursionError, ValueError):
        return texts.TOO_LONG
    if size > MOST_CHARACTERS:
        return texts.TOO_LONG
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if (
            client_utils.is_file_obj_with_meta(value) and uploaded(value["path"]) is None
        ):  # Gradio would fetch an address
            return texts.UNREADABLE_UPLOAD
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return None


def unknown(request: Request, error: Exception) -> JSONResponse:
    """The answer to a request that Gradio's routes stumble over, such as one for a function that there is not."""
    return JSONResponse({"detail": texts.WRONG_REQUEST}, 422)
