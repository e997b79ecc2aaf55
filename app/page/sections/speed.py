"""Speed and size: what each length costs in a gallery of any size, measured on this machine."""

from collections.abc import Mapping
from html import escape
from itertools import combinations
from math import floor, log10

from app import texts
from app.page import phrases
from app.page.views import pending, progress
from app.service.analysis import ENOUGH, good_enough
from app.service.search import SearchService
from app.service.speed import Job, Timing, sizes

METHODS = (
    ("scan", texts.SCAN, texts.SCAN_NOTE),
    ("index", texts.INDEX, texts.INDEX_NOTE),
    ("faiss", texts.FAISS, texts.FAISS_NOTE),
)
MOST_SHARING = 12  # pictures that one code may stand for: as many as are shown
QUICKER = 1.25  # noise reaches 1.1: how many times as fast a longer code must have been to be called quicker


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


def figures(job: Job, length: int, quality: Mapping[int, float]) -> str:
    """What was measured, or how far that is; `quality` by length, where that is known, tells which is good enough."""
    if job.timing is not None:
        return _timing(job.timing, length, quality)
    if job.error:
        return f'<p class="note said" role="alert">{escape(job.error)}</p>{_AGAIN}'
    return pending(progress(job.stage, job.done))


def _timing(timing: Timing, length: int, quality: Mapping[int, float]) -> str:
    drawn = timing.count - timing.own
    made_up = texts.TIMING_ONLY.format(drawn=phrases.large(drawn), own=phrases.large(timing.own))
    scale = _Scale(timing.times)
    kinds = "".join(_kind(timing, name, title, note, length, scale) for name, title, note in METHODS)
    return (
        f'<p class="note made-up said">{made_up if drawn else texts.ALL_REAL}</p>{_sizes(timing, length)}'
        f'<p class="note">{texts.SHARING_NOTE.format(count=phrases.large(timing.count))}</p>'
        f'<p class="verdict">{_costs(timing)} {_verdict(timing.times.get(length, {}), length)}</p>'
        f'{_advice(timing, quality)}<p class="note">{texts.TIME_SCALE.format(least=phrases.duration(10**scale.least))}</p>'
        f'<div class="kinds" data-count="{timing.count}">{kinds}</div>'
        f'<p class="note">{_memory(timing, length)} {texts.MEASURED}</p>{_AGAIN}'
    )


def _verdict(us: Mapping[str, float], length: int) -> str:
    """How the index stands to FAISS, where that is installed."""
    if not us.get("faiss") or not us.get("index"):
        return ""
    told = phrases.times_as_fast(texts.OUR_INDEX, us["index"], "FAISS", us["faiss"])
    return texts.AT_LENGTH.format(length=length, told=told)


def _costs(timing: Timing) -> str:
    """What the longest code costs more than the shortest."""
    shortest, longest = min(timing.times), max(timing.times)
    before, after = timing.times[shortest], timing.times[longest]
    times = [
        words.format(times=phrases.times_as_long(after[method] / before[method]))
        for method, words in texts.COST_BY.items()
        if before.get(method) and method in after
    ]
    return texts.COSTS.format(
        longest=longest, shortest=shortest, bytes=longest // shortest, times=" and ".join(times)
    )


def _advice(timing: Timing, quality: Mapping[int, float]) -> str:
    """Which length is good enough for so many pictures, where quality is known."""
    apart = [length for length in timing.times if timing.count <= MOST_SHARING * 2**length]
    if not quality or not apart:
        return ""
    length = max(min(apart), good_enough(quality))
    us = timing.times[length]
    told = texts.WHICH_LENGTH.format(
        count=phrases.large(timing.count),
        length=length,
        share=ENOUGH,
        own=phrases.large(timing.own),
        most=MOST_SHARING,
        size=phrases.size(timing.count * length // 8),
        index=phrases.size(_index_bytes(timing, length)),
        time=phrases.duration(us.get("index", max(us.values()))),
    )
    return f'<p class="verdict" data-advice="{length}">{told}</p>'


def _index_bytes(timing: Timing, length: int) -> int:
    """Of an index of codes that are cut: all but the bytes that are cut off stays."""
    return timing.index_bytes - timing.count * (max(timing.times) - length) // 8


def _memory(timing: Timing, length: int) -> str:
    whole = texts.INDEX_MEMORY.format(size=phrases.size(timing.index_bytes))
    if length >= max(timing.times):
        return whole
    return f"{whole} {texts.INDEX_CUT.format(length=length, size=phrases.size(_index_bytes(timing, length)))}"


def _sizes(timing: Timing, length: int) -> str:
    columns = "".join(
        f"<div{_now(bits, length)}><b>{bits}</b><span>{bits // 8}</span>"
        f"<span>{phrases.size(timing.count * bits // 8)}</span>"
        f"<span>{phrases.sharing(timing.count, bits)}</span></div>"
        for bits in timing.times
    )
    return (
        f'<div class="weights"><div><b>bits</b><span>{texts.BYTES_A_PICTURE}</span><span>{texts.ALL_CODES}</span>'
        f"<span>{texts.SHARING}</span></div>"
        f"{columns}</div>"
    )


class _Scale:
    """One logarithmic scale for all bars, from the power of ten below the shortest time to the longest."""

    def __init__(self, times: Mapping[int, Mapping[str, float]]) -> None:
        found = [max(us, 0.01) for by_method in times.values() for us in by_method.values()]
        self.least = floor(log10(min(found)) - 0.01)
        self.most = max(log10(max(found)), self.least + 1)

    def width(self, us: float) -> float:
        """Per cent of the longest bar."""
        return max(2.0, 100 * (log10(max(us, 0.01)) - self.least) / (self.most - self.least))


def _kind(timing: Timing, name: str, title: str, note: str, length: int, scale: _Scale) -> str:
    found = {bits: us[name] for bits, us in timing.times.items() if name in us}
    if not found:
        return ""
    rows = "".join(
        f"<li{_now(bits, length)}><span>{bits}</span>"
        f'<i style="width:{scale.width(us):.0f}%"></i><b>{phrases.duration(us)}</b></li>'
        for bits, us in found.items()
    )
    if name == "index":
        note = f"{note} {_quicker(found)}".strip()
    return f'<section class="{name}"><h3>{title}</h3><ol>{rows}</ol><p class="note">{note}</p></section>'


def _quicker(found: Mapping[int, float]) -> str:
    """That a longer code was searched quicker than a shorter one, where these figures show it."""
    pairs = combinations(sorted(found), 2)  # of equal ones the first counts
    shorter, longer = max(pairs, key=lambda pair: found[pair[0]] / found[pair[1]], default=(0, 0))
    ratio = found[shorter] / found[longer] if longer else 0.0
    return (
        texts.LONGER_QUICKER.format(longer=longer, shorter=shorter)
        if ratio >= QUICKER
        else texts.NONE_QUICKER
    )


def _now(bits: int, length: int) -> str:
    return ' class="now"' if bits == length else ""


_AGAIN = f'<button class="quiet" data-again>{texts.AGAIN}</button>'
