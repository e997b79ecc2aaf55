"""Where the server reaches into Gradio: what the page needs and Gradio has no option for, in this file alone.

It fits one version, which requirements.txt pins; with another, the page does not start.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import gradio as gr
from fastapi.exceptions import RequestValidationError
from gradio.queueing import EventQueue, Queue
from gradio.route_utils import FnIndexInferError

from app import texts
from app.server.guard import problem

GRADIO = "6.31.0"
MOST_SESSIONS = 200  # Gradio keeps 100 kB of each, which nothing here needs
MOST_SESSION_CHARACTERS = 64
MOST_UNREAD = 64  # answers that Gradio keeps for a session until they are fetched
LANES = 64
STUMBLES = (
    *(FnIndexInferError, RequestValidationError, RecursionError),
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
)
"""What Gradio's routes raise at JSON that they did not expect."""
LOG = logging.getLogger(__name__)


Handled = Callable[[str, float, str, str], None]
"""Told of each answer: the handler's name, seconds since the question came, the outcome, and who asked."""


def patch(page: gr.Blocks, name: str, handled: Handled) -> None:
    """Let a page's handlers get what they expect, its queue take what any visitor sends, and no visitor wait for another.

    Args:
        page: as it was built.
        name: the concurrency id, of limit 1, whose events are parted by visitor.
        handled: told of each answer.

    Raises:
        ImportError: if Gradio is of another version.
    """
    if gr.__version__ != GRADIO:
        raise ImportError(
            f"`gradio` must be {GRADIO}, the version that this page reaches into, but is {gr.__version__}: "
            f"pip install gradio=={GRADIO}"
        )
    page.state_session_capacity = MOST_SESSIONS
    _guard_handlers(page, handled)
    _check_sessions(page._queue)
    _part_into_lanes(page._queue, name)


def _guard_handlers(page: gr.Blocks, handled: Handled) -> None:
    """Whatever fails in a handler is told in a sentence, and logged; how long each took and how it ended is told."""
    process, queue = page.process_api, page._queue

    async def guarded(block_fn: Any, inputs: Any, **named: Any) -> Any:
        handler = page.fns[block_fn] if isinstance(block_fn, int) else block_fn
        event = queue.event_ids_to_events.get(named.get("event_id"))
        start = getattr(event, "arrived", time.perf_counter())
        outcome = "left"  # of who does not wait for the end
        try:
            if wrong := problem(inputs, len(handler.inputs)):
                raise gr.Error(wrong, print_exception=False)
            answer = await process(block_fn, inputs, **named)
            outcome = (
                "" if answer.get("is_generating") else "ok"
            )  # of an answer in parts, the last one counts
            return answer
        except gr.Error:
            outcome = "refused"
            raise
        except Exception as error:
            outcome = "error"
            LOG.exception("%s failed", handler.api_name)
            raise gr.Error(texts.WENT_WRONG, print_exception=False) from error
        finally:
            if outcome:
                client = getattr(named.get("request"), "client", None)
                host = str(getattr(client, "host", ""))
                handled(handler.api_name or "", time.perf_counter() - start, outcome, host)

    page.process_api = guarded  # type: ignore[method-assign]


def _check_sessions(queue: Queue) -> None:
    """One message to a session that is not there would stop the queue for everyone."""
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

    queue.push, queue.send_message = checked, send_where_heard  # type: ignore[method-assign]


def _part_into_lanes(queue: Queue, name: str) -> None:
    """What a visitor asks for is answered in the order of asking, beside what others ask for.

    Gradio works off one line for each concurrency id, and ids belong to functions. Here an event changes over, as it
    arrives, to one of `LANES` lines, by its session; visitors of one lane wait for each other.
    """
    push, lines = queue.push, queue.event_queue_per_concurrency_id
    lanes = [f"{name} {number}" for number in range(LANES)]
    lines.update({lane: EventQueue(lane, 1) for lane in lanes})

    async def pushed(body: Any, request: Any, username: Any) -> Any:
        answer = await push(body=body, request=request, username=username)
        done, told, _ = answer
        event = queue.event_ids_to_events.get(told) if done else None
        if event is not None:
            event.arrived = time.perf_counter()  # type: ignore[attr-defined]
        # nothing else runs between the end of `push` and here, so that the event has not begun
        if event is not None and event.concurrency_id == name and event in lines[name].queue:
            lines[name].queue.remove(event)
            event.concurrency_id = lanes[hash(event.session_hash) % LANES]
            lines[event.concurrency_id].queue.append(event)
        return answer

    queue.push = pushed  # type: ignore[method-assign]
