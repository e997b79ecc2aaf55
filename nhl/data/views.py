"""Augmented views of pictures, and what the frozen stages of a network make of them, kept in memory.

Each picture is seen in a fixed number of random views, each computed once: the frozen stages, which
learn nothing, then cost nothing in later epochs. Or each epoch has a view of its own, and none is kept.
View v of picture i depends on the seed, v and i alone.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from nhl.data.augmentation import augmentation
from nhl.data.pictures import Pictures
from nhl.model.half import in_half
from nhl.model.normalization import Normalization
from nhl.model.preprocessing import Preprocessing

ALONE = 512  # pictures that are done before other processes have started


class _View(Dataset[Tensor]):
    def __init__(
        self, pictures: Pictures, preprocessing: Preprocessing, seed: int | None, augment: str
    ) -> None:
        self.pictures, self.preprocessing, self.seed = pictures, preprocessing, seed
        self.augment = augmentation(preprocessing, augment)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Tensor:
        picture = self.preprocessing.square(self.pictures.image(index))
        image: Tensor = v2.functional.pil_to_tensor(picture)  # (3, S, S) uint8
        if self.seed is not None:
            torch.manual_seed(self.seed * 1_000_003 + index)
            image = self.augment(image)
        return image


class Views:
    """All views of some pictures after the frozen stages, (N, ...) each.

    Args:
        pictures: N pictures.
        preprocessing: their size and scale.
        stem: the frozen stages; images (M, 3, S, S) to (M, ...).
        count: how many random views there are; 0 means the one without augmentation.
        seed: of the views.
        device: where the stem runs.
        precision: of the stem's arithmetic, "float32" or "bfloat16".
        workers: processes that decode and augment.
        augment: a name from `nhl.data.augmentation`.
        keep: whether views are kept; else each is computed when it is asked for.
    """

    def __init__(
        self,
        pictures: Pictures,
        preprocessing: Preprocessing,
        stem: nn.Module,
        count: int,
        seed: int = 0,
        device: torch.device | None = None,
        precision: str = "float32",
        workers: int = 2,
        augment: str = "color",
        keep: bool = True,
    ) -> None:
        self.pictures, self.preprocessing, self.stem = pictures, preprocessing, stem
        self.count, self.seed, self.device = count, seed, device or torch.device("cpu")
        self.half, self.workers = precision == "bfloat16", workers
        self.augment, self.keep = augment, keep
        self._normalize = Normalization(preprocessing).to(
            self.device
        )  # once: each copy would make a GPU wait
        self._kept: dict[int, Tensor] = {}

    def get(self, epoch: int, progress: Callable[[int, int], None] = lambda done, total: None) -> Tensor:
        """The view of an epoch, in half precision where that holds it; of those kept, computed at the first call."""
        view = epoch % self.count if self.count else -1
        if view in self._kept:
            return self._kept[view]
        found = self._compute(view, progress)
        if self.keep:
            self._kept[view] = found
        return found

    @torch.no_grad()
    def _compute(self, view: int, progress: Callable[[int, int], None]) -> Tensor:
        seed = None if view < 0 else self.seed * 10_007 + view
        pictures = _View(self.pictures, self.preprocessing, seed, self.augment)
        parts = []
        workers = self.workers if len(pictures) > ALONE else 0
        for batch in DataLoader(pictures, batch_size=64, num_workers=workers):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
                images = batch.to(self.device, memory_format=torch.channels_last)
                parts.append(in_half(self.stem(self._normalize(images))).cpu())
            progress(sum(map(len, parts)), len(pictures))
        return torch.cat(parts)
