"""Speed and size: what each length costs in a gallery of any size, measured on this machine."""

from html import escape

from app import texts
from app.page import phrases
from app.page.views import pending, progress
from app.service.search import SearchService
from app.service.speed import Job, Timing, sizes

METHODS = (
    ("scan", texts.SCAN, texts.SCAN_NOTE),
    ("index", texts.INDEX, texts.INDEX_NOTE),
    ("faiss", texts.FAISS, texts.FAISS_NOTE),
)


def count_of(service: SearchService, detail: str) -> int:
    """The size that a text names, else the gallery's own."""
    return next((size for size in sizes(service) if str(size) == detail), len(service))


def render(service: SearchService, detail: str) -> str:
    """The slider over sizes; the figures are drawn apart, since they are waited for."""
    choices, count = sizes(service), count_of(service, detail)
    place = 100 / max(len(choices) - 1, 1)
    ticks = "".join(
        f'<span style="left:{place * n:.0f}%">{phrases.large(size)}</span>' for n, size in enumerate(choices)
    )
    words = "|".join(map(phrases.large, choices))
    return (
        f'<h2>{texts.SPEED}</h2><div class="bar"><label for="sizes">{texts.GALLERY_SIZE}</label>'
        f'<output for="sizes">{phrases.large(count)}</output></div><input id="sizes" type="range" min="0" '
        f'max="{len(choices) - 1}" step="1" value="{choices.index(count)}" data-sizes="{",".join(map(str, choices))}" '
        f'data-words="{words}" aria-valuetext="{phrases.large(count)}"><div class="ends" aria-hidden="true">{ticks}</div>'
    )


def figures(job: Job, length: int) -> str:
    """What was measured, or how far that is."""
    if job.timing is not None:
        return _timing(job.timing, length)
    if job.error:
        return f'<p class="note said" role="alert">{escape(job.error)}</p>{_AGAIN}'
    return pending(progress(job.stage, job.done))


def _timing(timing: Timing, length: int) -> str:
    drawn = timing.count - timing.own
    made_up = texts.TIMING_ONLY.format(drawn=phrases.large(drawn), own=phrases.large(timing.own))
    kinds = "".join(_kind(timing, name, title, note, length) for name, title, note in METHODS)
    memory = texts.INDEX_MEMORY.format(size=phrases.size(timing.index_bytes))
    return (
        f'<p class="note made-up said">{made_up if drawn else texts.ALL_REAL}</p>{_sizes(timing, length)}'
        f'<div class="kinds" data-count="{timing.count}">{kinds}</div>'
        f'<p class="note">{memory} {texts.MEASURED}</p>{_AGAIN}'
    )


def _sizes(timing: Timing, length: int) -> str:
    columns = "".join(
        f"<div{_now(bits, length)}><b>{bits}</b><span>{bits // 8}</span>"
        f"<span>{phrases.size(timing.count * bits // 8)}</span></div>"
        for bits in timing.times
    )
    return (
        f'<div class="weights"><div><b>bits</b><span>{texts.BYTES_A_PICTURE}</span><span>{texts.ALL_CODES}</span></div>'
        f"{columns}</div>"
    )


def _kind(timing: Timing, name: str, title: str, note: str, length: int) -> str:
    found = {bits: us[name] for bits, us in timing.times.items() if name in us}
    if not found:
        return ""
    longest = max(found.values())
    rows = "".join(
        f"<li{_now(bits, length)}><span>{bits}</span>"
        f'<i style="width:{max(2, 100 * us / longest):.0f}%"></i><b>{phrases.duration(us)}</b></li>'
        for bits, us in found.items()
    )
    return f'<section class="{name}"><h3>{title}</h3><ol>{rows}</ol><p class="note">{note}</p></section>'


def _now(bits: int, length: int) -> str:
    return ' class="now"' if bits == length else ""


_AGAIN = f'<button class="quiet" data-again>{texts.AGAIN}</button>'
