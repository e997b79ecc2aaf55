"""Answers as HTML text. Everything that comes from a gallery or a visitor is escaped here."""

import time
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from html import escape
from urllib.parse import urlencode

from PIL import Image, ImageOps

from app import texts
from app.class_names import class_name
from app.page import charts, phrases
from app.page.tiles import BADGES, MARKS, large_tile, named, thumbnail
from app.page.tour import STEPS
from app.photographs import CREDITS, PHOTOGRAPHS, photograph
from app.service.answers import Answer, Query
from app.service.grades import likely_class
from app.service.search import SearchService
from nhl.gallery import Item, thumbnails

EXAMPLES = 10  # that are shown, photographs among them


def header(service: SearchService) -> str:
    """Name, the way to the tour, headline, and what this is in two sentences."""
    *shorter, longest = service.lengths
    few, _, last = ", ".join(map(str, reversed(shorter or [longest]))).rpartition(", ")
    lead = texts.LEAD.format(
        least=service.lengths[0] // 8,
        most=longest // 8,
        longest=longest,
        shorter=f"{few} or {last}" if few else last,
    )
    return (
        f'<header><div class="bar"><p class="brand">{_LOGO}{texts.TITLE}</p>'
        f'<button class="quiet" data-step="1">{texts.TOUR_START}<span>{texts.TOUR_LENGTH}</span></button></div>'
        f'<h1>{texts.HEADLINE}</h1><p class="lead">{lead}</p></header>'
    )


def footer(service: SearchService) -> str:
    """Credits and licences."""
    credits = service.gallery.meta.get("credits", "")
    pictures = f"<p>{_licences(texts.CREDITS.format(credits=credits))}</p>" if credits else ""
    backbone = service.encoder.config.backbone.replace("tf_efficientnet_lite", "EfficientNet-Lite")
    weights = texts.WEIGHTS.format(network=escape(backbone))
    photographs = f"<p>{_licences(CREDITS)}.</p>"
    return f"<div class='end' role='contentinfo'>{pictures}{photographs}<p>{weights}</p><p>{texts.ABOUT}</p></div>"


def _licences(credits: str) -> str:
    """Credits as HTML, with a link to the text of each licence that is known."""
    found = escape(credits)
    for name, address in texts.LICENCES.items():
        found = found.replace(name, f'<a href="{address}" target="_blank" rel="noopener">{name}</a>')
    return found


def query(
    service: SearchService, query: Query, image: Image.Image | None = None, name: str = texts.YOUR_PICTURE
) -> str:
    """The picture that is looked for, with what is known of it; `name` is that of a picture from elsewhere."""
    if query.item is not None:
        name, source = query.item.name, thumbnail(service, query.item)
        about = " · ".join(filter(None, (class_name(query.item.label), query.item.style)))
    else:
        name, about = name if image else texts.SHARED_CODE, texts.CLASS_UNKNOWN
        source = _data_uri(image) if image else ""
    picture = (
        f'<img src="{source}" alt="{escape(name)}" draggable="false">'
        if source
        else charts.pattern(query.bits)
    )
    return (
        f'<figure class="query" data-query="{query.token}"><div class="frame">{picture}</div><figcaption>'
        f'<span class="eyebrow">{texts.LOOKING_FOR}</span><strong title="{escape(name)}">{escape(name)}</strong>'
        f"<span>{escape(about)}</span></figcaption></figure>"
    )


def _data_uri(image: Image.Image) -> str:
    return f"data:image/webp;base64,{b64encode(thumbnails.thumbnail(image, 320)).decode()}"


def examples(service: SearchService, items: Sequence[Item]) -> str:
    """Photographs and pictures of the gallery to try, each a button."""
    photographs = "".join(
        f'<li><button data-photo="{name}" aria-label="{title}" title="{title}">'
        f'<img class="photo" src="{_small(name)}" alt="" draggable="false"></button></li>'
        for name, title in PHOTOGRAPHS.items()
    )
    buttons = photographs + "".join(
        f'<li><button data-query="{item.id}" aria-label="{escape(item.name)}" title="{escape(item.name)}">'
        f'<img src="{thumbnail(service, item)}" alt="" draggable="false"></button></li>'
        for item in items[: EXAMPLES - len(PHOTOGRAPHS)]
    )
    return (
        f"<section><div class='bar'><h2>{texts.EXAMPLES}</h2><button class='quiet' data-shuffle>{texts.SHUFFLE}"
        f"</button></div><ul class='examples'>{buttons}</ul><p class='note'>{texts.EXAMPLES_NOTE}</p></section>"
    )


def grades(service: SearchService, answer: Answer) -> str:
    """How many results have each grade, with its mark; for a query of unknown class what it may be, and how near."""
    if counts := answer.counts:
        parts = (
            f'<span class="{MARKS[grade]}" data-grade="{grade.name.lower()}">{BADGES[grade]}<b>{count}</b> '
            f"{texts.GRADES[grade.name]}</span>"
            for grade, count in counts.items()
        )
        return f'<p class="grades">{"".join(parts)}<span class="note">of {len(answer.results)}</span></p>'
    if not answer.results:
        return ""
    label, count = likely_class([result.item for result in answer.results])
    words = texts.LIKELY if label else texts.NO_LIKELY
    told = words.format(
        name=escape(class_name(label)),
        count=count,
        shown=len(answer.results),
        distance=answer.results[0].distance,
        length=answer.length,
    )
    far = f"<strong>{texts.FAR}</strong> {texts.FAR_WHY} " if service.is_far(answer.query) else ""
    return f'<p class="grades likely">{far}{told}</p>'


