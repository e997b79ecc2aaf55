"""The sections under the results, the tour, the galleries and the links, as a visitor uses them."""

import re
import zipfile
from io import BytesIO

import pytest
from browser_at_hand import no_browser
from PIL import Image

try:
    from contrast import faint
    from playwright.sync_api import Page, expect
except ImportError:
    no_browser()

SECTIONS = ("compare", "quality", "speed", "bits", "coarse", "how")


def show(page: Page, name: str) -> None:
    page.locator(f"#tab-{name}").click()
    expect(page.locator("#section")).to_have_class(name)


def png(colour: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (40, 40), colour).save(file, "PNG")
    return file.getvalue()


def archive(**files: bytes) -> dict[str, object]:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return {"name": "mine.zip", "mimeType": "application/zip", "buffer": file.getvalue()}


def test_compare_all_lengths_then_two(open_page) -> None:
    page = open_page("/?bits=32")
    sides = page.locator("#section .side")
    expect(sides).to_have_count(5)
    for row in range(5):
        expect(sides.nth(row).locator("h3")).to_contain_text(re.compile(r"\d+ (same|something).* of 12"))
    expect(page.locator("#section .side.now h3")).to_contain_text("32 bits")
    page.locator("#section .choices").get_by_text("8", exact=True).click()
    expect(sides).to_have_count(2)
    kept = page.locator("#section .mini.kept").count() // 2
    gained, lost = page.locator("#section .gained").count(), page.locator("#section .lost").count()
    assert gained == lost == 12 - kept
    told = f"From 8 to 32 bits: {kept} kept, {gained} new, {lost} lost."
    expect(page.locator(".told")).to_contain_text(told)
    expect(sides.nth(1).locator("h3")).to_contain_text(re.compile(r"\d+ same class.* of 12"))
    page.locator("#bits-range").press("End")
    expect(page.locator(".told")).to_contain_text("From 8 to 128 bits")
    page.get_by_role("button", name="All lengths").click()
    expect(sides).to_have_count(5)
    expect(page).to_have_url(re.compile("view=compare:all"))


def test_quality_marks_the_slider_and_computes_what_is_enough(open_page) -> None:
    page = open_page()
    show(page, "quality")
    expect(page.locator("#section tr.now th")).to_have_text("32")
    enough = int(page.locator(".verdict").get_attribute("data-enough"))
    rows = {
        int(row.locator("th").inner_text()): float(row.locator("td").nth(4).inner_text().rstrip("%"))
        for row in page.locator("#section tbody tr").all()
    }
    assert enough == min(bits for bits, share in rows.items() if share >= 95)
    page.locator("#bits-range").press("Home")
    expect(page.locator("#section tr.now th")).to_have_text("8")
    expect(page.locator(".lines .tick.now")).to_have_text("8")
    expect(page.locator(".keys")).to_contain_text("this query")


def test_right_wrong_and_lost_look_different(open_page) -> None:
    page = open_page("/?bits=32&view=compare:8")
    look = {}
    for kind in ("gained right", "gained near", "gained wrong", "lost right", "lost near", "lost wrong"):
        page.locator("#section .mini").first.evaluate(
            f"tile => {{ tile.className = 'mini {kind}'; tile.querySelector('.frame').style.transition = 'none'; }}"
        )
        style = "e => (({borderStyle, borderColor, opacity, boxShadow}) => [borderStyle, borderColor, opacity, boxShadow])"
        frame = page.locator("#section .mini .frame").first
        look[kind] = str(frame.evaluate(f"{style}(getComputedStyle(e))"))
    assert len(set(look.values())) == len(look), look


