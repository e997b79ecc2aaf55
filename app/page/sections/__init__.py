"""The sections under the results, each a view of the same query: `render` draws the one that is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app import texts
from app.page.sections import bits, coarse, compare, how, quality, speed, why
from app.service.answers import Query
from app.service.search import SearchService


@dataclass(frozen=True)
class Looked:
    """What a section shows: a query in a gallery at one length, and the part of the section that is open."""

    service: SearchService
    query: Query
    length: int
    k: int
    detail: str


RENDERERS: dict[str, Callable[[Looked], str]] = {
    "compare": lambda at: compare.render(at.service, at.query, at.length, at.k, at.detail),
    "quality": lambda at: quality.render(at.service, at.query, at.length),
    "why": lambda at: why.render(at.service, at.length),
    "speed": lambda at: speed.render(at.service, at.detail),
    "bits": lambda at: bits.render(at.service, at.query, at.length, at.k),
    "coarse": lambda at: coarse.render(at.service, at.query, at.k, at.detail),
    "how": lambda at: how.render(at.service, at.query),
}
FIRST = "compare"


def offered() -> list[str]:
    """The sections that there is something to show in."""
    return [name for name in RENDERERS if name != "why" or why.measured()]


def split_view(view: object) -> tuple[str, str]:
    """The section and its part that a text such as "compare:8" names; the first section for what there is not.

    >>> split_view("coarse:2"), split_view(None)
    (('coarse', '2'), ('compare', ''))
    """
    name, _, detail = str(view)[:40].partition(":")
    return (name, detail) if name in offered() else (FIRST, "")


def render(service: SearchService, query: Query, length: int, k: int, view: object) -> str:
    """The row of tabs, and the section that `view` names."""
    open_name, detail = split_view(view)
    tabs = "".join(
        f'<button role="tab" id="tab-{name}" data-view="{name}" aria-controls="section" '
        f'aria-selected="{str(name == open_name).lower()}" tabindex="{0 if name == open_name else -1}">{title}</button>'
        for name, title in texts.SECTIONS.items()
        if name in offered()
    )
    content = RENDERERS[open_name](Looked(service, query, length, k, detail))
    shown = f"{open_name}:{detail}" if detail else open_name
    return (
        f'<div role="tablist" class="tabs" aria-label="{texts.SECTIONS_LABEL}">{tabs}</div>'
        f'<div role="tabpanel" id="section" aria-labelledby="tab-{open_name}" class="{open_name}" '
        f'data-shown="{shown}">{content}</div>'
    )
