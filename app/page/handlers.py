"""What happens on the page: plain values in, plain values out. Each handler checks all that it is given."""

import threading
from collections.abc import Iterator, Mapping
from contextvars import copy_context
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr
from PIL import Image

from app import texts
from app.page import phrases, sections, views
from app.page.components import uploaded
from app.page.links import NAMES, Wanted
from app.page.sections import speed
from app.page.state import Found, State, changed, choice, errors_as_warnings, event_data, given_image
from app.page.tour import STEPS
from app.photographs import PHOTOGRAPHS, photograph
from app.service.answers import Query
from app.service.galleries import MINE, Galleries, NotReadyError
from app.service.own_pictures import MOST_PICTURES, OwnPictures
from app.service.search import SearchService
from app.service.speed import Job, SpeedBench

K_CHOICES, DEFAULT_K = (6, 12, 24, 48), 12
DEFAULT_LENGTH = 32


class Handlers:
    """The handlers of the page over the galleries of a server."""

    def __init__(self, galleries: Galleries, bench: SpeedBench) -> None:
        self.galleries, self.bench = galleries, bench
        service = self.service = galleries.shipped
        self.first = service.examples(views.EXAMPLES, texts.FIRST_EXAMPLES, seed=0)
        self._firsts = WeakKeyDictionary({service: self.first})
        self.length = DEFAULT_LENGTH if DEFAULT_LENGTH in service.lengths else service.lengths[-1]

    def at(self, place: Any, request: gr.Request | None) -> SearchService:
        """The gallery that is shown to a visitor."""
        return self.galleries.get(str(place), request and request.session_hash)

    def found(
        self, place: Any, service: SearchService, query: Query, length: Any, k: Any, view: Any
    ) -> Found:
        """Facts, results, curve and the open section."""
        answer = service.search(query, length, k)
        return Found(
            views.facts(service, answer),
            views.results(service, answer, str(place)),
            views.curve(service, answer.length),
            sections.render(service, query, answer.length, answer.k, view),
            self.clock(service, answer.length, view),
        )

    def clock(self, service: SearchService, length: int, view: Any, again: bool = False) -> Any:
        """The figures of the section "Speed and size", where it is open."""
        name, detail = sections.split_view(view)
        if name != "speed":
            return gr.skip()
        try:
            job = self.bench.ask(service, speed.count_of(service, detail), again)
        except ValueError as error:  # too many are waiting: the rest of the page goes on
            job = Job(error=str(error))
        return speed.figures(job, length, service.quality)

    def asked(
        self, place: Any, service: SearchService, query: Query, length: Any, k: Any, view: Any,
        image: Image.Image | None = None, name: str = texts.YOUR_PICTURE,
    ) -> State:  # fmt: skip
        """The page with another query; a picture from elsewhere is called by `name`."""
        found = self.found(place, service, query, length, k, view)
        return changed(
            token=query.token,
            card=views.query(service, query, image, name),
            bits=gr.update(value=length, code=query.bits),
            **found._asdict(),
        )

    @errors_as_warnings
    def upload(self, image: Any, length: Any, k: Any, view: Any, place: Any, request: gr.Request) -> Any:
        """A visitor's picture becomes the query."""
        service = self.at(place, request)
        return self.asked(place, service, service.picture(given_image(image)), length, k, view, image)

    @errors_as_warnings
    def pick(
        self, length: Any, k: Any, view: Any, place: Any, event: gr.EventData, request: gr.Request
    ) -> Any:
        """A picture of the gallery, or a photograph of the examples, becomes the query."""
        service, wanted = self.at(place, request), event_data(event)
        if "photo" not in wanted:
            return self.asked(place, service, service.query(str(wanted.get("query"))), length, k, view)
        name = str(wanted["photo"])
        image = photograph(name)
        query = service.picture(image)
        return self.asked(place, service, query, length, k, view, image, PHOTOGRAPHS[name])

    @errors_as_warnings
    def resize(self, token: Any, length: Any, k: Any, view: Any, place: Any, request: gr.Request) -> Any:
        """What is found for the same query at another length, or with more results."""
        service = self.at(place, request)
        return self.found(place, service, service.query(str(token)), length, k, view)

    @errors_as_warnings
    def look(
        self, token: Any, length: Any, k: Any, place: Any, event: gr.EventData, request: gr.Request
    ) -> Any:
        """Another section, or another part of it: view, panel and figures."""
        service, view = self.at(place, request), str(event_data(event).get("view"))[:40]
        length, k = service.check(length, k)
        panel = sections.render(service, service.query(str(token)), length, k, view)
        return view, panel, self.clock(service, length, view)

    @errors_as_warnings
    def poll(self, length: Any, view: Any, place: Any, request: gr.Request) -> Any:
        """The figures again, if they were being waited for."""
        service = self.at(place, request)
        return self.clock(service, service.check(length, 1)[0], view)

    @errors_as_warnings
    def again(self, length: Any, view: Any, place: Any, request: gr.Request) -> Any:
        """The figures, measured anew."""
        service = self.at(place, request)
        return self.clock(service, service.check(length, 1)[0], view, again=True)

    def open(self, request: gr.Request) -> Any:
        """The state that a link such as `?q=1500&bits=32&k=12` names."""
        wanted = dict(request.query_params)
        return self.state(wanted, request) if wanted.keys() & set(NAMES) else gr.skip()

    def restore(self, event: gr.EventData, request: gr.Request) -> Any:
        """The state that the browser went back to."""
        return self.state(event_data(event), request)

    def state(self, values: Mapping[str, Any], request: gr.Request) -> State:
        """The state of a link; what it leaves out, or what there is not, is as on the first visit."""
        wanted = Wanted(values)
        state = self._state(wanted, request)
        if wanted.said:
            gr.Warning(" ".join(wanted.said))
        return state

    def _state(self, wanted: Wanted, request: gr.Request) -> State:
        step = wanted.one_of("tour", range(1, len(STEPS) + 1), 0)
        if step:
            return self.toured(step)
        place = wanted.one_of("gallery", self.galleries.names, self.galleries.first)
        try:
            service = self.at(place, request)
        except NotReadyError as error:
            return self.offered(place, str(error) if "q" in wanted else "")
        query = service.query(str(self.examples(service)[0].id))
        if "q" in wanted:
            try:
                query = service.query(wanted.values["q"])
            except ValueError:
                wanted.said.append(texts.UNKNOWN_LINK)
        length = wanted.one_of("bits", service.lengths, self.length)
        k, view = wanted.one_of("k", K_CHOICES, DEFAULT_K), wanted.values.get("view", sections.FIRST)[:40]
        if view.partition(":")[0] not in sections.offered():
            wanted.refuse("view", sections.offered())
        return self.moved(place, service, query, length, k, view)

    def examples(self, service: SearchService) -> list[Any]:
        """The first examples of a gallery, chosen once."""
        if service not in self._firsts:
            self._firsts[service] = service.examples(views.EXAMPLES, seed=0)
        return self._firsts[service]

    def moved(
        self, place: str, service: SearchService, query: Query, length: int, k: int, view: str, step: int = 0,
        said: str = "",
    ) -> State:  # fmt: skip
        """The whole page, anew."""
        return self.asked(place, service, query, length, k, view)._replace(
            place=place,
            k=k,
            view=view,
            chooser=place,
            notice=views.own(said) if place == MINE else "",
            heading=views.heading(service),
            examples=views.examples(service, self.examples(service)),
            bottom=views.footer(service),
            tour=views.tour(step),
        )

    @errors_as_warnings
    def choose(self, wanted: Any, length: Any, k: Any, view: Any, request: gr.Request) -> Any:
        """Another gallery; what must be fetched or given first is offered."""
        try:
            service = self.at(wanted, request)
        except NotReadyError:
            return self.offered(str(wanted))
        query = service.query(str(self.examples(service)[0].id))
        return self.moved(str(wanted), service, query, *service.check(length, k), str(view)[:40])

    def offered(self, name: str, gone: str = "") -> State:
        """In place of a gallery that is not here, what it takes to have it; or that it is gone."""
        content = views.offer_to_fetch(name) if name in self.galleries.fetched else views.no_own(gone)
        return changed(chooser=name, notice=views.instead(name, content), tour="")

    @errors_as_warnings
    def fetch(self, wanted: Any, length: Any, k: Any, view: Any, request: gr.Request) -> Any:
        """A gallery on its way, then the page with it."""
        name = str(wanted)
        preparation = self.galleries.prepare(name)
        if not preparation.ended:
            progress = views.pending(views.progress(preparation.stage, preparation.done))
            return changed(notice=views.instead(name, progress))
        if preparation.error:
            return changed(notice=views.instead(name, views.offer_to_fetch(name, preparation.error)))
        return self.choose(name, length, k, view, request)

    def give(self, length: Any, k: Any, view: Any, event: gr.EventData, request: gr.Request) -> Iterator[Any]:
        """A visitor's files become the visitor's gallery, and are deleted."""
        given = event_data(event).get("paths")
        paths = [path for path in map(uploaded, given if isinstance(given, list) else []) if path]
        session, done, ended = request.session_hash, [0.0], threading.Event()
        made: list[OwnPictures | ValueError] = []
        earlier = self.galleries.has_own(session)

        def work() -> None:
            try:
                told = (str(session), paths[:MOST_PICTURES], lambda _, share: done.append(share))
                made.append(self.galleries.own(*told))
            except ValueError as error:
                made.append(error)
            finally:
                ended.set()

        try:
            if session is None:
                return
            # in this context, by which ZeroGPU knows whose GPU time it is
            threading.Thread(target=copy_context().run, args=(work,), daemon=True).start()
            while not ended.wait(0.3):
                reading = views.progress("read", done[-1])
                yield changed(notice=reading if earlier else views.instead(MINE, reading))
        finally:
            if not ended.is_set():  # the visitor has gone
                self.galleries.leave(session)
            for path in paths:
                path.unlink(missing_ok=True)
        own = made[0] if made else ValueError(texts.NO_OWN_PICTURES)
        if isinstance(own, ValueError):
            gr.Warning(str(own))
            yield changed(notice=views.own()) if earlier else self.offered(MINE)
            return
        service, said = own.service, phrases.added(len(own.service), own.skipped)
        query = service.query(str(self.examples(service)[0].id))
        length = choice(length, service.lengths, self.length)
        yield self.moved(
            MINE, service, query, length, choice(k, K_CHOICES, DEFAULT_K), str(view)[:40], said=said
        )

    def leave(self, request: gr.Request) -> None:
        """A visitor has gone: so do the visitor's pictures."""
        self.galleries.leave(request.session_hash)

    @errors_as_warnings
    def step(self, event: gr.EventData) -> Any:
        """A step of the tour; 0 ends it and leaves the page as it is."""
        step = choice(event_data(event).get("step"), range(len(STEPS) + 1), 0)
        return self.toured(step) if step else changed(tour="")

    def toured(self, number: int) -> State:
        """The state of one step of the tour."""
        step, service = STEPS[number - 1], self.service
        query = service.query(str(self.first[0].id))
        length = choice(step.bits, service.lengths, service.lengths[-1])
        return self.moved(self.galleries.first, service, query, length, DEFAULT_K, step.view, number)

    @errors_as_warnings
    def shuffle(self, place: Any, request: gr.Request) -> Any:
        """Other pictures to try."""
        service = self.at(place, request)
        return views.examples(service, service.examples(views.EXAMPLES))
