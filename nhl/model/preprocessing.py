"""A picture to the numbers a network reads: one size, one layout, one scale."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

FITS = ("pad", "crop", "squash")
INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class Preprocessing:
    """Makes every picture an array (3, S, S), float32, `(value / 255 - mean) / std` in each channel.

    Args:
        size: S, the side in pixels.
        mean: of red, green and blue, on the scale 0 to 1.
        std: of red, green and blue, on the scale 0 to 1.
        fit: how a picture becomes square. "pad" keeps all of it, centred on white; "crop" fills the
            square and loses the ends of the longer side; "squash" keeps all of it, distorted.
        interpolation: "nearest", "bilinear", "bicubic" or "lanczos".

    Raises:
        ValueError: if a setting breaks its rule.

    >>> Preprocessing(size=4)(Image.new("RGB", (8, 8), "white"))[:, 0, 0]
    array([1., 1., 1.], dtype=float32)
    """

    size: int = 128
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    fit: str = "pad"
    interpolation: str = "bicubic"

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise ValueError(f"`size` must be a positive whole number of pixels but got {self.size!r}")
        for name in ("mean", "std"):
            object.__setattr__(self, name, _three(name, getattr(self, name)))
        if min(self.std) <= 0:
            raise ValueError(f"`std` must be positive but got {self.std}")
        if self.fit not in FITS:
            raise ValueError(f"`fit` must be one of {', '.join(FITS)} but got {self.fit!r}")
        if self.interpolation not in INTERPOLATIONS:
            names = ", ".join(INTERPOLATIONS)
            raise ValueError(f"`interpolation` must be one of {names} but got {self.interpolation!r}")

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        """The array (3, S, S) of a picture; modes other than RGB are converted."""
        pixels = np.asarray(self.square(image), dtype=np.float32)  # (S, S, 3)
        scale, shift = self.affine()
        return np.ascontiguousarray((pixels * scale - shift).transpose(2, 0, 1))

    def affine(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """`scale` and `shift` (3,): a channel's values from 0 to 255 become `value * scale - shift`."""
        mean, std = np.array(self.mean, dtype=np.float32), np.array(self.std, dtype=np.float32)
        return (1 / (255 * std)).astype(np.float32), (mean / std).astype(np.float32)

    def square(self, image: Image.Image) -> Image.Image:
        """The picture resized to S x S, still a picture."""
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        side, method = (self.size, self.size), INTERPOLATIONS[self.interpolation]
        if rgb.size == side:
            return rgb
        if self.fit == "pad":
            return _pad(rgb, self.size, method)
        if self.fit == "crop":
            return ImageOps.fit(rgb, side, method)
        return rgb.resize(side, method)

    def as_dict(self) -> dict[str, Any]:
        """The settings, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> "Preprocessing":
        """The inverse of `as_dict`.

        Raises:
            ValueError: if a key is unknown or a value breaks its rule.

        >>> Preprocessing.from_dict({"size": 64, "fit": "crop"}).fit
        'crop'
        """
        names = [field.name for field in fields(cls)]
        if unknown := sorted(set(settings) - set(names)):
            raise ValueError(f"unknown preprocessing setting {unknown[0]!r}; choose from {', '.join(names)}")
        return cls(**settings)


def _pad(image: Image.Image, size: int, method: Image.Resampling) -> Image.Image:
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)  # a hairline stays one pixel wide
    square = Image.new("RGB", (size, size), WHITE)
    square.paste(image.resize((width, height), method), ((size - width) // 2, (size - height) // 2))
    return square


def _three(name: str, values: Any) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(value) for value in values)
        if not all(map(isfinite, (red, green, blue))):
            raise ValueError
    except (TypeError, ValueError):
        raise ValueError(f"`{name}` must be three finite numbers but got {values!r}") from None
    return red, green, blue
