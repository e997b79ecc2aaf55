"""What a link asks for, checked: what there is not is replaced, and said in a sentence."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app import texts

NAMES = ("gallery", "q", "bits", "k", "view", "tour")


class Wanted:
    """The values of a link such as `?q=1500&bits=32`, and what has to be said of them.

    Args:
        values: by name; names of no meaning are left alone.

    Attributes:
        said: sentences on what there is not.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = {name: str(values[name]) for name in NAMES if name in values}
        self.said: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def one_of(self, name: str, choices: Sequence[Any], default: Any) -> Any:
        """The choice that is written as the link has it; the default where it is left out, or there is no such."""
        if name not in self.values:
            return default
        written = {str(choice): choice for choice in choices}
        if self.values[name] not in written:
            self.refuse(name, list(written))
        return written.get(self.values[name], default)

    def refuse(self, name: str, choices: Sequence[str]) -> None:
        """Say that a value is none of the choices."""
        value = re.sub(r"[^\w.:-]+", " ", self.values[name])[:20].strip() or "?"
        *most, last = choices
        listed = f"{', '.join(most)} or {last}" if most else last
        self.said.append(texts.NO_SUCH_CHOICE.format(name=name, value=value, choices=listed))
