"""What commands print: whole in any encoding, on one line where it is one, and no error where nobody reads on."""

import io
import json
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def escape_unknown_characters() -> None:
    """Let the standard streams show what their encoding lacks as escapes, `\\u732b`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def warn_in_one_line() -> Iterator[None]:
    """Let a `UserWarning` print as a sentence, without the line of code that it comes from."""
    before = warnings.formatwarning

    def told(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
    ) -> str:
        if category is UserWarning:
            return f"warning: {message}\n"
        return before(message, category, filename, lineno, line)

    warnings.formatwarning = told
    try:
        yield
    finally:
        warnings.formatwarning = before


def nobody_reads() -> None:
    """After a `BrokenPipeError`, as of `... | head`: let what is still buffered go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def one_line(*fields: object) -> str:
    r"""Fields with tabs between them; what would break the line, as a name may, is escaped.

    >>> one_line(1, "two\nlines")
    '1\ttwo\\nlines'
    """
    return "\t".join(
        _BREAKS.sub(lambda found: repr(found[0])[1:-1], field if isinstance(field, str) else str(field))
        for field in fields
    )


def print_json(answer: Any) -> None:
    """An answer as JSON, with all characters where the output has them all."""
    everything = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(answer, indent=2, ensure_ascii=not everything))
