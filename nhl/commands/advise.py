"""`python -m nhl advise`: which code length is good enough for a gallery."""

import argparse
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from nhl.commands import declare, gallery_file, model_folder, whole_number

if TYPE_CHECKING:
    from nhl.evaluation.advise import Advice


def add(commands: Any) -> None:
    """Declare the command."""
    parser = declare(commands, "advise", "say which code length is good enough for a gallery")
    parser.add_argument("gallery", type=gallery_file, help="the gallery file, or emoji for the shipped one")
    parser.add_argument(
        "--checkpoint", type=model_folder, help="folder of the model; by default the gallery's own"
    )
    parser.add_argument("--queries", type=whole_number(1), default=1000, help="largest number of queries")
    parser.add_argument("--seed", type=whole_number(0), default=0, help="seed of the sample of queries")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_advise)


def _advise(options: argparse.Namespace) -> None:
    import numpy as np

    from nhl.evaluation.advise import advise
    from nhl.gallery import Gallery
    from nhl.gallery.codes import gallery_codes, own_checkpoint
    from nhl.model.checkpoint import read_config

    gallery = Gallery(options.gallery)
    checkpoint, items = options.checkpoint or own_checkpoint(gallery), gallery.items()
    # Held-out pictures are the queries, where the gallery says which they are; else each is one.
    parts = {
        part: np.array([n for n, item in enumerate(items) if item.split == part])
        for part in ("query", "train")
    }
    held_out = all(len(part) for part in parts.values())
    advice = advise(
        gallery_codes(gallery, checkpoint),
        read_config(checkpoint).lengths,
        [item.label for item in items],
        parts["query"] if held_out else None,
        parts["train"] if held_out else None,
        most_queries=options.queries,
        seed=options.seed,
    )
    print(json.dumps(dataclasses.asdict(advice), indent=2) if options.json else table(advice))


def table(advice: "Advice") -> str:
    """The advice as lines of text."""
    lines = [
        f"{advice.queries:,} queries, {advice.pictures:,} database images; quality is {advice.measure}",
        "",
    ]
    lines.append(f"{'bits':>5} {'quality':>8} {'of full':>8} {'kB':>9} {'search us':>10}")
    for c in advice.costs:
        lines.append(
            f"{c.length:>5} {c.quality:>8.3f} {c.share:>8.1%} {c.bytes / 1000:>9.1f} {c.search_us:>10.1f}"
        )
    lines.append("")
    lines += [f"{length} bits keep {part} % of the quality" for part, length in advice.shortest.items()]
    return "\n".join(lines)
