"""`nhl`, or `python -m nhl`: every command."""

import argparse
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import nhl
from nhl.commands import Formatter, Parser, output
from nhl.mistakes import is_users, told

COMMANDS = ("train", "average", "evaluate", "compare", "gallery", "search", "advise", "export", "page")

EXAMPLES = """examples:
  python -m nhl gallery build emoji --to emoji.db
  python -m nhl gallery add photos --to my.db
  python -m nhl train --data emoji --to runs/emoji
  python -m nhl evaluate --checkpoint emoji
  python -m nhl search emoji photo.jpg --bits 32 --top 20
  python -m nhl advise my.db
  python -m nhl export --checkpoint emoji --to model.onnx
"""
REPORT = (
    "this is an error in nhl, not in what you gave it: please report it, with the lines above and the command"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status.

    The user's mistakes end in one sentence on standard error and status 2; `is_users` says which errors these are. Any
    other error is one of the program: its traceback is shown, with a request to report it, and the status is 1.
    """
    output.escape_unknown_characters()
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser(arguments).parse_args(arguments)
    try:
        with output.warn_in_one_line():
            options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        output.nobody_reads()
    except KeyboardInterrupt:
        print(f"stopped{'; the same command goes on from here' * options.resumes}", file=sys.stderr)
        return 130
    except Exception as error:
        if is_users(error):
            print(f"error: {told(error)}", file=sys.stderr)
            return 2
        traceback.print_exc()
        print(REPORT, file=sys.stderr)
        return 1
    return 0


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """A parser of the command that is given, the others left out; of all where none is."""
    parser = Parser(
        prog=_name(), description="Nested hash codes.", epilog=EXAMPLES, formatter_class=Formatter
    )
    parser.add_argument("--version", action="version", version=f"nhl {nhl.__version__}")
    parser.set_defaults(resumes=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    given = arguments[:1]
    for command in given if given and given[0] in COMMANDS else COMMANDS:
        import_module(f"nhl.commands.{command}").add(commands)
    return parser


def _name() -> str:
    """What the user typed: the script, or the module where there is no script."""
    return "nhl" if Path(sys.argv[0]).stem == "nhl" else "python -m nhl"


if __name__ == "__main__":
    sys.exit(main())
