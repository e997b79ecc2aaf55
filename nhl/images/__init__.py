"""Any picture as a browser shows it, in RGB on white, or one sentence that says why not."""

from nhl.images.loading import WHITE, ImageError, ImageSource, load_image

__all__ = ["WHITE", "ImageError", "ImageSource", "load_image"]
