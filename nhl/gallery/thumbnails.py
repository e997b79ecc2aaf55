"""The one maker of thumbnails: small WebP files."""

from io import BytesIO

from PIL import Image

from nhl.images import WHITE

SIDE = 128


def thumbnail(image: Image.Image, side: int = SIDE, best: bool = False) -> bytes:
    """A picture as a small WebP file, transparency on white.

    Args:
        image: any picture in RGB or RGBA, which is left as it is.
        side: neither side is longer, in pixels; smaller pictures stay as they are.
        best: take 20 times as long for a file that is made once and shown often.
    """
    small, file = image.copy(), BytesIO()
    if best:
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
    else:
        small.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=1.5)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, WHITE), small).convert("RGB")
    small.save(file, "WEBP", quality=90 if best else 75, method=6 if best else 0)
    return file.getvalue()
