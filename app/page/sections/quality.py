"""Quality: the curve of the gallery and of this query, quality a byte, and the shortest length that will do."""

from app import texts
from app.page import charts, phrases
from app.service.analysis import ENOUGH, good_enough, query_quality
from app.service.answers import Query
from app.service.search import SearchService

SHOWN = (("ndcg_at_10", "map"), ("precision_at_10", "p@10"), ("instance_recall_at_10", "same@10"))
"""The measures that are shown, of each line the first that there is."""


def render(service: SearchService, query: Query, length: int) -> str:
    """A chart beside a table of its values."""
    series = _series(service, query)
    if not series:
        return f"<h2>{texts.QUALITY}</h2><p class='note'>{texts.NOT_MEASURED} {texts.NO_CLASS}</p>"
    keys = "".join(
        f'<li class="s{n}"><span>{name}</span><b>{phrases.score(values[length])}</b></li>'
        for n, (name, values) in enumerate(series.items())
    )
    overall = service.quality
    line = ENOUGH * max(overall.values()) if overall else None
    chart = charts.lines(series, length, texts.QUALITY, line)
    verdict = ""
    if overall:
        best = good_enough(overall)
        told = [*_bought(service), texts.ENOUGH.format(length=best, share=ENOUGH)]
        verdict = f'<p class="verdict" data-enough="{best}">{" ".join(told)}</p>'
    notes = [note for key, note in texts.MEASURE_NOTES.items() if texts.MEASURES[key] in series]
    measured = texts.CURVE_NOTES["own"] if service.private else texts.QUALITY_NOTE
    notes += [measured if overall else texts.NOT_MEASURED]
    notes += [] if texts.THIS_QUERY in series else [texts.NO_CLASS]
    return (
        f'<h2>{texts.QUALITY}</h2>{verdict}<div class="sides"><div><ul class="keys">{keys}</ul>{chart}</div>'
        f'<div class="scroll" tabindex="0">{_table(series, overall, length)}</div></div>'
        f'<p class="note">{" ".join(notes)}</p>'
    )


def _bought(service: SearchService) -> list[str]:
    """What the longest code finds that the shortest does not, in words."""
    shortest, longest = service.lengths[0], service.lengths[-1]
    low, high = service.scores[shortest], service.scores[longest]
    kinds = [kind for kind in ("precision_at_10", "instance_recall_at_10") if kind in low] or ["map"]
    return [
        texts.BUYS[kind].format(
            shortest=shortest, longest=longest, low=_read(kind, low[kind]), high=_read(kind, high[kind])
        )
        for kind in kinds
        if kind in low
    ]


def _read(kind: str, value: float) -> float | str:
    """A score as it is spoken of: how many of ten, a share, or a bare figure."""
    if kind == "map":
        return phrases.score(value)
    return 10 * value if kind == "precision_at_10" else value


def _series(service: SearchService, query: Query) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for keys in SHOWN:
        key = next((key for key in keys if all(key in score for score in service.scores.values())), keys[-1])
        found[texts.MEASURES[key]] = {b: score[key] for b, score in service.scores.items() if key in score}
    found[texts.THIS_QUERY] = query_quality(service, query)
    return {name: values for name, values in found.items() if list(values) == list(service.lengths)}


def _table(series: dict[str, dict[int, float]], overall: dict[int, float], length: int) -> str:
    extra = [texts.OF_BEST, texts.PER_BYTE] if overall else []
    head = "".join(f'<th scope="col">{name}</th>' for name in ["bits", *series, *extra])
    rows = ""
    for bits in next(iter(series.values())):
        cells = [phrases.score(values[bits]) for values in series.values()]
        if overall:
            share = f"{overall[bits] / max(overall.values()):.1%}"
            cells += [share, f"{overall[bits] / (bits // 8):.2f}".removeprefix("0")]
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        now = ' class="now"' if bits == length else ""
        rows += f'<tr{now}><th scope="row">{bits}</th>{row}</tr>'
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
