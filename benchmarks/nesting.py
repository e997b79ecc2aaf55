"""What nesting is worth: one nested code, a model for each length, and one long code cut short.

All have the same loss, pictures, epochs and seeds. They are heads of one hidden layer on the frozen features of an ImageNet
network, so that everything is trained in minutes on a CPU. The queries are emoji that were held out whole; the database is
the emoji that were trained on. Figures are means over the seeds. The page's section "Why nested" draws them.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.options import options_of
from benchmarks.result_file import write_result
from nhl.codes import LENGTHS
from nhl.evaluation.compare import compare
from nhl.evaluation.comparison import Comparison
from nhl.evaluation.comparison_report import spread
from nhl.training.settings import Settings

KINDS = {"nested": "equal", "single": "single", "cut": "cut"}
"""Modes of `compare` by what they show."""


def summary(records: Sequence[dict[str, Any]], lengths: Sequence[int]) -> dict[str, Any]:
    """Quality by kind, its spread over seeds, and seconds of training for all lengths."""

    def values(mode: str, length: int, key: str) -> list[float]:
        return [r[key] for r in records if (r["mode"], r["length"]) == (mode, length)]

    quality = {k: [round(statistics.mean(values(m, b, "map")), 4) for b in lengths] for k, m in KINDS.items()}
    spreads = {
        k: spread(np.array([values(m, b, "map") for b in lengths]).T).round(4).tolist()
        for k, m in KINDS.items()
    }
    times = {k: [statistics.mean(values(m, b, "seconds")) for b in lengths] for k, m in KINDS.items()}
    return {
        "lengths": list(lengths),
        "quality": quality,
        "deviation": spreads,
        "seconds": {k: round(sum(t) if k == "single" else t[0], 1) for k, t in times.items()},
    }


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    parser = options_of("nesting", __doc__)
    parser.add_argument("--data", default="emoji", help="data set")
    parser.add_argument("--loss", default="orthohash", help="a published loss")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--epochs", type=int, default=20, help="epochs of each run")
    parser.add_argument("--views", type=int, default=4, help="random views of each picture")
    parser.add_argument(
        "--cache", type=Path, default=Path.home() / ".cache" / "nhl", help="folder where features are kept"
    )
    options = parser.parse_args(arguments)
    settings = Settings(
        data=options.data,
        epochs=options.epochs,
        views=options.views,
        head_lr=1e-3,
        backbone_lr=1e-3,
        mixup_alpha=0.0,
        ema_decay=0.99,
        precision="bfloat16",
    )
    seeds = tuple(range(options.seeds))
    comparison = Comparison(settings, (options.loss,), tuple(KINDS.values()), seeds)
    with tempfile.TemporaryDirectory() as work, tqdm(file=sys.stderr) as bar:

        def progress(what: str, done: int, total: int) -> None:
            bar.set_description(what)
            bar.total, bar.n = total, done
            bar.refresh()

        path = Path(work) / "records.json"
        records = compare(comparison, path, options.cache, progress=progress)
        protocol = json.loads(path.read_text(encoding="utf-8"))["protocol"]
    described = {"data": options.data, "loss": options.loss, "seeds": options.seeds, "epochs": options.epochs}
    described |= {"views": options.views, "protocol": protocol}
    result = {**described, **summary(records, LENGTHS)}
    for kind, found in result["quality"].items():
        print(f"{kind:7} {' '.join(f'{value:.3f}' for value in found)}")
    print(f"written to {write_result('nesting', result, options.out)}")
    return 0
