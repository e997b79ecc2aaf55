"""Decoded pictures of any mode as 8 bits a channel, and their colours as sRGB."""

from functools import lru_cache
from io import BytesIO
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from nhl.images.tiff import BITS, PHOTOMETRIC, SAMPLES, SIGNED, WHITE_IS_ZERO

SCREEN = 2.2  # the gamma that a browser shows a PNG with
_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def eight_bits(image: Image.Image) -> Image.Image:
    """The picture in mode L, RGB, RGBA, CMYK or LAB, with all that is known of it but its tags."""
    if image.mode[0] in "IF":  # I;16, I;16B, I, F: Pillow would cut off what exceeds 255
        return _of_deep(image)
    if image.mode in ("CMYK", "LAB"):
        return image
    if image.format in ("BMP", "DIB") and image.mode == "RGBA" and image.getchannel("A").getbbox() is None:
        return image.convert("RGB")  # such files leave their fourth byte unused
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode == "L" else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _of_deep(image: Image.Image) -> Image.Image:
    tags = getattr(image, "tag_v2", {})
    values = np.asarray(image)
    grey = _grey(image.mode, values, tags)
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        grey = 255 - grey
    if (transparent := image.info.get("transparency")) is not None:
        grey[values == transparent] = 255
    made = Image.fromarray(grey)
    made.info = {name: value for name, value in image.info.items() if name != "transparency"}
    return made


def _grey(mode: str, values: NDArray[Any], tags: Any) -> NDArray[np.uint8]:
    if mode == "F":
        values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    elif full := _full_scale(values, tags):
        if full == 2**32 - 1:
            values = values.view(np.uint32)
        shift = full.bit_length() - 8
        return (np.maximum(values, 0) >> shift).astype(np.uint8)
    low, high = min(0, values.min()), max(1, values.max())
    # No scale is agreed on: [0, 1] is kept, anything wider is stretched.
    return ((values.astype(np.float64) - low) * (255 / (float(high) - float(low)))).astype(np.uint8)


def _full_scale(values: NDArray[Any], tags: Any) -> int | None:
    """The value of white, where one is agreed on."""
    bits, signed = tags.get(BITS, (0,))[0], tags.get(SAMPLES, (1,))[0] == SIGNED
    low, high = int(values.min()), int(values.max())
    if bits == 32:
        unsigned_high = int(values.view(np.uint32).max()) if low < 0 else high
        if not signed and unsigned_high >= 2**24:
            return 2**32 - 1
        if signed and low >= 0 and high >= 2**24:
            return 2**31 - 1
    if bits == 16 and signed:
        return 2**15 - 1
    if low < 0 or high > 65535:
        return None
    if 8 < bits < 16 or (bits == 16 and 255 < high < 4096):
        return 2 ** min(bits, 12) - 1 if high < 4096 else 2**bits - 1  # 12 bits are often kept in 16
    return 65535


def to_srgb(image: Image.Image, profile: bytes | None, was_grey: bool) -> Image.Image:
    """A picture in mode L, RGB or RGBA, its colours converted to sRGB; a profile that is wrong is ignored.

    Args:
        image: in mode L, RGB, RGBA, CMYK or LAB.
        profile: the bytes of an ICC profile.
        was_grey: whether it had no colours before it got this mode.
    """
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    transform, mode = _transform(profile or b"", image.mode)
    if transform is None or (mode == "L") != was_grey:
        return image.convert("RGB") if image.mode in ("CMYK", "LAB") else image
    found = transform.apply(image if image.mode == mode else image.convert(mode))
    if alpha is not None:
        found.putalpha(alpha)
    return found


@lru_cache(maxsize=16)
def _transform(profile: bytes, of: str) -> tuple[ImageCms.ImageCmsTransform | None, str]:
    """The conversion of a mode to sRGB, and the mode that it takes; None where there is nothing to do."""
    srgb = ImageCms.createProfile("sRGB")
    try:
        if of == "LAB":
            return ImageCms.ImageCmsTransform(
                ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")),
                ImageCms.ImageCmsProfile(srgb),
                "LAB",
                "RGB",
            ), "LAB"
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _SPACES[source.profile.xcolor_space]
        if (mode == "CMYK") != (of == "CMYK"):
            return None, ""
        transform = ImageCms.ImageCmsTransform(source, ImageCms.ImageCmsProfile(srgb), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, KeyError, TypeError, ValueError):
        return None, ""
    return (None, "") if mode != "CMYK" and _changes_nothing(transform, mode) else (transform, mode)


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a profile is sRGB in all but its bytes, as those of most cameras are."""
    levels = range(0, 256, 15)
    colours = np.array([*product(levels, repeat=3)], np.uint8)[None]
    tried = Image.fromarray(colours).convert(mode)
    found = np.asarray(transform.apply(tried), int)
    return int(np.abs(found - np.asarray(tried.convert("RGB"), int)).max()) <= 2


def without_gamma(image: Image.Image, gamma: float) -> Image.Image:
    """A picture in mode L, RGB or RGBA, stored with a gamma of `gamma`, as a browser shows it."""
    exponent = 1 / (gamma * SCREEN)
    if abs(exponent - 1) < 0.05:
        return image
    colours = [round(255 * (level / 255) ** exponent) for level in range(256)]
    bands = image.getbands()
    table = [level for band in bands for level in (range(256) if band == "A" else colours)]
    return image.point(table)
