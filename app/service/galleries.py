"""Which galleries there are: the one that ships, those that are fetched, and the visitor's own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from app import texts
from app.service.fetching import FetchedGallery, Preparation, Source
from app.service.own_pictures import OwnPictures, index_pictures
from app.service.search import SearchService, read_scores
from app.service.worker import Report
from nhl.gallery.files import numbered_pictures
from nhl.gallery.photographs import find_tiny_imagenet
from nhl.model.checkpoint import CheckpointError, read_config, weights_path

CIFAR10, PHOTOGRAPHS, MINE = "cifar10", "photographs", "mine"
PHOTO_MAP = "photo_map"
CIFAR10_CHECKPOINT = Path(__file__).parents[2] / "checkpoints" / "cifar10-50000"
MOST_VISITORS = 24
VISIT_SECONDS = 3600.0


class NotReadyError(ValueError):
    """A gallery that is offered but not here yet."""


class Galleries:
    """The galleries of one server.

    Args:
        shipped: the one that is shown first.
        cifar10: the folder of a model of CIFAR-10; where there is none, that gallery is not offered.
        where: the folder in which fetched galleries are kept; by default the user's cache.
    """

    def __init__(
        self,
        shipped: SearchService,
        cifar10: Path | None = CIFAR10_CHECKPOINT,
        where: Path | None = None,
    ) -> None:
        self.shipped = shipped
        self.first = shipped.gallery.meta.get("name") or "gallery"
        sources = []
        if cifar10 and _same_lengths(cifar10, shipped):
            worker = "app.service.cifar10_worker"
            sources.append(Source(CIFAR10, worker, cifar10, _cifar10_copy, lambda: read_scores(cifar10)))
        if shipped.checkpoint and (found := photo_scores(shipped)):  # its model knows photographs
            worker = "app.service.photographs_worker"
            sources.append(Source(PHOTOGRAPHS, worker, shipped.checkpoint, _photographs_copy, lambda: found))
        self.fetched = {source.name: FetchedGallery(source, where) for source in sources}
        self._own: dict[str, OwnPictures] = {}
        self._arriving: dict[str, threading.Event] = {}  # set when the visitor leaves

    @property
    def names(self) -> tuple[str, ...]:
        """The galleries that are offered, by name."""
        return (self.first, *self.fetched, MINE)

    def get(self, name: str, session: str | None = None) -> SearchService:
        """A gallery, as one visitor sees it.

        Raises:
            NotReadyError: if it is offered but not here.
            ValueError: if there is none of that name.
        """
        if name == self.first:
            return self.shipped
        if name in self.fetched:
            service = self.fetched[name].service
            if service is None:
                raise NotReadyError(texts.NOT_FETCHED)
            return service
        if name == MINE:
            own = self._own.get(session or "")
            if own is None:
                raise NotReadyError(texts.NOT_YOURS)
            own.seen = time.monotonic()
            return own.service
        raise ValueError(f"`gallery` must be one of {', '.join(self.names)} but got {name[:50]!r}")

    def by_key(self, key: str) -> SearchService:
        """The gallery with that key in the addresses of its pictures.

        Raises:
            KeyError: if there is none.
        """
        own = [pictures.service for pictures in list(self._own.values())]
        fetched = [gallery.service for gallery in self.fetched.values()]
        services = {s.key: s for s in (self.shipped, *fetched, *own) if s is not None}
        return services[key]

    def prepare(self, name: str) -> Preparation:
        """Bring a gallery here, in the background; how far that is.

        Raises:
            ValueError: if there is none of that name to bring.
        """
        if name not in self.fetched:
            raise ValueError(f"`gallery` must be one of {', '.join(self.fetched)} but got {name[:50]!r}")
        return self.fetched[name].prepare()

    def own(self, session: str, paths: Sequence[Path], report: Report) -> OwnPictures:
        """Make a visitor's pictures the visitor's gallery, in place of an earlier one.

        Raises:
            ValueError: if there is no picture among them, too many visitors have some, or the visitor leaves.
        """
        self.expire()
        if len(self._own) >= MOST_VISITORS and session not in self._own:
            raise ValueError(texts.TOO_MANY_OWN)
        gone = self._arriving[session] = threading.Event()

        def heard(stage: str, done: float) -> None:
            if gone.is_set():
                raise ValueError(texts.NOT_YOURS)
            report(stage, done)

        try:
            pictures = index_pictures(paths, self.shipped.encoder, heard)
            self._remove(session)
            self._own[session] = pictures
        finally:
            self._arriving.pop(session, None)
        if gone.is_set():
            self._remove(session)
            raise ValueError(texts.NOT_YOURS)
        return pictures

    def has_own(self, session: str | None) -> bool:
        """Whether a visitor's pictures are here."""
        return (session or "") in self._own

    def expire(self) -> None:
        """Remove the pictures that nobody has looked at for `VISIT_SECONDS`."""
        now = time.monotonic()
        for session in [s for s, own in list(self._own.items()) if now - own.seen > VISIT_SECONDS]:
            self._remove(session)

    def leave(self, session: str | None) -> None:
        """Remove what a visitor brought, or is bringing."""
        if arriving := self._arriving.get(session or ""):
            arriving.set()
        self._remove(session or "")

    def _remove(self, session: str) -> None:
        own = self._own.pop(session, None)
        if own is not None:
            own.close()

    def close(self) -> None:
        """End the work that is going on, and remove all that visitors brought."""
        for gallery in self.fetched.values():
            gallery.close()
        for session in {*self._own, *self._arriving}:
            self.leave(session)


def _same_lengths(checkpoint: Path, service: SearchService) -> bool:
    """Whether there is a model in a folder whose slider stops where the page's does."""
    try:
        weights_path(checkpoint)
        return read_config(checkpoint).lengths == service.lengths
    except CheckpointError:
        return False


def photo_scores(service: SearchService) -> dict[int, dict[str, float]]:
    """How well the shipped model finds photographs of one kind, by length; nothing where that was not measured."""
    scores = service.scores.items()
    return {length: {"map": score[PHOTO_MAP]} for length, score in scores if PHOTO_MAP in score}


def _cifar10_copy() -> Path | None:
    """The copy of CIFAR-10 that `NHL_DATA` holds."""
    folder = Path(os.environ.get("NHL_DATA") or "nowhere") / CIFAR10
    return folder if any(map(numbered_pictures, folder.glob("test/*"))) else None


def _photographs_copy() -> Path | None:
    """The copy of Tiny ImageNet that `NHL_DATA` holds."""
    try:
        return find_tiny_imagenet(Path(os.environ["NHL_DATA"]))
    except (KeyError, FileNotFoundError):
        return None
