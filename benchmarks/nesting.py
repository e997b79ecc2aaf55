"""What nesting is worth: one nested code, a model for each length, and one long code cut short.

The same loss, pictures, epochs and seeds; heads of one hidden layer on the frozen features of an ImageNet network, so that
all of it is learnt in minutes on a CPU. The queries are emoji that were held out whole; the database is the emoji that
were learnt from. Figures are means over the seeds. The page's section "Why nested" draws them.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.result_file import write_result
from nhl.codes import LENGTHS
from nhl.evaluation.compare import compare
from nhl.evaluation.comparison import Comparison
from nhl.training.settings import Settings

KINDS = {"nested": "equal", "single": "single", "cut": "cut"}
"""Modes of `compare` by what they show."""


def summary(records: Sequence[dict[str, Any]], lengths: Sequence[int]) -> dict[str, Any]:
    """Quality by kind, its spread over seeds, and seconds of training for all lengths."""

    def values(mode: str, length: int, key: str) -> list[float]:
        return [r[key] for r in records if (r["mode"], r["length"]) == (mode, length)]

    quality = {k: [round(statistics.mean(values(m, b, "map")), 4) for b in lengths] for k, m in KINDS.items()}
    spread = {
        k: [round(statistics.pstdev(values(m, b, "map")), 4) for b in lengths] for k, m in KINDS.items()
    }
    times = {k: [statistics.mean(values(m, b, "seconds")) for b in lengths] for k, m in KINDS.items()}
    return {
        "lengths": list(lengths),
        "quality": quality,
        "deviation": spread,
        "seconds": {k: round(sum(t) if k == "single" else t[0], 1) for k, t in times.items()},
    }


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks nesting",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--data", default="emoji", help="data set (emoji)")
    parser.add_argument("--loss", default="orthohash", help="a published loss (orthohash)")
    parser.add_argument("--seeds", type=int, default=3, help="how many (3)")
    parser.add_argument("--epochs", type=int, default=20, help="of each run (20)")
    parser.add_argument("--views", type=int, default=4, help="random views of each picture (4)")
    parser.add_argument(
        "--cache", type=Path, default=Path.home() / ".cache" / "nhl", help="folder of features"
    )
    parser.add_argument("--out", type=Path, help="result file (benchmarks/results/nesting.json)")
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
