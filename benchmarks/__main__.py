"""`python -m benchmarks NAME [options]`: run one benchmark, print its table, write its result file."""

import importlib
import sys
from collections.abc import Sequence

BENCHMARKS = {
    "search": "NestedIndex against faiss.IndexBinaryFlat, at every length",
    "encode": "images to codes: our runtimes against torch eager",
    "startup": "seconds until the page answers, and its memory",
    "page": "a query's way through the server, the slider, the first load",
}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark that the first argument names with the rest of them; the exit status."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m benchmarks NAME [--help]\n")
        print("\n".join(f"  {name:10} {what}" for name, what in BENCHMARKS.items()))
        return 0
    name, *rest = arguments
    if name not in BENCHMARKS:
        print(f"unknown benchmark {name!r}; choose from {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    try:
        benchmark = importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        print(
            f"benchmark {name!r} needs the package {error.name!r}: pip install -r requirements-dev.txt",
            file=sys.stderr,
        )
        return 1
    return int(benchmark.main(rest) or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