def test_why_nested_draws_three_ways_and_says_what_is_true(open_page) -> None:
    page = open_page("/?view=why")
    expect(page.locator("#section .lines polyline")).to_have_count(3)
    expect(page.locator("#section .keys li")).to_have_text(
        [re.compile(r"One nested code.*\.\d\d"), re.compile("A model for each"), re.compile("cut short")]
    )
    expect(page.locator("#section .bars").nth(0).locator("li")).to_have_count(2)
    expect(page.locator("#section .bars").nth(1).locator("li b")).to_have_text(["16", "31", "16"])
    verdict = page.locator("#section .verdict")
    expect(verdict).to_contain_text("One nested code does the work of 5 models")
    nested, single = (
        float(b.inner_text().rstrip(" s")) for b in page.locator("#section .bars").first.locator("b").all()
    )
    expect(verdict).to_contain_text(f"for {nested / single:.0%} of their training time")
    expect(page.locator("#section .note")).to_contain_text(
        "in nDCG@10: its figures cannot be compared with these"
    )
    page.locator("#bits-range").press("Home")
    expect(page.locator("#section .lines .tick.now")).to_have_text("8")


def test_a_stranger_finds_five_answers(open_page) -> None:
    page = open_page("/?view=quality")
    buys = page.locator("#section .verdict")
    expect(buys).to_contain_text(re.compile(r"of the right class at 8 bits, \d\.\d at 128"))
    expect(buys).to_contain_text(re.compile(r"\d+% are among the first ten at 8 bits, \d+% at 128"))
    expect(buys).to_contain_text("the shortest code that keeps 95% of the best quality")
    show(page, "why")
    expect(page.locator("#section .verdict")).to_contain_text("One nested code does the work of 5 models")
    show(page, "speed")
    said = page.locator("#figures")
    expect(said).to_contain_text(
        re.compile(r"128 bits instead of 8 take 16 times the bytes; a search takes"), timeout=60_000
    )
    expect(said).to_contain_text("Which length for 5,664 pictures?")
    expect(said).to_contain_text(
        re.compile("longer code separates the classes better|It can be, where its further bits")
    )
    sizes = page.get_by_role("slider", name="Pictures in the gallery")
    assert sizes.get_attribute("data-words").endswith("10 million")
    show(page, "how")
    expect(page.locator("#section")).to_contain_text("it is searched quicker than a shorter one")


def test_speed_and_size(open_page) -> None:
    page = open_page()
    show(page, "speed")
    kinds = page.locator(".kinds")
    expect(kinds).to_have_attribute("data-count", "5664", timeout=60_000)
    expect(page.locator(".made-up")).to_contain_text("real pictures")
    sizes = page.get_by_role("slider", name="Pictures in the gallery")
    sizes.press("ArrowRight")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(sizes).to_have_attribute("aria-valuetext", "10,000")
    expect(kinds).to_have_attribute("data-count", "10000", timeout=60_000)
    expect(page.locator(".made-up")).to_contain_text("for timing only")
    expect(page.locator("[data-advice]")).to_contain_text("Which length for 10,000 pictures? ")
    expect(page.locator(".weights div").nth(1).locator("span").last).to_have_text(
        "39"
    )  # pictures sharing a code
    for kind in ("scan", "index", "faiss"):
        expect(page.locator(f".kinds .{kind} li")).to_have_count(5)
    expect(page.locator(".kinds .scan .now")).to_contain_text("32")
    page.locator("#bits-range").press("End")
    expect(page.locator(".kinds .scan .now")).to_contain_text("128")
    expect(page.locator(".weights .now")).to_contain_text("160 KB")
    expect(page.locator("#figures .verdict").first).to_contain_text(re.compile("At 128 bits .* as fast as "))
    expect(page.locator("#figures")).to_contain_text("one logarithmic scale")
    page.get_by_role("button", name="Measure again").click()
    expect(page.locator(".kinds .scan .now")).to_contain_text("128", timeout=60_000)


