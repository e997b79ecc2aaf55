"""`python -m benchmarks NAME [options]`: run one benchmark, print its table, write its result file."""

import importlib
import sys
from collections.abc import Sequence

BENCHMARKS = {
    "search": "NestedIndex against faiss.IndexBinaryFlat, at every length",
    "evaluate": "mAP at every length in one pass, against a sort for each query and length",
    "clickhouse": "the same codes in a ClickHouse table, against NestedIndex",
    "encode": "from images to codes: our runtimes against torch eager",
    "gallery": "from a folder of JPEG files to a gallery, against encoding them alone",
    "train": "all code lengths in one training run, against a run for each",
    "gpu": "tests, pictures per second and the page's model in minutes, on a machine with a GPU",
    "nesting": "one nested code, a model for each length, and a long code cut short",
    "unseen_style": "precision at 10 of drawings in a style that no model was trained on",
    "startup": "seconds until the page answers, and the memory that it takes",
    "page": "response times: a query, a move of the slider, the first load",
    "reliability": "kills at random moments, a full disk, a crowd; see docs/RELIABILITY.md",
    "strangers": "the README's two commands on each Python, and a Space; see docs/RELIABILITY.md",
    "rooms": "no benchmark: draws which package imports which, as docs/rooms.svg",
    "pictures": "no benchmark: draws the pictures of a result of search",
}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark that the first argument names with the rest of them; the exit status."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m benchmarks NAME [--help]\n")
        print("\n".join(f"  {name:12} {what}" for name, what in BENCHMARKS.items()))
        return 0
    name, *rest = arguments
    if name not in BENCHMARKS:
        print(f"unknown benchmark {name!r}; choose from {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    try:
        return int(importlib.import_module(f"benchmarks.{name}").main(rest) or 0)
    except ModuleNotFoundError as error:
        print(
            f"benchmark {name!r} needs the package {error.name!r}: pip install -r requirements-dev.txt",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("stopped; no result written", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
