"""What Gradio hands to the handlers, looked at first: any JSON may come, and every answer is a sentence."""

import json
import logging
from typing import Any

import gradio as gr
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from gradio.processing_utils import client_utils
from gradio.route_utils import FnIndexInferError

from app import texts
from app.page.components import uploaded

MOST_CHARACTERS = 20_000  # of all arguments as JSON: Gradio keeps them for every session
MOST_SESSION_CHARACTERS = 64
MOST_UNREAD = 64  # answers that Gradio keeps for a session until they are fetched
# What Gradio's routes raise at JSON that they did not expect.
STUMBLES = (
    *(FnIndexInferError, RequestValidationError, RecursionError),
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
)
LOG = logging.getLogger(__name__)


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


def guard(page: gr.Blocks) -> None:
    """Let the handlers of a page get what they expect; whatever fails all the same is told in a sentence, and logged."""
    process = page.process_api

    async def guarded(block_fn: Any, inputs: Any, **named: Any) -> Any:
        handler = page.fns[block_fn] if isinstance(block_fn, int) else block_fn
        if wrong := problem(inputs, len(handler.inputs)):
            raise gr.Error(wrong, print_exception=False)
        try:
            return await process(block_fn, inputs, **named)
        except gr.Error:
            raise
        except Exception as error:
            LOG.exception("%s failed", handler.api_name)
            raise gr.Error(texts.WENT_WRONG, print_exception=False) from error

    page.process_api = guarded
    _guard_queue(page._queue)


def _guard_queue(queue: Any) -> None:
    """Gradio's queue, which one message to a session that is not there would stop for everyone."""
    push, send = queue.push, queue.send_message

    async def checked(body: Any, request: Any, username: Any) -> Any:
        session = body.session_hash
        if session is not None and not 0 < len(session) <= MOST_SESSION_CHARACTERS:
            return False, texts.WRONG_SESSION.format(most=MOST_SESSION_CHARACTERS), "error"
        if len(queue.pending_event_ids_session.get(session, ())) >= MOST_UNREAD:
            return False, texts.UNREAD, "error"
        return await push(body=body, request=request, username=username)

    def send_where_heard(event: Any, event_message: Any) -> None:
        if event.session_hash in queue.pending_messages_per_session:
            send(event, event_message)

    queue.push, queue.send_message = checked, send_where_heard


def unknown(request: Request, error: Exception) -> JSONResponse:
    """The answer to a request that Gradio's routes stumble over, such as one for a function that there is not."""
    return JSONResponse({"detail": texts.WRONG_REQUEST}, 422)
