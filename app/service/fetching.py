"""Galleries that are not shipped: fetched or found on this machine, encoded once, and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from app import texts
from app.service.search import SearchService
from app.service.worker import Worker, WorkError
from nhl.gallery import Gallery, GalleryError
from nhl.model.runtimes import cache_folders


@dataclass
class Preparation:
    """How far a gallery is on its way here."""

    stage: str = "wait"
    done: float = 0.0
    error: str = ""
    ended: bool = False


@dataclass(frozen=True)
class Source:
    """Where a gallery comes from.

    Args:
        name: of the gallery and of its folder.
        module: of the worker that makes it.
        checkpoint: the folder of its model.
        copy: the folder of this machine that holds its pictures, if one does.
        scores: of the model on this gallery by length.
    """

    name: str
    module: str
    checkpoint: Path
    copy: Callable[[], Path | None]
    scores: Callable[[], Mapping[int, Mapping[str, float]]]


class FetchedGallery:
    """One such gallery; all visitors who want it share one preparation.

    Args:
        source: where it comes from.
        where: the folder in which it is kept; by default the user's cache.
    """

    def __init__(self, source: Source, where: Path | None = None) -> None:
        self.source, self._where = source, where
        self.service: SearchService | None = None
        self.worker = Worker(source.module, texts.FETCHING_STOPPED, linger=1.0)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gallery")
        self._preparation: Preparation | None = None
        self._lock = threading.Lock()

    def prepare(self) -> Preparation:
        """Bring it here, in the background; how far that is. A failure is told once: then it begins again."""
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
            path, checkpoint = self.folder() / "gallery.db", self.source.checkpoint
            if not _is_intact(path):
                copy = self.source.copy()
                request = {"checkpoint": str(checkpoint), "to": str(path), "folder": copy and str(copy)}
                self.worker.ask(request, report)
            self.service = SearchService.open(checkpoint, path, self.source.scores())
        except (WorkError, OSError) as error:
            preparation.error = str(error) if isinstance(error, WorkError) else texts.NO_ROOM
        except Exception:
            preparation.error = texts.FETCHING_STOPPED
            raise
        finally:
            preparation.ended = True

    def folder(self) -> Path:
        """The folder in which it is kept.

        Raises:
            WorkError: if there is none that can be written.
        """
        for place in (self._where,) if self._where else cache_folders():
            try:
                (place / self.source.name).mkdir(parents=True, exist_ok=True)
                return place / self.source.name
            except OSError:
                continue
        raise WorkError(texts.NO_ROOM)

    def close(self) -> None:
        """End the work that is going on."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self.worker.close()


def _is_intact(path: Path) -> bool:
    """Whether there is a gallery that is as it was written; one that was damaged since is made anew."""
    try:
        Gallery(path).close()
        return True
    except GalleryError:
        return False
