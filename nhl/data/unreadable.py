"""What is done about pictures that cannot be read, before hours of work meet the first of them."""

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from nhl.data.pictures import Pictures, Protocol
from nhl.images import ImageError, load_image
from nhl.machine import processors

NAMED = 3  # of the unreadable pictures, in messages
BATCH = 256  # pictures between two reports of progress

Progress = Callable[[int, int], None]


def unreadable(protocol: Protocol, progress: Progress | None = None) -> dict[Path | bytes, ImageError]:
    """The pictures of a protocol that cannot be read, and why; each is looked at once.

    Only decoding finds a file that is cut short. It is done at the lowest resolution that the format
    offers, which takes a fraction of the time.

    Args:
        protocol: its parts may share pictures.
        progress: called with the number of pictures looked at and of all.
    """
    sources = _sources(protocol)
    found: dict[Path | bytes, ImageError] = {}
    with ThreadPoolExecutor(processors()) as pool:
        for start in range(0, len(sources), BATCH):
            batch = sources[start : start + BATCH]
            why = zip(batch, pool.map(_why, batch), strict=True)
            found.update({source: error for source, error in why if error is not None})
            if progress is not None:
                progress(start + len(batch), len(sources))
    return found


def refuse(protocol: Protocol, progress: Progress | None = None) -> Protocol:
    """The protocol, if all its pictures can be read.

    Raises:
        ImageError: if some cannot; it says how many and names the first.
    """
    if found := unreadable(protocol, progress):
        told = _told(found, protocol)
        raise ImageError(f'{told}; mend or remove them, or leave them out with `unreadable="skip"`')
    return protocol


def skip(protocol: Protocol, progress: Progress | None = None) -> Protocol:
    """The protocol without the pictures that cannot be read; a warning and the description count them.

    Raises:
        ImageError: if none is left in one part.
    """
    found = unreadable(protocol, progress)
    if not found:
        return protocol
    told = _told(found, protocol)

    def rest(part: str, pictures: Pictures) -> Pictures:
        kept = pictures.where(lambda source: source not in found)
        if not len(kept):
            raise ImageError(f"the part {part!r} has no picture left: {told}")
        return kept

    left = replace(
        protocol,
        # The parts are told at their full size, by which the protocol is known.
        description=f"{protocol.description}; {len(found):,} of these pictures are unreadable and left out",
        train=rest("train", protocol.train),
        query=rest("query", protocol.query),
        database=rest("database", protocol.database),
    )
    warnings.warn(f"{told}; they are left out", stacklevel=3)
    return left


def trust(protocol: Protocol, progress: Progress | None = None) -> Protocol:
    """The protocol as it is: a picture that cannot be read stops the work that comes to it."""
    return protocol


UNREADABLE: dict[str, Callable[[Protocol, Progress | None], Protocol]] = {
    "refuse": refuse,
    "skip": skip,
    "trust": trust,
}


def _sources(protocol: Protocol) -> list[Path | bytes]:
    parts = (protocol.train, protocol.query, protocol.database)
    return list(dict.fromkeys(source for part in parts for source in part.sources))


def _why(source: Path | bytes) -> ImageError | None:
    try:
        load_image(source, max_side=64)
    except ImageError as error:
        return error
    return None


def _told(found: dict[Path | bytes, ImageError], protocol: Protocol) -> str:
    first = [
        f"{'one in memory' if isinstance(source, bytes) else source} ({error})"
        for source, error in list(found.items())[:NAMED]
    ]
    more = ", ..." if len(found) > NAMED else ""
    total = len(_sources(protocol))
    return f"{len(found):,} of {total:,} pictures cannot be read: {', '.join(first)}{more}"
