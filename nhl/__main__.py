"""`python -m nhl`: every command."""

import argparse
import sys
from collections.abc import Sequence

from nhl.commands import Formatter, advise, average, compare, evaluate, export, gallery, output, search, train

COMMANDS = (train, average, evaluate, compare, gallery, search, advise, export)

EXAMPLES = """examples:
  python -m nhl gallery build emoji --to emoji.db
  python -m nhl gallery add photos --to my.db
  python -m nhl train --data emoji --to runs/emoji
  python -m nhl evaluate --checkpoint checkpoints/emoji
  python -m nhl search checkpoints/emoji/gallery.db photo.jpg --bits 32 --top 20
  python -m nhl advise my.db
  python -m nhl export --checkpoint checkpoints/emoji --to model.onnx
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    output.escape_unknown_characters()
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        output.nobody_reads()
    except (ValueError, OSError, ArithmeticError, ModuleNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nhl", description="Nested hash codes.", epilog=EXAMPLES, formatter_class=Formatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
