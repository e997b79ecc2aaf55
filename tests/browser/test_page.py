"""What a visitor does on the page, with a mouse, a keyboard, a phone."""

import re
from io import BytesIO

import pytest
from browser_at_hand import no_browser
from PIL import Image

try:
    from playwright.sync_api import Page, expect
except ImportError:
    no_browser()


def jpeg(colour: str = "orange", **settings: int) -> dict[str, object]:
    file = BytesIO()
    Image.new("RGB", (300, 200), colour).save(file, "JPEG", **settings)
    return {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


def give(page: Page, picture: dict[str, object]) -> None:
    page.locator("#query input[type=file]").set_input_files(picture)


def shown_bits(page: Page, bits: int) -> None:
    expect(page.locator(".results")).to_have_attribute("data-bits", str(bits))


def whole(page: Page) -> str:
    """All that the page shows once it is still, but for the time of a search, which is measured as it opens."""
    parts = (
        "['.query', '.results', '.strip', '.curve'].map(what => stage.querySelector(what).outerHTML).join()"
    )
    shown = before = ""
    while not shown or shown != before:
        before = shown
        page.wait_for_timeout(500)
        shown = page.locator("#stage").evaluate(f"stage => {parts}")
    return shown


def contrast(page: Page, selector: str) -> float:
    """The contrast of a text with what is behind it, by the formula of WCAG 2."""
    return page.locator(selector).first.evaluate(
        """element => {
        const numbers = text => text.match(/[\\d.]+/g).map(Number);
        let behind = element;
        while (behind && (numbers(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
        const light = colour => {
          const [r, g, b] = numbers(colour).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
          return .2126 * r + .7152 * g + .0722 * b;
        };
        const pair = [light(getComputedStyle(element).color), light(getComputedStyle(behind).backgroundColor)].sort();
        return (pair[1] + .05) / (pair[0] + .05);
      }"""
    )


def test_a_first_visit_shows_an_example_and_its_results_at_32_bits(open_page) -> None:
    page = open_page()
    expect(page.locator(".results li")).to_have_count(12)
    shown_bits(page, 32)
    expect(page.locator(".query strong")).not_to_be_empty()
    expect(page.locator("[data-fact=bytes]")).to_contain_text("4 bytes")
    expect(page.locator("[data-fact=time]")).to_contain_text("µs")
    expect(page.locator(".strip i")).to_have_count(128)
    expect(page.locator(".strip i.used")).to_have_count(32)
    expect(page.locator("#bottom")).to_contain_text("Apache License 2.0")
    page.wait_for_function(
        "[...document.querySelectorAll('.results img')].every(image => image.naturalWidth > 0)"
    )


def test_the_slider_by_keyboard(open_page) -> None:
    page = open_page()
    slider = page.get_by_role("slider", name="Code length")
    for key, bits in (("End", 128), ("ArrowLeft", 64), ("Home", 8), ("ArrowRight", 16)):
        slider.press(key)
        shown_bits(page, bits)
        expect(page.locator("#bits output")).to_contain_text(f"{bits} bits")
        expect(slider).to_have_attribute("aria-valuetext", re.compile(f"^{bits} bits"))
        expect(page.locator(".strip i.used")).to_have_count(bits)
        expect(page.locator("#curve svg")).to_have_attribute("data-bits", str(bits))
    expect(slider).to_be_focused()


def test_the_slider_by_mouse(open_page) -> None:
    page = open_page()
    box = page.locator(".strip").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
    page.mouse.down()
    for part in (0.4, 0.7, 0.98, 0.6, 0.05):
        page.mouse.move(box["x"] + box["width"] * part, box["y"] + 20)
    page.mouse.up()
    shown_bits(page, 8)
    page.locator(".ticks").get_by_text("64").click()
    shown_bits(page, 64)


def test_a_result_becomes_the_query_and_the_way_back(open_page) -> None:
    page = open_page()
    before = page.locator(".query strong").inner_text()
    tile = page.locator(".results button").nth(3)
    name, item = tile.locator(".name").inner_text(), tile.get_attribute("data-query")
    tile.click()
    expect(page.locator(".query")).to_have_attribute("data-query", item)
    expect(page.locator(".query strong")).to_have_text(name)
    expect(page).to_have_url(re.compile(f"gallery=emoji&q={item}&bits=32&k=12&view=compare"))
    page.go_back()
    expect(page.locator(".query strong")).to_have_text(before)


def test_the_keyboard_alone(open_page) -> None:
    page = open_page()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('tile')"):
            break
    item = page.evaluate("document.activeElement.dataset.query")
    page.keyboard.press("Enter")
    expect(page.locator(".query")).to_have_attribute("data-query", item)
    assert page.evaluate("document.activeElement.classList.contains('tile')")


def test_right_results_are_marked_by_colour_and_shape(open_page) -> None:
    page = open_page()
    label = page.locator(".query figcaption span").last.inner_text().split(" · ")[0]
    for tile in page.locator(".tile").all():
        same = tile.locator(".meta span").inner_text() == label
        assert tile.locator(".badge.right").count() == same
        assert tile.locator(".badge:is(.wrong, .near)").count() == (not same)
        words = ("same emoji", "same class") if same else ("same group", "something else")
        assert tile.get_attribute("aria-label").endswith(words)
    for grade, mark in (("instance", ".very"), ("class", ":not(.very)")):
        count = page.locator(f".tile.right{mark}").count()
        expect(page.locator(f".grades [data-grade={grade}] b")).to_have_text(str(count))
    expect(page.locator(".grades")).to_contain_text("of 12")


def test_an_uploaded_picture(open_page) -> None:
    page = open_page()
    give(page, jpeg())
    expect(page.locator(".query strong")).to_have_text("Your picture")
    expect(page.locator(".query img")).to_have_attribute("src", re.compile("^data:image/webp"))
    expect(page.locator(".badge")).to_have_count(0)
    expect(page.locator("#query")).to_contain_text("class unknown")
    expect(page.locator("#facts .likely")).to_contain_text("the nearest differs in")
    page.locator("#bits-range").press("Home")
    shown_bits(page, 8)
    expect(page.locator(".query strong")).to_have_text("Your picture")


def test_a_dropped_and_a_pasted_picture(open_page) -> None:
    page = open_page()
    event = """([name, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], 'a.jpg', {type: 'image/jpeg'}));
      const event = name === 'paste' ? new ClipboardEvent(name, {clipboardData: data, bubbles: true})
                                     : new DragEvent(name, {dataTransfer: data, bubbles: true, cancelable: true});
      document.body.dispatchEvent(event);
    }"""
    for name, colour in (("drop", "purple"), ("paste", "teal")):
        before = page.locator(".query").get_attribute("data-query")
        page.evaluate(event, [name, list(jpeg(colour)["buffer"])])
        expect(page.locator(".query")).not_to_have_attribute("data-query", before)
        expect(page.locator(".query strong")).to_have_text("Your picture")


def test_a_picture_from_the_camera(open_page) -> None:
    page = open_page(permissions=["camera"])
    page.get_by_role("button", name="Camera", exact=True).click()
    page.wait_for_function("document.querySelector('dialog video').videoWidth > 0")
    page.get_by_role("button", name="Take the picture").click()
    expect(page.locator(".query strong")).to_have_text("Your picture")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"only words", "not an image"),
        (b"", "empty"),
        (jpeg("red", quality=95)["buffer"][:700], "damaged or cut short"),
    ],
)
def test_an_unreadable_file_leaves_the_page_whole(open_page, content: bytes, reason: str) -> None:
    page = open_page()
    before = whole(page)
    give(page, {"name": "a.png", "mimeType": "image/png", "buffer": content})
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_have_count(1)
    expect(toast).to_contain_text(reason)
    assert whole(page) == before
    give(page, jpeg())
    expect(page.locator(".query strong")).to_have_text("Your picture")