def test_bits_and_pointing_at_a_result(open_page) -> None:
    page = open_page()
    show(page, "bits")
    expect(page.locator(".codes button")).to_have_count(12)
    tile = page.locator(".results .tile").first
    tile.hover()
    distance = int(tile.locator(".meta b").inner_text())
    expect(page.locator(".strip .used.differs")).to_have_count(distance)
    expect(page.locator(".look")).to_contain_text(f"{distance} / 32 bits differ")
    row = page.locator(".codes button").nth(3)
    row.focus()
    expect(page.locator(".strip .used.differs")).to_have_count(int(row.locator("b").inner_text()))
    code = row.locator("path.differs:not(.rest)").get_attribute("d")
    assert code.count("M") == int(row.locator("b").inner_text())
    row.blur()
    expect(page.locator(".strip .differs")).to_have_count(0)


def test_coarse_to_fine_step_by_step(open_page) -> None:
    page = open_page()
    show(page, "coarse")
    counts = [int(b.inner_text().replace(",", "")) for b in page.locator(".steps b").all()]
    assert counts[0] == 5663  # all but the query
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] >= 12
    for step in range(2, 6):
        page.get_by_role("button", name="Next step").click()
        expect(page.locator("#section")).to_have_attribute("data-shown", f"coarse:{step}")
        expect(page.locator(".dots")).to_have_attribute("aria-label", f"{counts[step]:,} of 5,663")
    expect(page.locator("#section .mini")).to_have_count(12)
    page.get_by_role("button", name="Start again").click()
    expect(page.locator(".steps [aria-current=step]")).to_contain_text("all")


def test_tabs_by_keyboard(open_page) -> None:
    page = open_page()
    tab = page.get_by_role("tab", name="Compare")
    tab.focus()
    tab.press("ArrowLeft")
    expect(page.locator("#section")).to_have_class("how")
    how = page.get_by_role("tab", name="How it works")
    expect(how).to_be_focused()
    expect(how).to_have_attribute("aria-selected", "true")
    expect(page.locator("#section math")).to_have_count(7)
    how.press("Home")
    expect(page.get_by_role("tab", name="Compare")).to_be_focused()


def test_the_tour_in_five_steps(open_page) -> None:
    page = open_page()
    page.get_by_role("button", name="Take the tour").click()
    states = [("128", "bits"), ("8", "compare"), ("32", "speed"), ("32", "coarse"), ("32", "quality")]
    for step, (bits, section) in enumerate(states, start=1):
        expect(page.locator(".tour .eyebrow")).to_have_text(f"Step {step} of 5")
        expect(page.locator(".results")).to_have_attribute("data-bits", bits)
        expect(page.locator("#section")).to_have_class(section)
        expect(page).to_have_url(re.compile(rf"\?tour={step}$"))
        expect(page.locator(".tour")).to_be_in_viewport(ratio=1)
        page.locator(".tour .primary").click()
    expect(page.locator(".tour")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"bits=32&k=12&view=quality"))


def test_a_link_opens_a_step_of_the_tour(open_page) -> None:
    page = open_page("/?tour=2")
    expect(page.locator(".tour h2")).to_have_text("Fewer bits see less")
    expect(page.locator(".results")).to_have_attribute("data-bits", "8")
    page.get_by_role("button", name="Close the tour").click()
    expect(page).to_have_url(re.compile(r"bits=8.*view=compare:32"))


def test_nothing_can_overtake_a_link(open_page) -> None:
    page = open_page("/?q=100&bits=64&k=6&view=bits", hasty=True)
    page.keyboard.press("Tab")
    for _ in range(30):  # as soon as there is anything, whatever it is
        page.evaluate(
            """() => {
              const input = document.querySelector('#bits-range');
              if (!input || !input.checkVisibility({visibilityProperty: true})) return;
              input.value = 0;
              input.dispatchEvent(new Event('input', {bubbles: true}));
            }"""
        )
        if page.locator(".query[data-query='100']").count():
            break
        page.wait_for_timeout(20)
    expect(page.locator(".query")).to_have_attribute("data-query", "100")
    expect(page).to_have_url(re.compile("q=100&"))
    expect(page.locator("#section")).to_have_class("bits")


