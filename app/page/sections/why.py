"""Why nested: one nested code, a model for each length, and a long code cut short, as they were measured."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from app import texts
from app.page import charts, phrases
from app.service.search import SearchService

RESULTS = Path(__file__).parents[3] / "benchmarks" / "results" / "nesting.json"
KINDS = ("nested", "single", "cut")


@dataclass(frozen=True)
class Measured:
    """Figures of a result file.

    Attributes:
        command: that made it.
        quality: by kind of code, mean average precision by length; the kinds are those of `KINDS`.
        seconds: of training, of the nested model and of one model for each length together.
    """

    command: str
    quality: Mapping[str, Mapping[int, float]]
    seconds: Mapping[str, float]

    @property
    def lengths(self) -> list[int]:
        """The code lengths in bits, ascending."""
        return list(self.quality[KINDS[0]])

    @property
    def bytes_stored(self) -> dict[str, int]:
        """Bytes of one picture that serve every length, by kind."""
        longest = self.lengths[-1] // 8
        return {"nested": longest, "single": sum(self.lengths) // 8, "cut": longest}


def measured() -> Measured | None:
    """What the result file holds; None where there is none, or it is no such file."""
    try:
        found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
        quality = {
            kind: dict(zip(map(int, found["lengths"]), map(float, found["quality"][kind]), strict=True))
            for kind in KINDS
        }
        seconds = {kind: float(found["seconds"][kind]) for kind in KINDS[:2]}
        whole = quality[KINDS[0]] and min(seconds.values()) > 0
        return Measured(str(found["command"]), quality, seconds) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def render(service: SearchService, length: int) -> str:
    """A drawing of the three, and what it says in words; nothing where nothing was measured."""
    found = measured()
    if found is None:
        return ""
    now = length if length in found.lengths else found.lengths[len(found.lengths) // 2]
    notes = [texts.WHY_NOTE.format(command=escape(found.command))]
    if service.quality:
        notes.append(texts.WHY_NOT_THE_CURVE.format(measure=texts.MEASURES[service.measure]))
    named = {texts.WHY_KINDS[kind][0]: found.quality[kind] for kind in KINDS}
    chart = charts.lines(named, now, texts.WHY_QUALITY, None)
    return (
        f'<h2>{texts.WHY}</h2><p class="verdict">{_verdict(found)}</p><div class="sides"><div>'
        f"<h3>{texts.WHY_QUALITY}</h3>{_keys(found, now)}{chart}</div><div class='costs'>{_costs(found)}</div></div>"
        f'<p class="note">{" ".join(notes)}</p>'
    )


def _keys(found: Measured, now: int) -> str:
    items = "".join(
        f'<li class="s{n}"><span>{texts.WHY_KINDS[kind][0]}</span><b>{phrases.score(found.quality[kind][now])}</b></li>'
        for n, kind in enumerate(KINDS)
    )
    return f'<ul class="keys">{items}</ul>'


def _costs(found: Measured) -> str:
    times = {kind: phrases.minutes(value) for kind, value in found.seconds.items()}
    stored = found.bytes_stored
    sizes = {kind: str(count) for kind, count in stored.items()}
    return _bars(found, texts.WHY_TIME, found.seconds, times) + _bars(found, texts.WHY_BYTES, stored, sizes)


def _bars(found: Measured, title: str, values: Mapping[str, float], words: Mapping[str, str]) -> str:
    most, rows = max(values.values()), ""
    for kind, value in values.items():
        name, what = texts.WHY_KINDS[kind]
        about = what.format(count=len(found.lengths), longest=found.lengths[-1])
        rows += (
            f'<li class="s{KINDS.index(kind)}"><span>{name}<small>{about}</small></span>'
            f'<i style="width:{max(1, 100 * value / most):.0f}%"></i><b>{words[kind]}</b></li>'
        )
    return f"<h3>{title}</h3><ol class='bars'>{rows}</ol>"


def _verdict(found: Measured) -> str:
    """What the figures say, whatever they are."""
    quality, shortest = found.quality, found.lengths[0]
    gaps = [quality["nested"][length] - quality["single"][length] for length in found.lengths]
    return texts.WHY_VERDICT.format(
        count=len(gaps),
        gap=phrases.gap(sum(gaps) / len(gaps)),
        share=found.seconds["nested"] / found.seconds["single"],
        stored=found.bytes_stored["nested"],
        each=found.bytes_stored["single"],
        shortest=shortest,
        cut=phrases.score(quality["cut"][shortest]),
        nested=phrases.score(quality["nested"][shortest]),
    )