def test_a_photo_of_48_megapixels_is_read_and_a_picture_beyond_the_limit_is_not(open_page) -> None:
    page = open_page()
    file = BytesIO()
    Image.new("RGB", (8064, 6048), "orange").save(file, "JPEG", quality=50)
    give(page, {"name": "phone.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()})
    expect(page.locator(".query strong")).to_have_text("Your picture")
    file = BytesIO()
    Image.new("L", (8064, 6048)).save(file, "PNG", compress_level=1)
    give(page, {"name": "scan.png", "mimeType": "image/png", "buffer": file.getvalue()})
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_have_count(1)
    expect(toast).to_contain_text("too many pixels (49 million); at most 25 million are accepted")


def test_quick_picks_keep_their_order(open_page) -> None:
    page = open_page()
    tiles = page.locator(".results .tile")
    wanted = [tiles.nth(place).get_attribute("data-query") for place in (4, 7)]
    page.evaluate(
        "places => { const tiles = [...document.querySelectorAll('.results .tile')];"
        " for (const place of places) tiles[place].click(); }",
        [4, 7],
    )
    expect(page.locator(".query")).to_have_attribute("data-query", wanted[1])
    page.wait_for_timeout(600)
    expect(page.locator(".query")).to_have_attribute("data-query", wanted[1])
    expect(page).to_have_url(re.compile(f"q={wanted[1]}&"))


def test_a_file_that_is_too_large(open_page) -> None:
    page = open_page()
    give(page, {"name": "a.png", "mimeType": "image/png", "buffer": bytes(10_500_000)})
    expect(page.locator("#query .note")).to_have_text(
        "The picture exceeds the maximum allowed size of 10 MB."
    )


def test_examples_and_shuffle(open_page) -> None:
    page = open_page()
    example = page.locator(".examples button").nth(4)
    name = example.get_attribute("aria-label")
    example.click()
    expect(page.locator(".query strong")).to_have_text(name)
    before = page.locator(".examples").inner_html()
    page.get_by_role("button", name="Shuffle").click()
    page.wait_for_function("before => document.querySelector('.examples').innerHTML !== before", arg=before)
    expect(page.locator(".examples button")).to_have_count(10)


def test_the_number_of_results(open_page) -> None:
    page = open_page()
    page.locator("#k").get_by_text("24").click()
    expect(page.locator(".results li")).to_have_count(24)
    expect(page).to_have_url(re.compile("k=24"))


def test_a_link_opens_a_state(open_page) -> None:
    page = open_page("/?q=100&bits=64&k=6")
    expect(page.locator(".query")).to_have_attribute("data-query", "100")
    expect(page.locator(".results li")).to_have_count(6)
    shown_bits(page, 64)
    expect(page.locator("#bits-range")).to_have_attribute("aria-valuetext", "64 bits · 8 bytes")
    expect(page.locator("#k input:checked")).to_have_attribute("value", "6")
    expect(page.locator("[data-fact=bytes]")).to_contain_text("8 bytes")


def test_a_link_with_nothing_right_in_it(open_page) -> None:
    page = open_page("/?q=<script>&bits=33&k=all")
    expect(page.get_by_test_id("toast-body")).to_contain_text("not in this gallery")
    expect(page.locator(".results li")).to_have_count(12)
    shown_bits(page, 32)


@pytest.mark.parametrize("width", [320, 390, 820, 821, 1920])
def test_no_width_needs_sideways_scrolling(open_page, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for tile in [*page.locator(".results li").all(), *page.locator("#panel .mini").all()]:
        box = tile.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_on_a_phone_the_slider_is_dragged_by_a_finger(open_page) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    box = page.locator(".strip").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.97, box["y"] + 20)
    shown_bits(page, 128)


def test_names_for_screen_readers(open_page) -> None:
    page = open_page()
    assert page.locator("h1").count() == 1
    for button in page.locator(":is(#stage, #closer) button:visible").all():
        assert (button.get_attribute("aria-label") or button.inner_text()).strip()
    assert page.locator("img:not([alt])").count() == 0
    expect(page.get_by_role("img", name=re.compile("Quality at each length: .* now 32 bits"))).to_have_count(
        1
    )
    expect(page.get_by_role("status").filter(has_text="nearest pictures at 32 bits")).to_have_count(1)
    expect(
        page.get_by_role("radiogroup").or_(page.get_by_role("group")).filter(has_text="Show")
    ).not_to_have_count(0)


def test_reduced_motion(open_page) -> None:
    page = open_page(reduced_motion="reduce")
    assert page.locator(".handle").evaluate("e => getComputedStyle(e).transitionDuration") == "0s"
