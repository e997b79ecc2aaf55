"""Bits: the codes of the query and of its results, one under the other."""

from html import escape

from app import texts
from app.page import charts
from app.page.tiles import thumbnail
from app.service.answers import Query, Result
from app.service.search import SearchService
from nhl.codes import unpack


def render(service: SearchService, query: Query, length: int, k: int) -> str:
    """A strip for the query, and one for each of its nearest pictures."""
    rows = "".join(
        _row(service, query, result, length) for result in service.results(query, length, min(k, 12))
    )
    return (
        f'<h2>{texts.BITS}</h2><p class="note">{texts.BITS_NOTE}</p><ol class="codes"><li class="own">'
        f"<span class='name'>{texts.QUERY_CODE}</span>{charts.strip(query.bits, length)}<b></b></li>{rows}</ol>"
    )


def _row(service: SearchService, query: Query, result: Result, length: int) -> str:
    item, code = result.item, service.code(result.item)
    bits = "".join(map(str, unpack(code[None])[0]))
    spoken = f"{item.name}: {result.distance} of {length} {texts.BITS_DIFFER}"
    return (
        f'<li><button data-query="{item.id}" data-code="{code.tobytes().hex()}" data-name="{escape(item.name)}" '
        f'aria-label="{escape(spoken)}"><span class="name"><img src="{thumbnail(service, item)}" alt="" '
        f'loading="lazy"><span>{escape(item.name)}</span></span>{charts.strip(bits, length, query.bits)}'
        f"<b>{result.distance}</b></button></li>"
    )