@cache
def _small(name: str) -> str:
    """A photograph as a small picture in an address."""
    square = ImageOps.fit(photograph(name), (96, 96))
    return f"data:image/webp;base64,{b64encode(thumbnails.thumbnail(square)).decode()}"


def facts(service: SearchService, answer: Answer) -> str:
    """How good, how large, how fast: the grades, and three numbers."""
    count = f"{answer.length // 8} <small>byte{'s' if answer.length > 8 else ''}</small>"
    entries = (
        ("bytes", count, texts.FACT_BYTES),
        ("size", _unit(phrases.size(len(service) * answer.length // 8)), texts.FACT_SIZE),
        ("time", _unit(phrases.duration(service.usual_us(answer.length))), texts.FACT_TIME),
    )
    cells = "".join(
        f'<div data-fact="{key}"><dd>{value}</dd><dt>{name}</dt></div>' for key, value, name in entries
    )
    return f'{grades(service, answer)}<dl class="facts">{cells}</dl>'


def _unit(text: str) -> str:
    number, unit = text.split(" ")
    return f"{number} <small>{unit}</small>"


def results(service: SearchService, answer: Answer, place: str) -> str:
    """The pictures found, nearest first, each a button that makes it the query.

    Args:
        service: of the gallery.
        answer: what was found.
        place: the gallery's name in a link.
    """
    tiles = "".join(large_tile(service, result) for result in answer.results)
    link = urlencode({"gallery": place, "q": answer.query.token, "bits": answer.length, "k": answer.k})
    status = phrases.summary(len(answer.results), answer.length, named(answer.counts))
    return (
        f'<p class="unseen" role="status">{status}</p><p class="note legend by-touch" aria-hidden="true">{texts.DIFFER}</p>'
        f'<ol class="results" data-link="{escape(link)}" data-bits="{answer.length}">{tiles}</ol>'
    )


def curve(service: SearchService, length: int) -> str:
    """Quality against length, where it has been measured."""
    if length not in service.quality:
        return ""
    chart = charts.curve(service.quality, length, texts.CURVE)
    note = texts.CURVE_NOTES["own" if service.private else service.measure]
    measures = texts.MORE_MEASURES.format(measure=texts.MEASURES[service.measure])
    more = f'<button class="quiet" data-go="quality" title="{note}">{measures}</button>'
    return f"<section><div class='bar'><h2>{texts.CURVE}</h2>{more}</div>{chart}<p class='note'>{note}</p></section>"


def heading(service: SearchService) -> str:
    """Over what is found."""
    return f"<h2>{texts.NEAREST.format(count=f'{len(service):,}')}</h2>"


def progress(stage: str, done: float) -> str:
    """How far something is."""
    return (
        f'<div class="progress said"><span>{texts.STAGES[stage]} …</span>'
        f'<progress max="1" value="{done:.3f}" aria-label="{texts.STAGES[stage]}"></progress></div>'
    )


def pending(content: str) -> str:
    """Content that will change by itself: the page asks again soon."""
    return f'<div data-pending="{time.monotonic_ns()}">{content}</div>'


def instead(place: str, content: str) -> str:
    """What stands in place of a gallery that is not here: all that belongs to another is hidden."""
    return f'<div class="instead said" data-place="{escape(place)}">{content}</div>'


def offer_to_fetch(name: str, said: str = "") -> str:
    """What a gallery is that must be fetched, with a button to do it."""
    note, title = f'<p class="note" role="status">{escape(said)}</p>' if said else "", texts.GALLERIES[name]
    return (
        f'<h2>{title}</h2><p class="note">{texts.FETCHES[name]}</p>'
        f'<button class="primary" data-fetch>{texts.FETCH.format(name=title)}</button>{note}'
    )


def no_own(gone: str = "") -> str:
    """That a visitor has given nothing yet, or that it is gone."""
    said = f'<p class="note own" role="status">{escape(gone)}</p>' if gone else ""
    return f'<h2>{texts.NO_OWN_TITLE}</h2>{said}<p class="note own">{"" if gone else texts.NONE_YET} {texts.NO_OWN}</p>'


def own(said: str = "") -> str:
    """What became of a visitor's files."""
    return f'<p class="note own said" role="status">{escape(said)}</p>'


def tour(number: int) -> str:
    """The card of one step of the tour, from 1; nothing for 0."""
    if not number:
        return ""
    step, last = STEPS[number - 1], len(STEPS)
    place = texts.TOUR_PLACE.format(step=number, steps=last)
    back = f'<button data-step="{number - 1}">{texts.TOUR_BACK}</button>' if number > 1 else ""
    following = (
        f'<button class="primary" data-step="{number + 1}">{texts.TOUR_NEXT}</button>'
        if number < last
        else f'<button class="primary" data-step="0">{texts.TOUR_END}</button>'
    )
    return (
        f'<section class="tour" data-now="{number}" data-look="{step.look}" aria-label="{place}"><div class="bar">'
        f'<span class="eyebrow">{place}</span><button class="quiet" data-step="0">{texts.TOUR_CLOSE}</button></div>'
        f"<h2>{step.title}</h2><p>{step.text}</p><div class='give'>{back}{following}</div></section>"
    )


_LOGO = (
    '<svg viewBox="0 0 40 16" aria-hidden="true">'
    + "".join(
        f'<rect x="{8 * i}" y="{16 - 3.2 * (i + 1)}" width="5" height="{3.2 * (i + 1)}" rx="1.5"/>'
        for i in range(5)
    )
    + "</svg>"
)
