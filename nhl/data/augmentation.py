"""Random changes of a picture that keep its class."""

from collections.abc import Callable

from torchvision.transforms import InterpolationMode, v2

from nhl.model.preprocessing import Preprocessing

AUGMENTATIONS: dict[str, Callable[[], list[v2.Transform]]] = {
    "color": lambda: [v2.ColorJitter(0.4, 0.4, 0.4, 0.1), v2.RandomGrayscale(0.1)],
    "trivial": lambda: [v2.TrivialAugmentWide()],  # Müller and Hutter 2021, arXiv 2103.10158
}
"""What a random view changes besides where its picture lies, by name."""


def augmentation(preprocessing: Preprocessing, name: str = "color") -> v2.Compose:
    """Random changes that keep the class: of whole drawings on white ("pad"), else of photographs."""
    if preprocessing.fit == "pad":
        move = v2.RandomAffine(20, (0.1, 0.1), (0.75, 1.2), 8, InterpolationMode.BILINEAR, fill=255)
    else:
        move = v2.RandomResizedCrop(preprocessing.size, (0.4, 1.0), interpolation=InterpolationMode.BICUBIC)
    return v2.Compose([move, v2.RandomHorizontalFlip(), *AUGMENTATIONS[name]()])
