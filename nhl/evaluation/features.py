"""What a comparison learns from: features of a frozen backbone, computed once and kept on disk, or the pixels."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nhl.atomic_write import atomic_write
from nhl.data import Pictures, Protocol
from nhl.data.views import Views
from nhl.digest import sha256
from nhl.model.backbones import create_backbone
from nhl.model.preprocessing import Preprocessing
from nhl.training.mixture import decoded
from nhl.training.settings import Settings

VERSION = 1  # of how features are computed: another one makes all of them anew


@dataclass(frozen=True)
class Features:
    """What a head learns from and is measured on; of a whole network, pixels (3, S, S) as bytes in place of D features.

    Args:
        train: (V, N, D), V random views of the training pictures; of pixels one, the pictures as they are.
        plain: (N, D), the training pictures as they are.
        query: (Q, D).
        database: (N', D).
        labels: of the three parts, class numbers or zeros and ones.
        description: of the protocol.
        classes: C.
    """

    train: Tensor
    plain: Tensor
    query: Tensor
    database: Tensor
    labels: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
    description: str
    classes: int

    def held_back(self, share: float, seed: int) -> "Features":
        """Some training pictures in place of the queries and the database, half each: to choose settings."""
        order = torch.from_numpy(np.random.default_rng(seed).permutation(len(self.plain)))
        count = round(share * len(order) / 2)
        query, database, train = order[:count], order[count : 2 * count], order[2 * count :]
        labels = tuple(self.labels[0][part.numpy()] for part in (train, query, database))
        return replace(
            self,
            train=self.train[:, train],
            plain=self.plain[train],
            query=self.plain[query],
            database=self.plain[database],
            labels=labels,
            description=f"{2 * count:,} training pictures kept back, half against half; {self.description}",
        )

    def drawn(self, split: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows (Q,) of the queries and (N',) of the database among both, one after the other, in one of several draws.

        Split 0 is the protocol's own; in each other as many of each class are drawn from both. Pictures of several
        labels are drawn whatever their labels.
        """
        labels = np.concatenate(self.labels[1:])
        rows, count = np.arange(len(labels)), len(self.query)
        if not split:
            return rows[:count], rows[count:]
        classes = labels if labels.ndim == 1 else np.zeros(len(labels), dtype=np.int64)
        rng = np.random.default_rng(split)
        parts = [
            rng.permutation(rows[classes == label])[: (classes[:count] == label).sum()]
            for label in np.unique(classes)
        ]
        query = np.sort(np.concatenate(parts))
        return query, np.delete(rows, query)

    def redrawn(self, split: int) -> "Features":
        """The same with the queries and the database of a split, as `drawn` gives them."""
        rows = self.drawn(split)
        both, labels = torch.cat([self.query, self.database]), np.concatenate(self.labels[1:])
        query, database = (both[part] for part in map(torch.from_numpy, rows))
        of_both = self.labels[0], labels[rows[0]], labels[rows[1]]
        return replace(self, query=query, database=database, labels=of_both)


def pixels(
    settings: Settings,
    protocol: Protocol,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Features:
    """The pictures of a protocol as bytes, each whole, for a network that learns in all its layers.

    Args:
        settings: the size.
        protocol: the pictures.
        progress: called with the number of pictures done and of all.
    """
    parts = (protocol.train, protocol.query, protocol.database)
    total, done = sum(map(len, parts)), 0

    def of(part: Pictures) -> Tensor:
        nonlocal done
        found = decoded(part, settings.size, lambda now, _: progress(done + now, total))
        done += len(part)
        return found

    train, query, database = map(of, parts)
    labels = (protocol.train.labels, protocol.query.labels, protocol.database.labels)
    description = f"{protocol.description}; the whole network learns"
    return Features(train[None], train, query, database, labels, description, len(protocol.classes))


def features(
    settings: Settings,
    protocol: Protocol,
    cache: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Features:
    """The features of a protocol by the backbone of the settings, scaled to mean 0 and deviation 1.

    They are kept under a digest of all pictures, of the network's weights and of the settings that change them, so
    that no other pictures or weights share them.

    Args:
        settings: which backbone, size, fit and seed, and how many views.
        protocol: the pictures.
        cache: folder in which they are kept; computed only if they are not there.
        progress: called with the number of pictures done and of all.
    """
    used = ("backbone", "pretrained", "size", "fit", "views", "precision", "seed")
    torch.manual_seed(settings.seed)
    backbone = create_backbone(settings.backbone, settings.pretrained).eval()
    weights = (np.atleast_1d(value.numpy()) for value in backbone.state_dict().values())
    key = sha256(
        str(VERSION),
        json.dumps({name: getattr(settings, name) for name in used}),
        *(part.digest() for part in (protocol.train, protocol.query, protocol.database)),
        sha256(*weights),
    )
    path = cache / f"features-{key[:16]}.safetensors"
    if not path.is_file():
        found = _compute(backbone, settings, protocol, progress)
        cache.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as partial:
            save_file(found, partial)
    kept = {name: part.float() for name, part in load_file(path).items()}
    mean, deviation = kept["plain"].mean(0), kept["plain"].std(0) + 1e-3
    scaled = {name: (part - mean) / deviation for name, part in kept.items()}
    labels = (protocol.train.labels, protocol.query.labels, protocol.database.labels)
    return Features(**scaled, labels=labels, description=protocol.description, classes=len(protocol.classes))


def _compute(
    backbone: nn.Module, settings: Settings, protocol: Protocol, progress: Callable[[int, int], None]
) -> dict[str, Tensor]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    backbone.to(device).to(memory_format=torch.channels_last)
    preprocessing = Preprocessing(size=settings.size, fit=settings.fit)
    parts = {"plain": protocol.train, "query": protocol.query, "database": protocol.database}
    total, done = sum(map(len, parts.values())) + settings.views * len(protocol.train), 0

    def view(pictures: Pictures, count: int, number: int) -> Tensor:
        nonlocal done
        views = Views(pictures, preprocessing, backbone, count, settings.seed, device, settings.precision)
        found = views.get(number, lambda now, _: progress(done + now, total))
        done += len(pictures)
        return found

    found = {name: view(pictures, 0, 0) for name, pictures in parts.items()}
    views = [view(protocol.train, settings.views, number) for number in range(settings.views)]
    return {**found, "train": torch.stack(views)}
