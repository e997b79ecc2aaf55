"""Small pictures that are buttons, as most sections show them."""

from html import escape

from app import texts
from app.search_service import Result, SearchService
from app.views import RIGHT, WRONG, thumbnail
from nhl.gallery import Item


def tile(service: SearchService, item: Item, right: bool | None, fate: str = "", faint: bool = False) -> str:
    """A picture with what is known of it; `fate` is one of kept, gained, lost or empty."""
    badge = {True: RIGHT, False: WRONG, None: ""}[right]
    verdict = {True: texts.SAME, False: texts.OTHER, None: ""}[right]
    word = f'<span class="fate">{texts.FATES[fate]}</span>' if fate else ""
    spoken = ", ".join(filter(None, (item.name, item.label, verdict, texts.FATES.get(fate, ""))))
    return (
        f'<li><button class="mini {fate}{" faint" if faint else ""}" data-query="{item.id}" '
        f'data-code="{service.code(item).tobytes().hex()}" data-name="{escape(item.name)}" '
        f'aria-label="{escape(spoken)}" title="{escape(item.name)} ({escape(item.label)})"><span class="frame">'
        f'<img src="{thumbnail(service, item)}" alt="" loading="lazy" draggable="false">{badge}</span>{word}</button></li>'
    )


def result_tile(service: SearchService, result: Result, fate: str = "") -> str:
    """A result as a tile."""
    return tile(service, result.item, result.right, fate)
