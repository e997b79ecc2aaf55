"""Pictures that are buttons: large as results, small as most sections show them."""

from collections.abc import Mapping
from html import escape

from app import texts
from app.class_names import class_name
from app.service.answers import Query, Result
from app.service.grades import Grade
from app.service.search import SearchService
from nhl.gallery import Item

MARKS: dict[Grade | None, str] = {
    Grade.INSTANCE: "right very",
    Grade.CLASS: "right",
    Grade.GROUP: "near",
    Grade.OTHER: "wrong",
    None: "",
}
_SHAPES = {
    Grade.INSTANCE: "M8 3.6l1.3 2.8 3 .4-2.2 2.1.6 3L8 10.4l-2.7 1.5.6-3-2.2-2.1 3-.4z",
    Grade.CLASS: "M4 8.5l2.7 2.7L12 5.5",
    Grade.GROUP: "M3.8 9.2c1.4-2.6 2.8-2.6 4.2-1.2s2.8 1.4 4.2-1.2",
    Grade.OTHER: "M5 5l6 6M11 5l-6 6",
}
BADGES: dict[Grade | None, str] = {None: ""} | {
    grade: f'<svg class="badge {MARKS[grade]}" viewBox="0 0 16 16" aria-hidden="true"><path d="{shape}"/></svg>'
    for grade, shape in _SHAPES.items()
}


def named(counts: Mapping[Grade, int]) -> dict[str, int]:
    """Numbers by grade as numbers by its words."""
    return {texts.GRADES[grade.name]: count for grade, count in counts.items()}


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
    item, mark, badge = result.item, MARKS[result.grade], BADGES[result.grade]
    label = class_name(item.label)
    verdict = "" if result.grade is None else f", {texts.GRADES[result.grade.name]}"
    spoken = f"{result.rank}. {item.name}, {label}, {texts.DISTANCE} {result.distance}{verdict}"
    return (
        f'<li><button class="tile {mark}" data-query="{item.id}" data-code="{service.code(item).tobytes().hex()}" '
        f'data-name="{escape(item.name)}" aria-label="{escape(spoken)}" '
        f'title="{escape(item.name)} ({escape(label)})"><span class="frame">'
        f'<img src="{thumbnail(service, item)}" alt="" draggable="false">{badge}</span>'
        f'<span class="name">{escape(item.name)}</span><span class="meta"><span>{escape(label)}</span>'
        f"<b>{result.distance}</b></span></button></li>"
    )


def tile(service: SearchService, item: Item, grade: Grade | None, fate: str = "", faint: bool = False) -> str:
    """A picture with what is known of it; `fate` is one of kept, gained, lost or empty."""
    label, mark, badge = class_name(item.label), MARKS[grade], BADGES[grade]
    verdict = "" if grade is None else texts.GRADES[grade.name]
    told = texts.FATES.get(f"{fate} {mark.partition(' ')[0]}") or texts.FATES.get(fate, "")
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
    return tile(service, result.item, result.grade, fate)
