"""What a visitor sees without a click, on a desk and on a phone, and what the address bar says."""

import re

import pytest
from browser_at_hand import no_browser
from drawings import encoded
from PIL import Image

try:
    from playwright.sync_api import Page, expect
except ImportError:
    no_browser()

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def bottom(page: Page, selector: str, number: int = 0) -> float:
    box = page.locator(selector).nth(number).bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_two_rows_of_results_without_scrolling(open_page) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    assert bottom(page, ".results li", 11) <= 800
    expect(page.locator(".lead")).to_contain_text("among millions with only 1 to 16 bytes each")


def test_the_curve_stands_beside_the_first_figures_and_rises(open_page) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    facts, curve = page.locator("#facts").bounding_box(), page.locator("#curve").bounding_box()
    assert facts["x"] + facts["width"] <= curve["x"]
    assert bottom(page, "#curve") <= page.locator(".results li").first.bounding_box()["y"]
    more = page.locator("#curve button").bounding_box()
    assert more["x"] + more["width"] <= curve["x"] + curve["width"]
    heights = [float(at.get_attribute("cy")) for at in page.locator("#curve circle").all()]
    assert len(heights) == 5
    assert heights == sorted(heights, reverse=True)
    black = {"name": "black.png", "mimeType": "image/png", "buffer": encoded(Image.new("RGB", (64, 64)))}
    page.locator("#query input[type=file]").set_input_files(black)
    expect(page.locator(".likely")).to_contain_text("Nothing here is much like it.")
    assert bottom(page, ".results li", 11) <= 800


def test_slider_and_first_row_together_on_a_phone(open_page) -> None:
    page = open_page(**PHONE)
    expect(page.locator("#bits")).to_be_in_viewport(ratio=1)
    assert bottom(page, ".results li", 2) <= 844


@pytest.mark.parametrize("settings", [{}, PHONE, {"viewport": {"width": 320, "height": 700}}])
def test_the_name_of_every_gallery_is_whole(open_page, settings: dict[str, object]) -> None:
    page = open_page(**settings)
    whole = page.locator("#chooser .wrap:has(label)").bounding_box()
    for label in page.locator("#chooser label").all():
        box, name = label.bounding_box(), label.locator("span").bounding_box()
        assert whole["x"] <= box["x"] <= name["x"]
        assert name["x"] + name["width"] <= box["x"] + box["width"] <= whole["x"] + whole["width"] + 1


def test_badges_lie_inside_their_tiles(open_page) -> None:
    page = open_page()
    for kind in (".tile", "#panel .mini"):
        for tile in page.locator(f"{kind}:has(.badge)").all()[:12]:
            frame, badge = tile.locator(".frame").bounding_box(), tile.locator(".badge").bounding_box()
            assert frame is not None
            assert badge is not None
            assert frame["y"] <= badge["y"]
            assert badge["x"] + badge["width"] <= frame["x"] + frame["width"]


@pytest.mark.parametrize("settings", [{}, PHONE])
def test_a_long_name_moves_nothing(open_page, settings: dict[str, object]) -> None:
    page = open_page(**settings)
    places = "['#bits', '#found', '#closer', '.tile'].map(what => document.querySelector(what).offsetTop)"
    before = page.evaluate(places)
    page.evaluate(
        "for (const name of document.querySelectorAll('.query strong, .tile .name, .asked b, .query figcaption span'))"
        "  name.textContent = 'clockwise rightwards and leftwards open circle arrows '.repeat(4)"
    )
    assert page.evaluate(places) == before
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_classes_are_written_as_people_do(open_page) -> None:
    page = open_page("/?q=0")
    expect(page.locator(".query figcaption")).to_contain_text("smiling faces")
    assert "face-smiling" not in page.locator("#stage").inner_text()


def test_a_finger_that_rests_on_a_result_compares_its_bits(open_page) -> None:
    page = open_page(**PHONE)
    expect(page.locator(".look")).to_have_text("Touch and hold a result to see where its bits differ.")
    before = page.locator(".query").get_attribute("data-query")
    tile = page.locator(".results .tile").first
    touch = "{changedTouches: [], touches: [], bubbles: true}"
    tile.evaluate(f"tile => tile.dispatchEvent(new TouchEvent('touchstart', {touch}))")
    expect(page.locator(".look")).to_contain_text("bits differ")
    expect(page.locator(".strip .used.differs")).to_have_count(int(tile.locator(".meta b").inner_text()))
    tile.evaluate(f"tile => {{ tile.dispatchEvent(new TouchEvent('touchend', {touch})); tile.click(); }}")
    expect(page.locator(".strip .differs")).to_have_count(0)
    expect(page.locator(".query")).to_have_attribute("data-query", before)
    tile.tap()
    expect(page.locator(".query")).not_to_have_attribute("data-query", before)


def test_no_timers_of_the_frame(open_page) -> None:
    page = open_page(hasty=True)
    page.locator(".strip i").first.wait_for()
    for _ in range(10):
        assert (
            page.locator(":is(.progress-text, .meta-text, .meta-text-center, .eta-bar):visible").count() == 0
        )
        page.locator("#bits-range").press("ArrowRight")
        page.wait_for_timeout(50)


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("gallery=nope", "gallery=nope, which does not exist; choose from emoji"),
        ("bits=12", "bits=12, which does not exist; choose from 8, 16, 32, 64 or 128."),
        ("tour=9", "tour=9, which does not exist; choose from 1, 2, 3, 4 or 5."),
        ("k=13", "k=13, which does not exist; choose from 6, 12, 24 or 48."),
        ("view=nope", "view=nope, which does not exist; choose from compare"),
    ],
)
def test_a_link_to_what_there_is_not_is_answered_with_a_sentence(open_page, link: str, said: str) -> None:
    page = open_page(f"/?{link}")
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_have_count(1)
    expect(toast).to_contain_text(said)
    expect(page).to_have_url(re.compile(r"\?gallery=emoji&q=\d+&bits=32&k=12&view=compare$"))