def test_the_link_is_copied(open_page) -> None:
    page = open_page("/?q=100&bits=64", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url
    assert re.search(r"\?gallery=emoji&q=100&bits=64&k=12&view=compare$", copied)


def test_own_pictures_are_indexed_for_this_visitor_alone(open_page) -> None:
    page, stranger = open_page(), open_page()
    page.locator("#chooser").get_by_text("Your pictures").click()
    page.locator("#files input[type=file]").set_input_files(
        [
            archive(**{"red/1.png": png("red"), "red/2.png": png("crimson"), "words.txt": b"words"}),
            {"name": "blue.png", "mimeType": "image/png", "buffer": png("blue")},
        ]
    )
    expect(page.locator("#notice")).to_contain_text("3 pictures. 1 file was left out", timeout=30_000)
    expect(page.locator("#found-bar h2")).to_have_text("Nearest of 3 pictures")
    expect(page.locator(".results li")).to_have_count(2)
    source = page.locator(".results img").first.evaluate("image => image.src")
    assert page.request.get(source).headers["cache-control"] == "private, no-store"
    page.locator("#bits-range").press("End")
    expect(page.locator(".results")).to_have_attribute("data-bits", "128")
    expect(page).to_have_url(re.compile(r"\?gallery=mine&q=\d+&bits=128"))
    stranger.locator("#chooser").get_by_text("Your pictures").click()
    expect(stranger.locator("#files")).to_be_visible()
    expect(stranger.locator("#found")).to_be_hidden()
    page.reload()
    expect(page.locator("#notice")).to_contain_text("a visitor's own, and are gone: they are deleted when")
    expect(page.locator("#notice")).not_to_contain_text("There are none yet")
    expect(page.locator("#chooser input:checked")).to_have_attribute("value", "mine")
    expect(page.locator("#found")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"\?gallery=mine$"))
    for _ in range(100):
        if stranger.request.get(source).status == 404:
            break
        stranger.wait_for_timeout(100)
    assert stranger.request.get(source).status == 404


def test_few_own_pictures_have_quality_and_speed(open_page) -> None:
    page = open_page()
    page.locator("#chooser").get_by_text("Your pictures").click()
    colours = {"red": ("red", "crimson", "firebrick"), "blue": ("blue", "navy", "royalblue")}
    files = {f"mine/{kind}/{name}.png": png(name) for kind, names in colours.items() for name in names}
    page.locator("#files input[type=file]").set_input_files(archive(**files))
    expect(page.locator("#notice")).to_have_text("6 pictures.", timeout=30_000)
    expect(page.locator(".query figcaption")).to_contain_text(re.compile("red|blue"))
    expect(page.locator(".grades")).to_contain_text("same class")
    expect(page.locator("#curve button")).to_have_attribute("title", re.compile("each of your pictures"))
    show(page, "quality")
    expect(page.locator("#section")).to_contain_text("each of your pictures as a query among all the others")
    show(page, "speed")
    expect(page.locator(".kinds")).to_have_attribute("data-count", "6", timeout=60_000)
    expect(page.locator("[data-advice]")).to_contain_text("Which length for 6 pictures?")


def test_files_without_a_picture(open_page) -> None:
    page = open_page()
    page.locator("#chooser").get_by_text("Your pictures").click()
    page.locator("#files input[type=file]").set_input_files(archive(a=b"words"))
    expect(page.get_by_test_id("toast-body")).to_contain_text("no picture that can be read")
    expect(page.locator("#notice h2")).to_have_text("Search among your own pictures")
    expect(page.locator("#files")).to_be_visible()


