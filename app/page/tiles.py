"""Pictures that are buttons: large as results, small as most sections show them."""

from html import escape

from app import texts
from app.class_names import class_name
from app.service.search import Query, Result, SearchService
from nhl.gallery import Item

RIGHT = (
    '<svg class="badge right" viewBox="0 0 16 16" aria-hidden="true"><path d="M4 8.5l2.7 2.7L12 5.5"/></svg>'
)
WRONG = '<svg class="badge wrong" viewBox="0 0 16 16" aria-hidden="true"><path d="M5 5l6 6M11 5l-6 6"/></svg>'


def thumbnail(service: SearchService, item: Item) -> str:
    """The address of an item's picture, relative to the page: it changes when the gallery does."""
    return f"thumbnail/{service.key}/{item.id}.webp"


def asked(query: Query) -> str:
    """The query once more, small; its picture is copied there from the card above."""
    name = query.item.name if query.item else texts.YOUR_PICTURE
    return (
        f'<p class="asked"><span class="frame" data-asked=""></span><span>{texts.LOOKING_FOR}</span> '
        f'<b title="{escape(name)}">{escape(name)}</b></p>'
    )


def large_tile(service: SearchService, result: Result) -> str:
    """A result with its name, class, distance and mark."""
    item, mark = result.item, {True: "right", False: "wrong", None: ""}[result.right]
    label = class_name(item.label)
    verdict = {True: f", {texts.SAME}", False: f", {texts.OTHER}", None: ""}[result.right]
    badge = {True: RIGHT, False: WRONG, None: ""}[result.right]
    spoken = f"{result.rank}. {item.name}, {label}, {texts.DISTANCE} {result.distance}{verdict}"
    return (
        f'<li><button class="tile {mark}" data-query="{item.id}" data-code="{service.code(item).tobytes().hex()}" '
        f'data-name="{escape(item.name)}" aria-label="{escape(spoken)}" '
        f'title="{escape(item.name)} ({escape(label)})"><span class="frame">'
        f'<img src="{thumbnail(service, item)}" alt="" draggable="false">{badge}</span>'
        f'<span class="name">{escape(item.name)}</span><span class="meta"><span>{escape(label)}</span>'
        f"<b>{result.distance}</b></span></button></li>"
    )


def tile(service: SearchService, item: Item, right: bool | None, fate: str = "", faint: bool = False) -> str:
    """A picture with what is known of it; `fate` is one of kept, gained, lost or empty."""
    label, mark = class_name(item.label), {True: "right", False: "wrong", None: ""}[right]
    badge = {True: RIGHT, False: WRONG, None: ""}[right]
    verdict = {True: texts.SAME, False: texts.OTHER, None: ""}[right]
    told = texts.FATES.get(f"{fate} {mark}") or texts.FATES.get(fate, "")
    word = f'<span class="fate">{told}</span>' if told else ""
    spoken = ", ".join(filter(None, (item.name, label, verdict, told)))
    return (
        f'<li><button class="mini {fate} {mark}{" faint" if faint else ""}" data-query="{item.id}" '
        f'data-code="{service.code(item).tobytes().hex()}" data-name="{escape(item.name)}" '
        f'aria-label="{escape(spoken)}" title="{escape(item.name)} ({escape(label)})"><span class="frame">'
        f'<img src="{thumbnail(service, item)}" alt="" loading="lazy" draggable="false">{badge}</span>{word}</button></li>'
    )


def result_tile(service: SearchService, result: Result, fate: str = "") -> str:
    """A result as a tile."""
    return tile(service, result.item, result.right, fate)