@pytest.mark.parametrize("start", ["/", "/?q=100&bits=64", "/?gallery=nope"])
def test_back_needs_one_press(open_page, start: str) -> None:
    page = open_page(start)
    first = page.locator(".query").get_attribute("data-query")
    page.locator("#bits-range").press("End")
    expect(page.locator(".results")).to_have_attribute("data-bits", "128")
    seen = [first]
    for number in (2, 3):
        tile = page.locator(".results button").nth(number)
        seen.append(tile.get_attribute("data-query"))
        tile.click()
        expect(page.locator(".query")).to_have_attribute("data-query", seen[-1])
        expect(page).to_have_url(re.compile(f"q={seen[-1]}&"))
    for query in reversed(seen[:-1]):
        page.go_back()
        expect(page.locator(".query")).to_have_attribute("data-query", query)
        page.wait_for_timeout(300)  # whatever the page may still do to the address
    page.go_forward()
    expect(page.locator(".query")).to_have_attribute("data-query", seen[1])


def test_the_address_is_true_after_a_reload(open_page) -> None:
    page = open_page("/?gallery=nope&q=3&bits=12")
    expect(page.get_by_test_id("toast-body")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?gallery=emoji&q=\d+&bits=32&k=12&view=compare$"))
    address = page.url
    page.reload()
    page.wait_for_function("!document.documentElement.classList.contains('opening')")
    expect(page).to_have_url(address)
    expect(page.get_by_test_id("toast-body")).to_have_count(0)


def test_the_tour_begins_below_two_rows_of_results(open_page) -> None:
    page = open_page("/?tour=1", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    expect(page.locator("#section")).to_have_class("bits")
    page.wait_for_timeout(500)
    card = page.locator(".tour").bounding_box()
    assert card is not None
    assert bottom(page, ".results li", 11) <= card["y"]
    assert bottom(page, ".tour") <= 800


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_the_tour_hides_nothing_that_it_speaks_of_on_a_phone(open_page, step: int) -> None:
    page = open_page(f"/?tour={step}", reduced_motion="reduce", **PHONE)
    looked = page.locator(page.locator(".tour").get_attribute("data-look"))
    looked.wait_for(timeout=60_000)
    page.wait_for_timeout(500)
    box, card = looked.bounding_box(), page.locator(".tour").bounding_box()
    assert box is not None
    assert card is not None
    assert box["y"] >= 0
    least = min(box["height"], 300)  # of a tall part, its beginning
    assert box["y"] + least <= card["y"]
    if step == 1:
        expect(page.locator(".tour")).to_contain_text("Touch and hold a result")
        assert bottom(page, ".results li") <= card["y"]
    if step == 2:  # both sides of the comparison
        assert bottom(page, "#section .side", 1) <= card["y"]


def test_the_example_of_the_api_page_works_as_printed(open_page) -> None:
    page = open_page()
    described = page.request.get(f"{page.url}gradio_api/info").json()["named_endpoints"]["/search"][
        "parameters"
    ]
    length = next(parameter for parameter in described if parameter["parameter_name"] == "length")
    assert length["example_input"] == 32
    assert not length["python_type"]["type"].startswith("Literal['")  # which would be printed as a text


def test_an_unknown_address_leads_to_the_page(open_page) -> None:
    page = open_page("/nowhere", hasty=True)
    expect(page.get_by_role("heading")).to_have_text("There is nothing at this address.")
    page.get_by_role("link").click()
    expect(page.locator(".results li")).to_have_count(12)


def test_only_ways_to_the_api_that_answer_are_shown(open_page) -> None:
    page = open_page()
    page.get_by_text("Use via API").click()
    expect(page.locator(".api-docs .snippet:visible")).to_have_text(["Python", "JavaScript", "CLI", "cURL"])


def test_the_query_stays_in_view_in_compare(open_page) -> None:
    page = open_page()
    source = page.locator(".query img").get_attribute("src")
    expect(page.locator("#section .asked img")).to_have_attribute("src", source)
    tile = page.locator(".results button").nth(5)
    name = tile.locator(".name").inner_text()
    tile.click()
    expect(page.locator("#section .asked b")).to_have_text(name)
    expect(page.locator("#section .asked img")).not_to_have_attribute("src", source)


def test_a_photograph_may_be_tried(open_page) -> None:
    page = open_page("/?bits=128")
    expect(page.locator("#bottom")).to_contain_text("Photographs among the examples: ")
    expect(page.locator("#bottom").get_by_role("link", name="CC0")).to_be_visible()
    page.get_by_role("button", name="Photograph of a cat").click()
    expect(page.locator("#facts .likely")).to_contain_text("the nearest differs in")
    expect(page.locator("#query img")).to_be_visible()
    expect(page.locator(".results .badge")).to_have_count(0)  # its class is unknown
    expect(page.locator(".query strong")).to_have_text("Photograph of a cat")
    expect(page.locator("#section .asked b")).to_have_text("Photograph of a cat")


def test_more_measures_are_one_click_away(open_page) -> None:
    page = open_page()
    page.get_by_role("button", name="nDCG@10 and more").click()
    expect(page.locator("#section table")).to_be_visible()
    expect(page).to_have_url(re.compile("view=quality"))
