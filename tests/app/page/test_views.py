"""Words, charts and HTML of the page."""

import doctest
import json
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import numpy as np
import pytest
from drawings import COLOURS, draw

from app import class_names, texts
from app.page import charts, phrases, sections, tiles, views
from app.page.sections import speed, why
from app.page.tour import STEPS
from app.photographs import PHOTOGRAPHS
from app.service.answers import Query
from app.service.grades import Grade
from app.service.search import SearchService, read_scores
from app.service.speed import Job, Timing


@pytest.fixture(scope="module")
def service(tiny_checkpoint: Path) -> SearchService:
    return SearchService.open(tiny_checkpoint)


def parsed(html: str) -> ElementTree.Element:
    """HTML that is also XML: what is not escaped or not closed does not parse."""
    closed = re.sub(r"(<(?:img|input)[^>]*)>", r"\1/>", html)
    closed = re.sub(r" data-(shuffle|again|fetch)(?=[ >])", "", closed)
    return ElementTree.fromstring(f"<div>{closed}</div>")


@pytest.mark.parametrize("module", [phrases, sections, class_names])
def test_examples_in_the_docstrings(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


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
        views.results(service, answer, "tiny"),
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


def test_the_footer_names_the_models_own_network(service: SearchService) -> None:
    assert "Network: test_resnet.r160_in1k from" in views.footer(service)


def test_a_picture_of_the_visitors_is_shown_as_it_was_read(service: SearchService) -> None:
    image = draw("red", 700)
    card = views.query(service, service.picture(image), image)
    assert "data:image/webp;base64," in card
    assert texts.YOUR_PICTURE in card


def test_a_code_without_a_picture_is_drawn(service: SearchService) -> None:
    card = views.query(service, Query(np.full(16, 255, np.uint8)))
    assert texts.SHARED_CODE in card
    assert len(list(parsed(card).iter("rect"))) == 128


def test_facts_say_what_a_picture_and_a_search_take(service: SearchService) -> None:
    facts = views.facts(service, service.search(service.picture(draw("red", 701)), 8, 12))
    words = [" ".join("".join(d.itertext()).split()) for d in parsed(facts).iter() if d.tag in ("dd", "dt")]
    assert words[:4] == ["1 byte", "a picture", "96 bytes", "all codes"]
    assert re.fullmatch(r"[\d.]+ (µs|ms)", words[4])


def test_a_small_gallery_shows_all_its_pictures_beside_the_photographs(service: SearchService) -> None:
    for count, shown in ((2, 2), (30, views.EXAMPLES - len(PHOTOGRAPHS))):
        buttons = list(parsed(views.examples(service, service.items[:count])).iter("button"))
        assert len([button for button in buttons if button.get("data-query")]) == shown
        assert len([button for button in buttons if button.get("data-photo")]) == len(PHOTOGRAPHS)


def test_no_curve_where_nothing_was_measured(service: SearchService) -> None:
    assert views.curve(service, 24) == ""


VIEWS = [
    *sections.RENDERERS,
    *(f"coarse:{step}" for step in range(6)),
    "compare:all",
    "compare:32",
    "speed:1000000",
]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("token", ["20", "x" + "5a" * 16])
@pytest.mark.usefixtures("nesting")
def test_every_section_is_well_formed_and_escaped(service: SearchService, view: str, token: str) -> None:
    panel = parsed(sections.render(service, service.query(token), 32, 12, view))
    assert not any(element.text in COLOURS for element in panel.iter("b"))
    tabs = [tab for tab in panel.iter("button") if tab.get("role") == "tab"]
    assert [tab.get("data-view") for tab in tabs] == sections.offered()
    chosen = [tab.get("id") for tab in tabs if tab.get("aria-selected") == "true"]
    (section,) = (element for element in panel.iter() if element.get("role") == "tabpanel")
    assert chosen == [section.get("aria-labelledby")]
    assert section.get("data-shown") == view


@pytest.mark.parametrize(
    "view", [None, "", "words", "compare:<b>", "coarse:9", "coarse:²", "speed:7", ["bits"], "x" * 99]
)
def test_a_view_that_there_is_not_is_the_first_or_as_usual(service: SearchService, view: object) -> None:
    panel = sections.render(service, service.query("20"), 32, 12, view)
    assert "<b>" not in panel.split("data-shown=")[1].split(">")[0]


def test_compare_marks_and_counts(service: SearchService) -> None:
    query = service.query("20")
    assert 'compare:all" aria-pressed="true' in sections.render(service, query, 32, 6, "compare")
    panel = sections.render(service, query, 32, 6, "compare:8")
    told = parsed(panel).findtext(".//p[@class='told']") or ""
    kept, gained = (len(re.findall(f'class="mini {fate}', panel)) for fate in ("kept", "gained"))
    assert told == phrases.compared(8, 32, kept // 2, gained)
    assert texts.SAME_LENGTH in sections.render(service, query, 32, 6, "compare:32")
    rows = sections.render(service, query, 32, 6, "compare:all")
    assert len(parsed(rows).findall(".//section")) == 5


def test_quality_is_computed_from_the_evaluation(service: SearchService, tiny_checkpoint: Path) -> None:
    scores = read_scores(tiny_checkpoint)
    service = SearchService(service.encoder, service.gallery, service.codes, scores)
    panel = parsed(sections.render(service, service.query("20"), 16, 6, "quality"))
    verdict = panel.find(".//p[@class='verdict']")
    assert verdict is not None  # the evaluation says .53, .55, .61, .71, .93
    assert verdict.get("data-enough") == "128"
    assert "Mean average precision is .53 at 8 bits, .93 at 128." in (verdict.text or "")
    graded = {
        bits: {"ndcg_at_10": 0.5, "precision_at_10": bits / 200, "instance_recall_at_10": bits / 256}
        for bits in service.lengths
    }
    service = SearchService(service.encoder, service.gallery, service.codes, graded)
    words = "".join(parsed(sections.render(service, service.query("20"), 16, 6, "quality")).itertext())
    assert "Of the first ten results, 0.4 are of the right class at 8 bits, 6.4 at 128." in words
    assert "Of the query's other drawings, 3% are among the first ten at 8 bits, 50% at 128." in words
    service = SearchService(service.encoder, service.gallery, service.codes, scores)
    now = panel.find(".//tr[@class='now']")
    assert now is not None
    assert [cell.text for cell in now][:2] == ["16", ".55"]
    assert now[-2].text == f"{(0.5 + 16 / 300) / (0.5 + 128 / 300):.1%}"
    own = sections.render(service, service.picture(draw("red", 701)), 16, 6, "quality")
    assert texts.NO_CLASS in own
    assert texts.THIS_QUERY not in own.split("<table>")[1].split("</table>")[0]


NESTING = {
    "command": "python -m nhl compare <nesting>",
    "lengths": [8, 16, 32, 64, 128],
    "quality": {
        "nested": [0.40, 0.50, 0.60, 0.61, 0.62],
        "single": [0.38, 0.49, 0.60, 0.62, 0.63],
        "cut": [0.11, 0.20, 0.41, 0.55, 0.63],
    },
    "seconds": {"nested": 20.6, "single": 65.7},
}


@pytest.fixture
def nesting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A result file that the page takes for the committed one."""
    path = tmp_path / "nesting.json"
    path.write_text(json.dumps(NESTING))
    monkeypatch.setattr(why, "RESULTS", path)
    return path


def test_why_nested_draws_what_was_measured(service: SearchService, nesting: Path) -> None:
    panel = parsed(sections.render(service, service.query("20"), 16, 6, "why"))
    keys = [item.findtext("b") for item in panel.findall(".//ul[@class='keys']/li")]
    assert keys == [".50", ".49", ".20"]
    assert len(panel.findall(".//polyline")) == 3
    bars = [
        (row.findtext("b"), row.find("i").get("style")) for row in panel.findall(".//ol[@class='bars']/li")
    ]  # type: ignore[union-attr]
    assert bars[:2] == [("20.6 s", "width:31%"), ("65.7 s", "width:100%")]
    assert [words for words, _ in bars[2:]] == ["16", "31", "16"]  # bytes a picture
    verdict = panel.findtext(".//p[@class='verdict']") or ""
    assert "over their 5 lengths it is .002 mAP above them, for 31% of their training time" in verdict
    assert "16 bytes a picture instead of 31" in verdict
    assert "Cut to 8 bits, an ordinary code has an mAP of .11; the nested one has .40." in verdict
    assert "compare <nesting>" in "".join(panel.itertext())
    told = texts.WHY_NOT_THE_CURVE.format(measure=texts.MEASURES[service.measure])
    assert (told in "".join(panel.itertext())) == bool(service.quality)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        json.dumps({**NESTING, "lengths": [8]}),
        json.dumps({**NESTING, "seconds": {"nested": 0, "single": 1}}),
    ],
)
def test_why_nested_hides_itself_without_figures(service: SearchService, nesting: Path, content: str) -> None:
    nesting.write_text(content)
    panel = sections.render(service, service.query("20"), 16, 6, "why")
    assert "tab-why" not in panel
    assert 'data-shown="why' not in panel
    assert "why" not in sections.offered()


def test_the_drawing_counts_the_bits_that_differ(service: SearchService) -> None:
    query = service.query("20")
    (nearest,) = service.results(query, 128, 1)
    panel = parsed(sections.render(service, query, 32, 12, "how"))
    rows = [row.text for row in panel.findall(".//figure//li/b")]
    assert rows[-1] == f"128 bits: {nearest.distance} differ"
    assert [int(str(row).split()[0]) for row in rows] == [8, 16, 32, 64, 128]
    widths = [row.get("style") for row in panel.findall(".//figure//li/span")]
    assert widths[:2] == ["width:6.25%", "width:12.50%"]


@pytest.mark.parametrize(
    ("grade", "fate", "said"),
    [
        (Grade.INSTANCE, "gained", "new, right"),
        (Grade.CLASS, "gained", "new, right"),
        (Grade.GROUP, "gained", "new, near"),
        (Grade.OTHER, "gained", "new, wrong"),
        (Grade.CLASS, "lost", "lost, right"),
        (Grade.OTHER, "lost", "lost, wrong"),
        (None, "gained", "new"),
        (Grade.CLASS, "kept", "kept"),
    ],
)
def test_what_became_of_a_result_is_said_with_its_verdict(
    service: SearchService, grade: Grade | None, fate: str, said: str
) -> None:
    drawn = parsed(tiles.tile(service, service.items[0], grade, fate))
    button = drawn.find(".//button")
    assert button is not None
    assert drawn.findtext(".//span[@class='fate']") == said
    assert str(button.get("aria-label")).endswith(said)
    assert str(button.get("class")).strip() == f"mini {fate} {tiles.MARKS[grade]}".strip()


def test_every_grade_has_a_word_and_a_shape_of_its_own() -> None:
    assert set(texts.GRADES) == {grade.name for grade in Grade}
    shapes = [ElementTree.fromstring(tiles.BADGES[grade])[0].get("d") for grade in Grade]
    assert len(set(shapes)) == len({tiles.MARKS[grade] for grade in Grade}) == len(Grade)


def test_grades_are_counted_first(service: SearchService) -> None:
    answer = service.search(service.query("20"), 16, 12)
    line = parsed(views.facts(service, answer))[0]
    assert line.get("class") == "grades"
    told = {str(span.get("data-grade")): span.findtext("b") for span in line if span.get("data-grade")}
    assert told == {grade.name.lower(): str(count) for grade, count in answer.counts.items()}
    assert sum(map(int, filter(None, told.values()))) == 12


def test_a_query_of_unknown_class_is_told_what_it_may_be(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = service.search(service.picture(draw("red", 701)), 128, 12)
    line = parsed(views.facts(service, answer))[0]
    said = "".join(line.itertext())
    nearest = answer.results[0].distance
    assert said == f"Most often red, 12 of 12; the nearest differs in {nearest} of 128 bits."
    monkeypatch.setattr(SearchService, "is_far", lambda self, query: True)
    far = parsed(views.facts(service, answer))[0]
    assert far.findtext("strong") == texts.FAR


def test_the_curve_is_graded_where_that_was_measured(service: SearchService) -> None:
    scores = {length: {"map": 0.5, "ndcg_at_10": length / 200} for length in service.lengths}
    classes_alone = {length: {"map": 0.5} for length in service.lengths}
    plain = SearchService(service.encoder, service.gallery, service.codes, classes_alone)
    assert plain.measure == "map"
    fresh = SearchService(service.encoder, service.gallery, service.codes, scores)
    assert fresh.measure == ("ndcg_at_10" if len(fresh.grades) > 2 else "map")
    fresh.grades = tuple(sorted(Grade, reverse=True))
    assert fresh.quality[128] == 0.64
    curve = parsed(views.curve(fresh, 32))
    assert "nDCG@10" in "".join(curve.itertext())
    assert curve.find(".//button[@data-go='quality']") is not None


def test_licences_are_links(service: SearchService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(service.gallery.meta, "credits", "A & B, CC BY 4.0")
    footer = parsed(views.footer(service))
    links = {link.text: link.get("href") for link in footer.iter("a")}
    assert links["CC BY 4.0"] == "https://creativecommons.org/licenses/by/4.0/"
    assert "Pictures: A & B, CC BY 4.0." in ["".join(line.itertext()) for line in footer.iter("p")]


def test_speed_shows_progress_then_figures_then_why_not(service: SearchService) -> None:
    waiting = speed.figures(Job("draw", 0.25), 32, {})
    assert "data-pending" in waiting
    assert parsed(waiting).find(".//progress").get("value") == "0.250"  # type: ignore[union-attr]
    times = {bits: {"scan": 10.0 * bits, "index": 5.0, "faiss": 7.0} for bits in service.lengths}
    done = parsed(speed.figures(Job(timing=Timing(10_000, 72, times, 240_000, 0.0)), 32, {}))
    assert [li.findtext("b") for li in done.findall(".//section[@class='scan']//li")][:2] == [
        "80 µs",
        "160 µs",
    ]
    assert "9,928 of these codes are made up" in "".join(done.itertext())
    assert "for timing only" in "".join(done.itertext())
    assert "one logarithmic scale, which begins at 1.0 µs" in "".join(done.itertext())
    assert done.findtext(".//p[@class='verdict']") == (
        "128 bits instead of 8 take 16 times the bytes; a search takes 16 times as long by reading every code and as "
        "long by this page's index. At 32 bits this page's index is 1.4 times as fast as FAISS."
    )
    assert "If only the first 32 bits were kept, it would take about 120 KB." in "".join(done.itertext())
    for method in times.values():
        del method["faiss"]
    assert texts.FAISS not in speed.figures(Job(timing=Timing(72, 72, times, 9, 0.0)), 32, {})
    assert texts.NO_MEMORY in speed.figures(Job(error=texts.NO_MEMORY), 32, {})


@pytest.mark.parametrize(
    ("count", "best", "advised"),
    [(10_000_000, 8, 32), (10_000_000, 128, 128), (10_000, 8, 16), (72, 8, 8), (72, 64, 64)],
)
def test_a_length_is_advised_that_is_good_enough_and_tells_pictures_apart(
    service: SearchService, count: int, best: int, advised: int
) -> None:
    times = {bits: {"scan": 9.0, "index": 1.0 * bits} for bits in service.lengths}
    quality = {bits: 0.9 if bits >= best else 0.5 for bits in service.lengths}
    timing = Timing(count, 72, times, count * (16 + 9), 0.0)  # whole codes, and 9 bytes beside each
    done = parsed(speed.figures(Job(timing=timing), 8, quality))
    advice = done.find(".//p[@data-advice]")
    assert advice is not None
    assert advice.get("data-advice") == str(advised)
    assert f"pictures? {advised} bits" in (advice.text or "")
    codes, index = phrases.size(count * advised // 8), phrases.size(count * (advised // 8 + 9))
    assert f"The codes alone take {codes}, all of this page's index about {index}; " in (advice.text or "")
    assert f"a search takes {phrases.duration(advised)}." in (advice.text or "")
    assert "data-advice" not in speed.figures(Job(timing=timing), 8, {})


def test_times_share_one_logarithmic_scale(service: SearchService) -> None:
    times = {8: {"scan": 10.0, "index": 2.0}, 16: {"scan": 1000.0, "index": 100.0}}
    done = parsed(speed.figures(Job(timing=Timing(72, 72, times, 9000, 0.0)), 8, {}))
    width = {
        (kind, li.findtext("span")): int(re.findall(r"\d+", str(li[1].get("style")))[0])
        for kind in ("scan", "index")
        for li in done.findall(f".//section[@class='{kind}']//li")
    }
    assert width == {("scan", "8"): 33, ("scan", "16"): 100, ("index", "8"): 10, ("index", "16"): 67}


@pytest.mark.parametrize(("long", "said"), [(4.0, True), (4.2, False), (6.0, False)])
def test_that_a_longer_code_was_quicker_is_said_only_where_it_was(long: float, said: bool) -> None:
    times = {8: {"index": 5.0}, 16: {"index": 5.0}, 32: {"index": long}}
    words = "".join(parsed(speed.figures(Job(timing=Timing(72, 72, times, 9000, 0.0)), 8, {})).itertext())
    assert ("32 bits were searched quicker than 8" in words) == said
    assert (texts.NONE_QUICKER in words) != said
    assert "FAISS" not in words


def test_a_strip_shows_every_bit_once() -> None:
    svg = ElementTree.fromstring(charts.strip("1010", 2, "1001"))
    found = {path.get("class"): (path.get("d") or "").count("M") for path in svg.iter("path")}
    assert found == {"same": 2, "differs rest": 2, "cut": 1}


def test_a_dot_for_every_picture() -> None:
    levels = [0, 0, 2, 1, 2, 2, 0]
    svg = ElementTree.fromstring(charts.dots(levels, 2, "3 of 7"))
    count = dict.fromkeys(("gone", "falling", "left"), 0)
    for path in svg.iter("path"):
        runs = re.findall(r"h(\d+)", path.get("d") or "")
        count[str(path.get("class"))] = sum((int(run) + 1) // 4 for run in runs)
    assert count == {"gone": 3, "falling": 1, "left": 3}


def test_lines_name_every_value() -> None:
    svg = ElementTree.fromstring(charts.lines({"mAP": {8: 0.5, 16: 0.75}}, 16, "Quality:", 0.7))
    assert svg.get("aria-label") == "Quality: mAP 0.50 at 8, 0.75 at 16 bits; now 16 bits"
    low, high = (float(circle.get("cy", 0)) for circle in svg.iter("circle"))
    assert low - high == pytest.approx(0.25 * 200)


@pytest.mark.parametrize("number", range(len(STEPS) + 1))
def test_every_step_of_the_tour_leads_on(number: int) -> None:
    card = views.tour(number)
    assert bool(card) == bool(number)
    if number:
        steps = [button.get("data-step") for button in parsed(card).iter("button")]
        assert steps[-1] == str((number + 1) % (len(STEPS) + 1))
        assert sections.split_view(STEPS[number - 1].view)[0] == STEPS[number - 1].view.split(":")[0]
