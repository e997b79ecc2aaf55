"""A folder in the layout of Tiny ImageNet, all of its pictures one grey file of a few bytes."""

import io
from pathlib import Path

from PIL import Image

from nhl.data.tiny_imagenet import TRAIN
from nhl.gallery.photographs import KINDS, VALIDATION, photo_kinds


def tiny_photos(folder: Path) -> Path:
    """Write it: links to one file, since there are 110,000 of them."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "grey").save(file, "JPEG")
    one = folder / "one"
    one.write_bytes(file.getvalue())
    root = folder / "tiny-imagenet-200"
    (root / "val" / "images").mkdir(parents=True)
    lines = []
    for number, kind in enumerate(photo_kinds()):
        images = root / "train" / kind.wnid / "images"
        images.mkdir(parents=True)
        for i in range(TRAIN):
            (images / f"{kind.wnid}_{i}.JPEG").symlink_to(one)
        for i in range(VALIDATION):
            name = f"val_{i * KINDS + number}.JPEG"
            (root / "val" / "images" / name).symlink_to(one)
            lines.append(f"{name}\t{kind.wnid}\t0\t0\t8\t8")
    (root / "val" / "val_annotations.txt").write_text("\n".join(lines) + "\n")
    return root
