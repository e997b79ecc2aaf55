"""Words, charts and HTML of the page."""

import doctest
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from drawings import COLOURS, draw

from app import charts, texts, views
from app.search_service import Query, SearchService


@pytest.fixture(scope="module")
def service(tiny_checkpoint: Path) -> SearchService:
    return SearchService(tiny_checkpoint)


def parsed(html: str) -> ElementTree.Element:
    """HTML that is also XML: what is not escaped or not closed does not parse."""
    closed = re.sub(r"(<img[^>]*)>", r"\1/>", html).replace(" data-shuffle", "")
    return ElementTree.fromstring(f"<div>{closed}</div>")


def test_examples_in_the_words() -> None:
    assert doctest.testmod(texts).failed == 0


def test_the_curve_marks_the_current_length() -> None:
    svg = ElementTree.fromstring(charts.curve({8: 0.5, 16: 0.6, 32: 0.7}, 16, "Quality"))
    assert svg.get("aria-label") == "Quality: 0.50 at 8, 0.60 at 16, 0.70 at 32 bits; now 16 bits"
    now = [point for point in svg.iter("g") if "now" in (point.get("class") or "")]
    assert [text.text for text in now[0].iter("text")] == [".60", "16"]
    heights = [float(circle.get("cy", 0)) for circle in svg.iter("circle")]
    assert heights == sorted(heights, reverse=True)


def test_small_differences_look_small() -> None:
    svg = ElementTree.fromstring(charts.curve({8: 0.70, 16: 0.71}, 8, "Quality"))
    low, high = (float(circle.get("cy", 0)) for circle in svg.iter("circle"))
    assert 0 < low - high < 5


def test_a_curve_of_one_length() -> None:
    assert "1.00 at 64" in charts.curve({64: 1.0}, 64, "Quality")


def test_a_pattern_has_a_square_for_each_one() -> None:
    assert len(list(ElementTree.fromstring(charts.pattern("1011")).iter("rect"))) == 3


def test_names_of_the_gallery_are_escaped(service: SearchService) -> None:
    answer = service.search(service.query("20"), 16, 12)
    pieces = [
        views.query(service, answer.query),
        views.results(service, answer),
        views.examples(service, service.examples(5)),
        views.facts(service, answer),
        views.header(service),
        views.footer(service),
        views.curve(service, 16),
    ]
    for piece in pieces:
        assert not any(element.text in COLOURS for element in parsed(piece).iter("b"))
    assert parsed(pieces[0]).findtext(".//strong") == "<b>red</b> & 20"
    assert "Nobody &amp; &lt;co&gt;" in pieces[5]


def test_a_picture_of_the_visitors_is_shown_as_it_was_read(service: SearchService) -> None:
    image = draw("red", 700)
    card = views.query(service, service.picture(image), image)
    assert "data:image/webp;base64," in card
    assert texts.YOUR_PICTURE in card


def test_a_code_without_a_picture_is_drawn(service: SearchService) -> None:
    card = views.query(service, Query(np.full(16, 255, np.uint8)))
    assert texts.SHARED_CODE in card
    assert len(list(parsed(card).iter("rect"))) == 128


def test_facts_where_the_class_is_unknown(service: SearchService) -> None:
    facts = views.facts(service, service.search(service.picture(draw("red", 701)), 8, 12))
    words = [" ".join("".join(d.itertext()).split()) for d in parsed(facts).iter() if d.tag in ("dd", "dt")]
    assert words[:2] == ["–", "class unknown"]
    assert words[4:] == ["1 byte", "a picture", "72 bytes", "the whole index"]


def test_no_curve_where_nothing_was_measured(service: SearchService) -> None:
    assert views.curve(service, 24) == ""
