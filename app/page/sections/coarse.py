"""Coarse to fine: step by step through a nested search, with a dot for every picture."""

from math import log

from app import texts
from app.page import charts
from app.page.tiles import result_tile, tile
from app.service.analysis import Funnel, funnel
from app.service.answers import Query
from app.service.grades import grade
from app.service.search import SearchService

MOST_DOTS = 12_000
MOST_FINAL = 12


def render(service: SearchService, query: Query, k: int, detail: str) -> str:
    """The step that `detail` names: 0 is the whole gallery, 1 the shortest length, and so on."""
    k = min(k, MOST_FINAL)
    found = funnel(service, query, k)
    last = len(found.lengths)
    step = int(detail) if detail.isascii() and detail.isdigit() and int(detail) <= last else 1
    following = (
        f'<button class="primary" data-view="coarse:{step + 1}">{texts.NEXT_STEP}</button>'
        if step < last
        else f'<button data-view="coarse:0">{texts.START_AGAIN}</button>'
    )
    return (
        f"<h2>{texts.COARSE}</h2><p class='note'>{texts.COARSE_NOTE.format(k=len(found.final))}</p>"
        f'<div class="coarse-sides"><div>{_steps(found, step)}<div class="give">{following}</div></div>'
        f"<div>{_field(service, found, step)}</div></div>{_pictures(service, query, found, step)}"
    )


def _total(found: Funnel) -> int:
    return int((found.level >= 0).sum())


def _steps(found: Funnel, step: int) -> str:
    counts = [_total(found), *(found.left[length] for length in found.lengths)]
    names = [texts.STEP_ALL, *map(str, found.lengths)]
    buttons = "".join(
        f'<li><button data-view="coarse:{n}" aria-current="{_current(n == step)}">'
        f'<span class="name">{name}</span><span class="funnel"><i style="width:{_width(count, counts[0]):.1f}%"></i>'
        f"</span><b>{count:,}</b></button></li>"
        for n, (name, count) in enumerate(zip(names, counts, strict=True))
    )
    return f'<ol class="steps" aria-label="{texts.STEPS}">{buttons}</ol><p class="note">{texts.BAR_SCALE}</p>'


def _current(now: bool) -> str:
    return "step" if now else "false"


def _width(count: int, total: int) -> float:
    """Per cent, by order of magnitude: else the last steps could not be seen."""
    return 100 * (0.04 + 0.96 * log(max(count, 1)) / log(max(total, 2)))


def _field(service: SearchService, found: Funnel, step: int) -> str:
    items, every = service.searched, -(-len(found.level) // MOST_DOTS)
    order = sorted((n for n in range(len(items)) if found.level[n] >= 0), key=lambda n: items[n].label)[
        ::every
    ]
    left = found.left[found.lengths[step - 1]] if step else _total(found)
    label = f"{left:,} of {_total(found):,}"
    note = f'<p class="note">{texts.DOTS_STAND.format(count=every)}</p>' if every > 1 else ""
    return charts.dots([int(found.level[n]) for n in order], step, label) + note


def _pictures(service: SearchService, query: Query, found: Funnel, step: int) -> str:
    if step == len(found.lengths):
        tiles = "".join(result_tile(service, result) for result in found.final)
        return f'<ol class="minis">{tiles}</ol>'
    if not step:
        return ""
    places = found.nearest[found.lengths[step - 1]]
    items = service.searched
    tiles = "".join(
        tile(
            service,
            items[n],
            grade(query.item, items[n]),
            faint=bool(found.level[n] == step),
        )
        for n in places
    )
    faint = any(found.level[n] == step for n in places)
    note = f" · {texts.DROPPED_NEXT}" if faint else ""
    return f'<p class="note head">{texts.STILL_THERE}{note}</p><ol class="minis">{tiles}</ol>'
