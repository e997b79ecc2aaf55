"""Pictures, labels and codes in one SQLite file."""

from nhl.gallery.store import Gallery, GalleryError, Item, write_gallery

__all__ = ["Gallery", "GalleryError", "Item", "write_gallery"]
