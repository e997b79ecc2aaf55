"""Visitors do not wait for each other: what one asks for is answered in the order of asking, beside what others ask for."""

from typing import Any

from gradio.queueing import EventQueue, Queue

LANES = 64


def part_into_lanes(queue: Queue, name: str) -> None:
    """Part the line of the events that share a concurrency id, of limit 1, by visitor.

    Gradio works off one line for each concurrency id, and ids belong to functions. Here an event changes over, as it
    arrives, to one of `LANES` lines, by its session; visitors of one lane wait for each other.

    Args:
        queue: of a page.
        name: the concurrency id.
    """
    push, lines = queue.push, queue.event_queue_per_concurrency_id
    lanes = [f"{name} {number}" for number in range(LANES)]
    lines.update({lane: EventQueue(lane, 1) for lane in lanes})

    async def pushed(body: Any, request: Any, username: Any) -> Any:
        answer = await push(body=body, request=request, username=username)
        done, told, _ = answer
        event = queue.event_ids_to_events.get(told) if done else None
        # nothing else runs between the end of `push` and here, so that the event has not begun
        if event is not None and event.concurrency_id == name and event in lines[name].queue:
            lines[name].queue.remove(event)
            event.concurrency_id = lanes[hash(event.session_hash) % LANES]
            lines[event.concurrency_id].queue.append(event)
        return answer

    queue.push = pushed  # type: ignore[method-assign]
