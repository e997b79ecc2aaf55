"""Which galleries there are: the one that ships, CIFAR-10 where its model is there, and the visitor's own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from app import texts
from app.service.own_pictures import OwnPictures, index_pictures
from app.service.search import SearchService, read_scores
from app.service.worker import Report, Worker, WorkError
from nhl.gallery import Gallery, GalleryError
from nhl.gallery.files import numbered_pictures
from nhl.model.checkpoint import CheckpointError, read_config, weights_path
from nhl.model.runtimes import cache_folders

CIFAR10, MINE = "cifar10", "mine"
CIFAR10_CHECKPOINT = Path(__file__).parents[2] / "checkpoints" / "cifar10-50000"
MOST_VISITORS = 24
VISIT_SECONDS = 3600.0


class NotReadyError(ValueError):
    """A gallery that is offered but not here yet."""


@dataclass
class Preparation:
    """How far a gallery is on its way here."""

    stage: str = "wait"
    done: float = 0.0
    error: str = ""
    ended: bool = False


class Galleries:
    """The galleries of one server.

    Args:
        shipped: the one that is shown first.
        cifar10: the folder of a model of CIFAR-10; where there is none, that gallery is not offered.
        where: the folder in which the pictures of CIFAR-10 are kept; by default the user's cache.
    """

    def __init__(
        self, shipped: SearchService, cifar10: Path | None = CIFAR10_CHECKPOINT, where: Path | None = None
    ) -> None:
        self.shipped = shipped
        self.first = shipped.gallery.meta.get("name") or "gallery"
        self.cifar10 = cifar10 if cifar10 and _same_lengths(cifar10, shipped) else None
        self._where = where
        self._worker = Worker("app.service.cifar10_worker", texts.FETCHING_STOPPED, linger=1.0)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gallery")
        self._preparation: Preparation | None = None
        self._fetched: SearchService | None = None
        self._own: dict[str, tuple[OwnPictures, float]] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The galleries that are offered, by name."""
        return (self.first, *((CIFAR10,) if self.cifar10 else ()), MINE)

    def get(self, name: str, session: str | None = None) -> SearchService:
        """A gallery, as one visitor sees it.

        Raises:
            NotReadyError: if it is offered but not here.
            ValueError: if there is none of that name.
        """
        if name == self.first:
            return self.shipped
        if name == CIFAR10 and self.cifar10:
            if self._fetched is None:
                raise NotReadyError(texts.NOT_FETCHED)
            return self._fetched
        if name == MINE:
            own = self._own.get(session or "")
            if own is None:
                raise NotReadyError(texts.NOT_YOURS)
            return own[0].service
        raise ValueError(f"`gallery` must be one of {', '.join(self.names)} but got {name[:50]!r}")

    def by_key(self, key: str) -> SearchService:
        """The gallery with that key in the addresses of its pictures.

        Raises:
            KeyError: if there is none.
        """
        own = [pictures.service for pictures, _ in list(self._own.values())]
        services = {s.key: s for s in (self.shipped, self._fetched, *own) if s is not None}
        return services[key]

    def prepare(self) -> Preparation:
        """Bring CIFAR-10 here, in the background; how far that is. A failure is told once: then it begins again."""
        with self._lock:
            if self._preparation is None:
                self._preparation = Preparation()
                self._thread.submit(self._bring, self._preparation)
            found = self._preparation
            if found.ended and found.error:
                self._preparation = None
            return found

    def _bring(self, preparation: Preparation) -> None:
        def report(stage: str, done: float) -> None:
            preparation.stage, preparation.done = stage, done

        try:
            assert self.cifar10 is not None
            path = self._folder() / "gallery.db"
            if not _is_intact(path):
                folder = _data_folder()
                request = {"checkpoint": str(self.cifar10), "to": str(path), "folder": folder and str(folder)}
                self._worker.ask(request, report)
            service = SearchService.open(self.cifar10, path)
            service.scores = dict(read_scores(self.cifar10))
            self._fetched = service
        except (WorkError, OSError) as error:
            preparation.error = str(error) if isinstance(error, WorkError) else texts.NO_ROOM
        except Exception:
            preparation.error = texts.FETCHING_STOPPED
            raise
        finally:
            preparation.ended = True

    def _folder(self) -> Path:
        for place in (self._where,) if self._where else cache_folders():
            try:
                (place / CIFAR10).mkdir(parents=True, exist_ok=True)
                return place / CIFAR10
            except OSError:
                continue
        raise WorkError(texts.NO_ROOM)

    def own(self, session: str, paths: Sequence[Path], report: Report) -> OwnPictures:
        """Make a visitor's pictures the visitor's gallery, in place of an earlier one.

        Raises:
            ValueError: if there is no picture among them, or too many visitors have some.
        """
        now = time.monotonic()
        for other in [s for s, (_, since) in list(self._own.items()) if now - since > VISIT_SECONDS]:
            self.leave(other)
        if len(self._own) >= MOST_VISITORS and session not in self._own:
            raise ValueError(texts.TOO_MANY_OWN)
        pictures = index_pictures(paths, self.shipped.encoder, report)
        self.leave(session)
        self._own[session] = pictures, now
        return pictures

    def has_own(self, session: str | None) -> bool:
        """Whether a visitor's pictures are here."""
        return (session or "") in self._own

    def leave(self, session: str | None) -> None:
        """Remove what a visitor brought."""
        own = self._own.pop(session or "", None)
        if own is not None:
            own[0].close()

    def close(self) -> None:
        """End the work that is going on, and remove all that visitors brought."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._worker.close()
        for session in list(self._own):
            self.leave(session)


def _is_intact(path: Path) -> bool:
    """Whether there is a gallery that is as it was written; one that was damaged since is made anew."""
    try:
        Gallery(path).close()
        return True
    except GalleryError:
        return False


def _same_lengths(checkpoint: Path, service: SearchService) -> bool:
    """Whether there is a model in a folder whose slider stops where the page's does."""
    try:
        weights_path(checkpoint)
        return read_config(checkpoint).lengths == service.lengths
    except CheckpointError:
        return False


def _data_folder() -> Path | None:
    """The copy of CIFAR-10 that `NHL_DATA` holds."""
    folder = Path(os.environ.get("NHL_DATA") or "nowhere") / CIFAR10
    return folder if any(map(numbered_pictures, folder.glob("test/*"))) else None
