"""Drawings and photographs as a network learns from them: decoded once, kept as bytes on its device, changed there."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from nhl.data.pictures import Pictures
from nhl.machine import processors
from nhl.model.half import in_half
from nhl.model.normalization import Normalization
from nhl.model.preprocessing import Preprocessing
from nhl.training.random_views import Draw, drawings, photographs
from nhl.training.trainer import Shown

DRAWING_SIDE, PHOTO_SIDE = 96, 64
BATCH = 64

Progress = Callable[[int, int], None]


class Mixture:
    """An epoch, from 0, to what it shows: all drawings, and one share of the photographs, a different one each time.

    Where the first stages of the network are frozen, their output is computed once a view and kept: each drawing has
    `views` views, each photograph one. Else each epoch has views of its own, and none is kept. What is drawn at random
    depends on the seed and the epoch alone, so that a resumed run draws the same.

    Args:
        drawn: the drawings; their numbers come first.
        photos: the photographs.
        preprocessing: size and scale of the inputs.
        stem: the frozen stages, images (M, 3, S, S) to (M, ...); an `nn.Identity` freezes nothing.
        rounds: epochs in which all photographs are shown once.
        views: kept views of each drawing.
        seed: of the views.
        device: where pictures are kept and changed.
        half: whether the stem computes in bfloat16.
        progress: called with the pictures done and all, when they are decoded and when views are computed.
    """

    def __init__(
        self,
        drawn: Pictures,
        photos: Pictures,
        preprocessing: Preprocessing,
        stem: nn.Module,
        rounds: int,
        views: int,
        seed: int,
        device: torch.device,
        half: bool,
        progress: Progress = lambda done, total: None,
    ) -> None:
        self.preprocessing, self.stem, self.rounds, self.views = preprocessing, stem, rounds, views
        self.seed, self.device, self.half, self.progress = seed, device, half, progress
        self._normalize = Normalization(preprocessing).to(device)  # once: each copy would make a GPU wait
        self.keep = not isinstance(stem, nn.Identity) and views > 0
        self.drawn = decoded(drawn, DRAWING_SIDE, progress).to(device)
        self.photos = decoded(photos, PHOTO_SIDE, progress).to(device)
        self.order = torch.from_numpy(np.random.default_rng(seed).permutation(len(photos)))
        self._kept: dict[tuple[str, int], Tensor] = {}

    def __call__(self, epoch: int) -> Shown:
        """What the epoch shows."""
        share = self.order.tensor_split(self.rounds)[epoch % self.rounds]
        indices = torch.cat([torch.arange(len(self.drawn)), len(self.drawn) + share])
        if not self.keep:
            draw = Draw(hash_of(self.seed, epoch), self.device)
            return Shown(indices, lambda rows: self._views(indices[rows], draw))
        kept = torch.cat(
            [
                self._computed(("drawings", epoch % self.views), torch.arange(len(self.drawn))),
                self._computed(("photographs", epoch % self.rounds), len(self.drawn) + share),
            ]
        )
        return Shown(indices, lambda rows: kept[rows])

    def _computed(self, key: tuple[str, int], indices: Tensor) -> Tensor:
        if key not in self._kept:
            draw = Draw(hash_of(self.seed, key[1], len(key[0])), self.device)
            parts = []
            for part in indices.split(BATCH):
                parts.append(in_half(self._views(part, draw)).cpu())
                self.progress(sum(map(len, parts)), len(indices))
            self._kept[key] = torch.cat(parts)
        return self._kept[key]

    @torch.no_grad()
    def _views(self, indices: Tensor, draw: Draw) -> Tensor:
        """Inputs (M, ...) of a batch; its drawings lie on photographs of the whole set.

        The batch is parted on the CPU, so that nothing waits for a GPU.
        """
        size, count = self.preprocessing.size, len(self.drawn)
        shape, layout = (len(indices), 3, size, size), torch.channels_last
        images = torch.empty(shape, device=self.device, memory_format=layout)
        photo, drawn = ((indices >= count).nonzero()[:, 0], (indices < count).nonzero()[:, 0])
        if len(photo):
            chosen = self.photos[(indices[photo] - count).to(self.device)]
            images[photo.to(self.device)] = photographs(chosen, size, draw)
        if len(drawn):
            behind = (draw.uniform(0, 1, len(drawn)) * len(self.photos)).long()
            backgrounds = interpolate(self.photos[behind].float() / 255, size, mode="bilinear")
            chosen = self.drawn[indices[drawn].to(self.device)]
            images[drawn.to(self.device)] = drawings(chosen, size, draw, backgrounds)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            found: Tensor = self.stem(self._normalize(images * 255))
        return found


def decoded(pictures: Pictures, side: int, progress: Progress = lambda done, total: None) -> Tensor:
    """Pictures as bytes (N, 3, side, side), each whole, centred on white."""
    square = Preprocessing(size=side).square

    def pixels(index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        return np.asarray(square(pictures.image(index))).transpose(2, 0, 1)

    found = np.empty((len(pictures), 3, side, side), dtype=np.uint8)
    with ThreadPoolExecutor(processors()) as pool:
        for index, image in enumerate(pool.map(pixels, range(len(pictures)))):
            found[index] = image
            if index % 1000 == 999 or index + 1 == len(pictures):
                progress(index + 1, len(pictures))
    return torch.from_numpy(found)


def hash_of(*numbers: int) -> int:
    """A seed from several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
