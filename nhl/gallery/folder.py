"""Add folders of pictures to a gallery, and update it later by reading only what has changed."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nhl.gallery.codes import OtherModelError
from nhl.gallery.files import Found, PictureFile, find_pictures, is_inside, shown
from nhl.gallery.labels import Labels, folder_labels, read_labels
from nhl.gallery.reading import Read, read_pictures
from nhl.gallery.writer import GalleryWriter, StoredFile, writing
from nhl.images.names import passed_over
from nhl.model.checkpoint import fingerprint
from nhl.model.encode import Encoder, Progress


@dataclass
class Report:
    """What `add_folder` did, in pictures.

    Args:
        added: new ones.
        changed: whose content or labels are others than before.
        unchanged: that were there already.
        dropped: whose files are gone.
        unreadable: files and folders that could not be read, and why.
        passed_over: files that are not named like pictures.
        unmatched: lines of the file of labels that name no picture.
        told: what else is worth saying, a sentence each.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    dropped: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = (
            f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged, {self.dropped} dropped"
        )
        return f"{counts}, {len(self.unreadable)} unreadable"


def add_folder(
    gallery: str | Path,
    folder: str | Path,
    checkpoint: str | Path,
    labels: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Bring a gallery up to date with a folder: add what is new or changed, drop what is gone.

    A file whose size and time are as before is not opened; one whose content is known is not encoded.
    What `progress` has counted is safe, whatever happens to the process.

    Args:
        gallery: the gallery file, made where there is none.
        folder: searched with its sub-folders; the first of these on the way to a picture is its label.
        checkpoint: the folder of the model.
        labels: a CSV file of labels (`nhl.gallery.labels.read_labels`) instead.
        progress: called as `progress(done, total)`, in pictures to read, after each commit.

    Raises:
        ValueError: if the folder holds no pictures, `labels` name none of them, or another model made the
            gallery's codes.
        OSError: if the folder cannot be read or the gallery cannot be written.
    """
    model, found = fingerprint(checkpoint), find_pictures(folder)
    given = _labels(found, labels)
    report = Report(
        unreadable={shown(path): why for path, why in found.unreadable.items()},
        passed_over=[shown(path) for path in found.passed_over],
        unmatched=given.unmatched,
    )
    if given.unmatched:
        report.told.append(f"{labels}: {given}")
    if found.passed_over:
        report.told.append(
            passed_over(os.path.relpath(path, shown(found.root)) for path in report.passed_over)
        )
    with writing(gallery, create=True) as writer:
        if writer.meta.get("model", model) != model:
            raise OtherModelError(gallery, checkpoint)
        with writer.transaction():
            writer.set_meta(model=model, checkpoint=str(Path(checkpoint).resolve()))
        _Folder(writer, model, found, given.of, report).update(checkpoint, progress)
    return report


def _labels(found: Found, labels: str | Path | None) -> Labels:
    if labels is None:
        return Labels({file.path: folder_labels(found.root, file.path) for file in found.files})
    return read_labels(labels, found.root, [file.path for file in found.files])


class _Folder:
    """One update of a gallery: what is stored against what is found."""

    def __init__(
        self,
        writer: GalleryWriter,
        model: str,
        found: Found,
        label_of: dict[bytes, tuple[str, ...]],
        report: Report,
    ) -> None:
        self._writer, self._model, self._found, self._report = writer, model, found, report
        self._label_of, self._stored = label_of, writer.files()
        self._suspects = [file for file in found.files if not self._is_stored(file)]
        changed = {file.path for file in self._suspects}
        # Contents that stay as they are while this update runs: a copy of one needs no new code.
        self._known = {held.digest: held.item for path, held in self._stored.items() if path not in changed}

    def _is_stored(self, file: PictureFile) -> bool:
        held = self._stored.get(file.path)
        return held is not None and held.is_still(file)

    def update(self, checkpoint: str | Path, progress: Progress | None) -> None:
        suspects = {file.path for file in self._suspects}
        with self._writer.transaction():
            for file in self._found.files:
                if file.path not in suspects:
                    self._keep(file, self._stored[file.path])
        if self._suspects:
            done, total = 0, len(self._suspects)
            for reads in read_pictures(self._suspects, Encoder(checkpoint), self._knows):
                with self._writer.transaction():
                    for read in reads:
                        self._store(read)
                done += len(reads)
                if progress is not None:
                    progress(done, total)
        self._drop_gone()

    def _knows(self, file: PictureFile, digest: str) -> bool:
        held = self._stored.get(file.path)
        return digest in self._known or (held is not None and held.digest == digest)

    def _keep(self, file: PictureFile, held: StoredFile) -> None:
        labels = self._label_of.get(file.path, ())
        if labels == held.labels:
            self._report.unchanged += 1
        else:
            self._writer.relabel(held.item, labels)
            self._report.changed += 1

    def _store(self, read: Read) -> None:
        file, held = read.file, self._stored.get(read.file.path)
        if read.error:
            self._report.unreadable[shown(file.path)] = read.error
            if held is not None:  # what the gallery shows is no longer there
                self._writer.drop([held.item])
                self._report.dropped += 1
            return
        if held is not None and held.digest == read.digest:
            self._writer.touch(file)
            self._keep(file, held)
            return
        thumbnail, code = read.thumbnail, read.code
        if code is None:
            twin = self._known[read.digest]
            thumbnail, code = self._writer.thumbnail(twin), self._writer.code(twin, self._model)
        labels = self._label_of.get(file.path, ())
        self._writer.put(file, read.digest, labels, thumbnail, self._model, code)
        self._report.added += held is None
        self._report.changed += held is not None

    def _drop_gone(self) -> None:
        here, root = {file.path for file in self._found.files}, self._found.root
        gone = [
            held.item
            for path, held in self._stored.items()
            if path not in here and is_inside(path, root) and not self._found.hides(path)
        ]
        with self._writer.transaction():
            self._writer.drop(gone)
        self._report.dropped += len(gone)


def encode_again(gallery: str | Path, checkpoint: str | Path, progress: Progress | None = None) -> int:
    """Give a growing gallery the codes of another model; the old codes serve until all new ones are there.

    A picture whose file is gone or changed is encoded from its thumbnail.

    Args:
        gallery: the gallery file.
        checkpoint: the folder of the model.
        progress: called as `progress(done, total)` after each commit; an interrupted run goes on from there.

    Returns:
        How many pictures were encoded from their thumbnails.

    Raises:
        ValueError: if the gallery cannot be read or there is no checkpoint.
        OSError: if the gallery cannot be written.
    """
    model, from_thumbnails, done = fingerprint(checkpoint), 0, 0
    with writing(gallery) as writer:
        held, lacking = writer.files(), set(writer.without_code(model))
        files = [
            PictureFile(path, stored.size, stored.modified)
            for path, stored in held.items()
            if stored.item in lacking
        ]
        if files:
            encoder = Encoder(checkpoint)
            for reads in read_pictures(files, encoder, lambda file, digest: False):
                codes: dict[int, bytes] = {}
                for read in reads:
                    stored = held[read.file.path]
                    if read.code is None or read.digest != stored.digest:
                        codes[stored.item] = encoder.encode([writer.thumbnail(stored.item)]).tobytes()
                        from_thumbnails += 1
                    else:
                        codes[stored.item] = read.code
                with writer.transaction():
                    writer.put_codes(model, codes)
                done += len(reads)
                if progress is not None:
                    progress(done, len(files))
        with writer.transaction():
            writer.keep_only(model)
            writer.set_meta(model=model, checkpoint=str(Path(checkpoint).resolve()))
    return from_thumbnails


def remove(gallery: str | Path, paths: Iterable[str | Path]) -> int:
    """Take pictures out of a gallery; their files stay where they are.

    Args:
        gallery: the gallery file.
        paths: pictures, or folders of pictures, that need not exist any more.

    Returns:
        How many pictures were taken out.

    Raises:
        ValueError: if the gallery holds nothing under one of the paths; nothing is taken out then.
    """
    with writing(gallery) as writer:
        stored, items = writer.files(), set()
        for path in paths:
            whole = os.fsencode(Path(path).resolve())
            inside = {held.item for found, held in stored.items() if is_inside(found, whole)}
            if not inside:
                raise ValueError(f"{gallery} holds no picture from {shown(whole)}")
            items |= inside
        with writer.transaction():
            writer.drop(items)
    return len(items)
