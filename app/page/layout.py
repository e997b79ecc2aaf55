"""The page: layout in reading order, then one line of wiring for each event."""

from functools import partial

import gradio as gr

from app import texts
from app.page import sections, views
from app.page.api import search_call
from app.page.components import Argument, BitsSlider, Choice, CopyLink, FilesInput, PictureInput, Tiles
from app.page.handlers import DEFAULT_K, K_CHOICES, Handlers
from app.page.state import State
from app.service.galleries import MINE, Galleries
from app.service.search import MAX_K
from app.service.speed import SpeedBench

PAGE = "page"
"""The concurrency id of all that is quick."""


def build_page(galleries: Galleries, bench: SpeedBench) -> gr.Blocks:
    """The page over galleries that are ready to search; its first state is already drawn."""
    on, service = Handlers(galleries, bench), galleries.shipped
    first = service.query(str(on.first[0].id))
    now = on.asked(galleries.first, service, first, on.length, DEFAULT_K, sections.FIRST)
    html = partial(gr.HTML, apply_default_css=False)
    names = {galleries.first: service.gallery.meta.get("title") or texts.GALLERY}
    names |= {**texts.GALLERIES, MINE: texts.MINE}

    with gr.Blocks(title=texts.TITLE, analytics_enabled=False, delete_cache=(300, 300)) as page:
        top = Tiles(views.header(service), elem_id="top")
        tour = Tiles("", ["tour.js"], elem_id="tour")
        with gr.Row(elem_id="stage"):
            with gr.Column():
                with gr.Column(elem_id="gallery"):
                    chooser = Choice(
                        [(names[name], name) for name in galleries.names],
                        value=galleries.first,
                        label=texts.GALLERY,
                        elem_id="chooser",
                        container=False,
                    )
                    notice = Tiles("", ["notice.js"], elem_id="notice")
                    files = FilesInput(elem_id="files")
                with gr.Column(elem_id="query"):
                    card = html(now.card)
                    picture = PictureInput(label="image")
                examples = Tiles(views.examples(service, on.first), elem_id="examples")
            with gr.Column():
                bits = BitsSlider(on.length, service.lengths, first.bits, elem_id="bits")
                facts = html(now.facts, elem_id="facts")
                with gr.Column(elem_id="found"):
                    with gr.Row(elem_id="found-bar"):
                        heading = html(views.heading(service))
                        CopyLink(elem_id="copy")
                        k = Choice(K_CHOICES, value=DEFAULT_K, label=texts.SHOW, elem_id="k", container=False)
                    results = Tiles(now.results, ["results.js"], elem_id="results")
                curve = Tiles(now.curve, elem_id="curve")
        with gr.Column(elem_id="closer"):
            panel = Tiles(now.panel, ["panel.js"], elem_id="panel")
            figures = Tiles("", elem_id="figures")
        bottom = html(views.footer(service), elem_id="bottom")
        token, place, view = (
            gr.Textbox(value, visible="hidden") for value in (now.token, galleries.first, sections.FIRST)
        )

        with gr.Row(visible=False):
            choices = [{"const": length} for length in service.lengths]
            lengths = {"anyOf": choices}  # Gradio would quote those of an enum in its example
            length_wanted = Argument(on.length, lengths, label="length")
            k_wanted = Argument(DEFAULT_K, {"type": "integer", "minimum": 1, "maximum": MAX_K}, label="k")
            ask, answer = gr.Button(), gr.JSON(label="answer")

        here = locals()
        state = [here[name] for name in State._fields]
        found, where = [facts, results, curve, panel, figures], [bits, k, view, place]
        private = {"api_visibility": "private", "show_progress": "hidden"}
        # one at a time: a visitor's wishes are answered in the order of asking; the server parts them by visitor
        quiet = {**private, "concurrency_id": PAGE, "concurrency_limit": 1}
        last = {"trigger_mode": "always_last", **quiet}
        many = {"trigger_mode": "multiple", **quiet}  # for wishes: one that is put off would be forgotten
        page.load(on.open, None, state, **quiet).then(None, js=OPENED)
        page.unload(on.leave)
        picture.input(on.upload, [picture, *where], state, concurrency_id="search", **private)
        for tiles in (examples, results, panel):
            tiles.select(on.pick, where, state, **many)
        bits.input(on.resize, [token, *where], found, **last)
        k.input(on.resize, [token, *where], found, **last)
        panel.view(on.look, [token, bits, k, place], [view, panel, figures], **many)
        figures.poll(on.poll, [bits, view, place], figures, **last)
        figures.again(on.again, [bits, view, place], figures, **quiet)
        examples.shuffle(on.shuffle, place, examples, **quiet)
        results.restore(on.restore, None, state, **quiet)
        top.step(on.step, None, state, **quiet)
        tour.step(on.step, None, state, **quiet)
        chooser.input(on.choose, [chooser, bits, k, view], state, **quiet)
        notice.fetch(on.fetch, [chooser, bits, k, view], state, **quiet)
        notice.poll(on.fetch, [chooser, bits, k, view], state, **quiet)
        files.give(on.give, [bits, k, view], state, concurrency_id="own", concurrency_limit=2, **private)
        ask.click(
            search_call(service),
            [picture, length_wanted, k_wanted],
            answer,
            api_name="search",
            concurrency_id="search",
        )
    return page.queue(max_size=64, default_concurrency_limit=2)


OPENED = "() => { document.documentElement.classList.remove('opening'); document.dispatchEvent(new Event('opened')); }"
