"""The page: layout in reading order, then one line of wiring for each event."""

from functools import partial

import gradio as gr

from . import texts, views
from .components import Argument, BitsSlider, Choice, PictureInput, Tiles
from .handlers import DEFAULT_K, K_CHOICES, Handlers
from .search_service import MAX_K, SearchService


def build_page(service: SearchService) -> gr.Blocks:
    """The page over a service that is ready to search; its first state is already drawn."""
    on = Handlers(service)
    first = service.query(str(on.first[0].id))
    now = on.asked(first, on.length, DEFAULT_K)
    html = partial(gr.HTML, apply_default_css=False)

    with gr.Blocks(title=texts.TITLE, analytics_enabled=False, delete_cache=(300, 300)) as page:
        html(views.header(service), elem_id="top")
        with gr.Row(elem_id="stage"):
            with gr.Column():
                with gr.Column(elem_id="query"):
                    card = html(now.card)
                    picture = PictureInput()
                examples = Tiles(views.examples(service, on.first), elem_id="examples")
                curve = html(now.curve, elem_id="curve")
            with gr.Column():
                bits = BitsSlider(on.length, service.lengths, first.bits, elem_id="bits")
                facts = html(now.facts, elem_id="facts")
                with gr.Column(elem_id="found"):
                    with gr.Row(elem_id="found-bar"):
                        html(f"<h2>{texts.NEAREST.format(count=f'{len(service):,}')}</h2>")
                        k = Choice(K_CHOICES, value=DEFAULT_K, label=texts.SHOW, elem_id="k", container=False)
                    results = Tiles(now.results, elem_id="results")
        html(views.footer(service), elem_id="bottom")
        token = gr.Textbox(now.token, visible="hidden")

        with gr.Row(visible=False):
            lengths = {"type": "integer", "enum": list(service.lengths)}
            length_wanted = Argument(on.length, lengths, label="length")
            k_wanted = Argument(DEFAULT_K, {"type": "integer", "minimum": 1, "maximum": MAX_K}, label="k")
            ask, answer = gr.Button(), gr.JSON()

        state = [token, card, bits, facts, results, curve, k]
        quiet = {"api_visibility": "private", "show_progress": "hidden", "concurrency_id": "search"}
        picture.input(on.upload, [picture, bits, k], state, **quiet)
        examples.select(on.pick, [bits, k], state, **quiet)
        results.select(on.pick, [bits, k], state, **quiet)
        bits.input(on.resize, [token, bits, k], [facts, results, curve], trigger_mode="always_last", **quiet)
        k.input(on.resize, [token, bits, k], [facts, results, curve], trigger_mode="always_last", **quiet)
        examples.shuffle(on.shuffle, None, examples, **quiet)
        page.load(on.open, None, state, **quiet).then(on.measure, [token, bits, k], facts, **quiet)
        results.restore(on.restore, None, state, **quiet)
        ask.click(
            on.search,
            [picture, length_wanted, k_wanted],
            answer,
            api_name="search",
            concurrency_id="search",
        )
    return page.queue(max_size=64, default_concurrency_limit=2)