def test_a_tab_shows_its_own_gallery_or_none(open_page) -> None:
    page = open_page("/?q=100")
    page.locator("#chooser").get_by_text("Your pictures").click()
    expect(page.locator("#notice h2")).to_have_text("Search among your own pictures")
    for part in ("#query", "#examples", "#curve", "#bits", "#facts", "#found", "#closer"):
        expect(page.locator(part)).to_be_hidden()
    expect(page).to_have_url(re.compile(r"\?gallery=mine$"))
    page.reload()
    expect(page.locator("#notice h2")).to_have_text("Search among your own pictures")
    expect(page.locator("#chooser input:checked")).to_have_attribute("value", "mine")
    expect(page.locator("#found")).to_be_hidden()
    expect(page.get_by_test_id("toast-body")).to_have_count(0)
    page.locator("#chooser").get_by_text("Emoji").click()
    expect(page.locator(".results li")).to_have_count(12)
    expect(page.locator("#notice")).to_be_hidden()
    page.go_back()
    expect(page.locator("#found")).to_be_hidden()


def test_another_gallery_is_fetched_once(open_page) -> None:
    page = open_page()
    page.locator("#chooser").get_by_text("CIFAR-10").click()
    expect(page.locator("#notice")).to_contain_text("170 MB")
    expect(page.locator("#found")).to_be_hidden()
    page.get_by_role("button", name="Fetch CIFAR-10").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.locator("#found-bar h2")).to_have_text("Nearest of 220 pictures", timeout=60_000)
    expect(page).to_have_url(re.compile("gallery=cifar10"))
    expect(page.locator("#bottom")).to_contain_text("Krizhevsky")
    again = open_page("/?gallery=cifar10&bits=8")
    expect(again.locator("#found-bar h2")).to_have_text("Nearest of 220 pictures")
    expect(again.locator("#chooser input:checked")).to_have_attribute("value", "cifar10")
    again.locator("#chooser").get_by_text("Emoji").click()
    expect(again.locator("#found-bar h2")).to_have_text("Nearest of 5,664 pictures")


def test_no_network_is_one_sentence_with_the_remedy(open_page) -> None:
    page = open_page("/?gallery=photographs", hasty=True)
    expect(page.locator("#notice")).to_contain_text("10,000 small photos in 200 classes")
    expect(page.locator("#notice")).to_contain_text("240 MB")
    button = page.get_by_role("button", name="Fetch Photographs")
    button.click()
    sentence = page.locator("#notice [role=status]")
    expect(sentence).to_contain_text("Photographs could not be fetched: its server cannot be reached.")
    expect(sentence).to_contain_text("let NHL_DATA name the folder that holds tiny-imagenet-200")
    expect(button).to_be_visible()
    expect(page.locator("#found")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"\?gallery=photographs$"))


def test_a_link_to_pictures_that_are_gone(open_page) -> None:
    page = open_page("/?gallery=mine&q=3&bits=8", hasty=True)
    expect(page.locator("#notice")).to_contain_text("a visitor's own, and are gone")
    expect(page.locator("#found")).to_be_hidden()
    expect(page.locator("#files")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?gallery=mine$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_legible(open_page, scheme: str) -> None:
    page = open_page("/?tour=2", color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
    assert faint(page, ".gradio-container") == []
    for name in SECTIONS:
        show(page, name)
        if name == "speed":
            page.locator(".kinds").wait_for(timeout=60_000)
        assert faint(page, "#closer") == [], name


def test_the_last_of_two_quick_wishes_holds(open_page) -> None:
    page = open_page()
    for first, last in (("speed", "quality"), ("quality", "compare"), ("how", "bits"), ("bits", "how")):
        page.evaluate(
            f"for (const name of ['{first}', '{last}']) document.getElementById('tab-' + name).click()"
        )
        expect(page.locator("#section")).to_have_class(last)
        page.wait_for_timeout(600)
        expect(page.locator("#section")).to_have_class(last)


def test_no_section_needs_sideways_scrolling_on_a_phone(open_page) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for name in SECTIONS:
        show(page, name)
        if name == "speed":
            page.locator(".kinds").wait_for(timeout=60_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        expect(page.locator(f"#tab-{name}")).to_be_in_viewport(ratio=0.9)
