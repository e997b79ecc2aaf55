"""Compare: the same query at every length in rows, or at two lengths side by side."""

from itertools import pairwise

from app import texts
from app.page import phrases
from app.page.tiles import asked, named, result_tile
from app.service.analysis import Fate, Side, compare, ladder
from app.service.answers import Query
from app.service.search import SearchService

ALL = "all"


def render(service: SearchService, query: Query, length: int, k: int, detail: str) -> str:
    """All lengths; or two, the slider's and the one that `detail` names."""
    k, chosen = min(k, 12), detail if detail in map(str, service.lengths) else ALL
    choices = "".join(
        f'<button data-view="compare:{value}" aria-pressed="{str(str(value) == chosen).lower()}">{name}</button>'
        for value, name in [(ALL, texts.ALL_LENGTHS), *((b, b) for b in service.lengths)]
    )
    head = (
        f'<div class="bar"><h2>{texts.COMPARE}</h2><div class="choices" role="group" '
        f'aria-label="{texts.COMPARE_WITH}"><span class="note">{texts.COMPARE_WITH}</span>{choices}</div></div>{asked(query)}'
    )
    if chosen == ALL:
        rungs = ladder(service, query, k)
        rows = _side(service, rungs[0], rungs[0].length == length, plain=True)
        for shorter, side in pairwise(rungs):
            rows += _side(service, side, side.length == length, _grown(service, shorter, side))
        return f'{head}<div class="rows">{rows}</div>'
    if int(chosen) == length:
        return f'{head}<p class="note">{texts.SAME_LENGTH}</p>'
    before, after = sorted((int(chosen), length))
    sides = compare(service, query, before, after, k)
    told = " ".join(filter(None, (_told(before, sides[1]), _grown(service, *sides))))
    both = "".join(_side(service, side, side.length == length) for side in sides)
    return f'{head}<p class="told" role="status">{told}</p><div class="sides">{both}</div>'


def _told(before: int, side: Side) -> str:
    return phrases.compared(before, side.length, side.count(Fate.KEPT), side.count(Fate.GAINED))


def _grown(service: SearchService, shorter: Side, longer: Side) -> str:
    """What the step changes in the numbers of each grade."""
    before, after = (named(side.counts(service.grades)) for side in (shorter, longer))
    return f"{grown}." if (grown := phrases.grown(before, after)) else ""


def _side(service: SearchService, side: Side, now: bool, told: str = "", plain: bool = False) -> str:
    counts = phrases.counted(named(side.counts(service.grades)), len(side.results))
    step = f"<b>{told}</b>" if told else ""
    tiles = "".join(
        result_tile(service, result, "" if plain else fate.value) for result, fate in side.results
    )
    return (
        f'<section class="side{" now" if now else ""}" aria-label="{phrases.bits(side.length)}"><h3>'
        f"{phrases.bits(side.length)}<span>{counts}{step}</span></h3><ol>{tiles}</ol></section>"
    )
