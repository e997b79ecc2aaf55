"""How well drawings in a style that was never trained on find their class: OpenMoji against the gallery.

OpenMoji (CC BY-SA 4.0) is kept for this measure; no model of this project is trained on it. Each of its drawings of an emoji
of the gallery is a query; the database is all pictures of the gallery, other styles of the same emoji among them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.options import options_of
from benchmarks.result_file import write_result
from nhl.commands import bar
from nhl.gallery import Gallery
from nhl.gallery.codes import gallery_codes
from nhl.gallery.emoji_styles import plain_code, svg_renderer
from nhl.gallery.npm import packed, read_package
from nhl.metrics import histograms
from nhl.model.encode import Encoder

PACKAGE = "openmoji@17.0.0"
FIRST = 10


def drawings(packages: Path, codes: set[str]) -> dict[str, bytes]:
    """The pictures of the emoji with these code points, as small WebP files."""
    draw, found = svg_renderer(), {}
    for name, svg in read_package(packages, PACKAGE, r"color/svg/[0-9A-F-]+\.svg").items():
        code = plain_code(Path(name).stem)
        if code in codes and (picture := draw(svg.decode())):
            found[code] = picture
    return found


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    parser = options_of("unseen_style", __doc__)
    parser.add_argument(
        "--checkpoint", type=Path, default=Path("checkpoints/emoji"), help="folder of the model"
    )
    parser.add_argument(
        "--packages", type=Path, help="folder with the npm archive; without it npm fetches it"
    )
    options = parser.parse_args(arguments)
    gallery = Gallery(options.checkpoint / "gallery.db")
    items = gallery.items()
    by_code = {plain_code(item.source.partition("#")[2]): item for item in items}
    with packed([PACKAGE], options.packages) as folder:
        pictures = drawings(folder, set(by_code))
    encoder = Encoder(options.checkpoint)
    with bar("Encoding") as progress:
        codes = encoder.encode(list(pictures.values()), progress=progress)
    classes = sorted({item.label for item in items})
    labels = np.array([classes.index(by_code[code].label) for code in pictures])
    database = np.array([classes.index(item.label) for item in items])
    held_out = np.array([by_code[code].split == "query" for code in pictures])
    against = gallery_codes(gallery, options.checkpoint, encoder)
    result: dict[str, object] = {"package": PACKAGE, "lengths": list(encoder.config.lengths)}
    for name, chosen in (("all", held_out >= 0), ("held_out", held_out), ("trained", ~held_out)):
        found = histograms(codes[chosen], against, labels[chosen], database, encoder.config.lengths)
        precision = [round(float(h.precision(FIRST).mean()), 4) for h in found.values()]
        result[name] = {"queries": int(chosen.sum()), "precision_at_10": precision}
        print(f"{name:9} {' '.join(f'{value:.3f}' for value in precision)}")
    print(f"written to {write_result('unseen_style', result, options.out)}")
    return 0
