"""Help of an option that only makes sense with the option's name before it, such as "of each run"."""

import argparse
import re
from collections.abc import Iterator

FRAGMENT = re.compile(r"(of|for|in|at|with|whose|which|that one|instead|its)\b|\W|$")


def fragments(parser: argparse.ArgumentParser) -> list[str]:
    return [f"{name}: {text}" for name, text in _helps(parser) if FRAGMENT.match(text)]


def _helps(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _helps(inner)
        else:
            yield f"{parser.prog} {[*action.option_strings, action.dest][0]}", action.help or ""
