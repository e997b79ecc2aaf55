"""How it works, with the mathematics for those who want it: MathML, which browsers draw themselves."""

from html import escape

from app import texts
from app.page import charts
from app.page.tiles import asked, thumbnail
from app.service.answers import Query
from app.service.search import SearchService
from nhl.codes import unpack


def render(service: SearchService, query: Query) -> str:
    """A drawing of the query and its nearest picture, then the same for every query."""
    return f'{_drawing(service, query)}<div class="prose">{"".join(_part(title, text) for title, text in _PARTS)}</div>'


def _drawing(service: SearchService, query: Query) -> str:
    """The query's code, that of its nearest picture, and the distance of the two at every length."""
    lengths = service.lengths
    (nearest,) = service.results(query, lengths[-1], 1) or (None,)
    if nearest is None:
        return ""
    bits = "".join(map(str, unpack(service.code(nearest.item)[None])[0]))
    rows = "".join(
        f'<li><span style="width:{100 * length / lengths[-1]:.2f}%"></span><b>{length} bits: '
        f"{sum(a != b for a, b in zip(query.bits[:length], bits, strict=False))} differ</b></li>"
        for length in lengths
    )
    return (
        f'<figure class="drawing"><div>{asked(query)}</div>{charts.strip(query.bits, lengths[-1])}'
        f'<div><p class="asked"><img src="{thumbnail(service, nearest.item)}" alt=""><span>{texts.ITS_NEAREST}</span> '
        f'<b title="{escape(nearest.item.name)}">{escape(nearest.item.name)}</b></p></div>'
        f"{charts.strip(bits, lengths[-1], query.bits)}<ol>{rows}</ol><figcaption class='note'>{texts.DRAWING}"
        f"</figcaption></figure>"
    )


def _part(title: str, text: str) -> str:
    return f"<section><h3>{title}</h3>{text}</section>"


def _math(inner: str) -> str:
    """A formula whose brackets are as tall as a line."""
    for bracket in "()[]{}|":
        inner = inner.replace(f"<mo>{bracket}</mo>", f"<mo stretchy='false'>{bracket}</mo>")
    return f'<math display="block">{inner}</math>'


_SIGN = _math(
    "<msub><mi>h</mi><mi>i</mi></msub><mo>(</mo><mi>x</mi><mo>)</mo><mo>=</mo><mi>sign</mi><mo>(</mo>"
    "<msubsup><mi>w</mi><mi>i</mi><mi>⊤</mi></msubsup><mi>f</mi><mo>(</mo><mi>x</mi><mo>)</mo><mo>+</mo>"
    "<msub><mi>c</mi><mi>i</mi></msub><mo>)</mo><mspace width='2em'/><mi>i</mi><mo>=</mo><mn>1</mn><mo>,</mo>"
    "<mo>…</mo><mo>,</mo><mn>128</mn>"
)
_DISTANCE = _math(
    "<msub><mi>d</mi><mi>b</mi></msub><mo>(</mo><mi>q</mi><mo>,</mo><mi>x</mi><mo>)</mo><mo>=</mo>"
    "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>b</mi></munderover>"
    "<mo>[</mo><msub><mi>h</mi><mi>i</mi></msub><mo>(</mo><mi>q</mi><mo>)</mo><mo>≠</mo>"
    "<msub><mi>h</mi><mi>i</mi></msub><mo>(</mo><mi>x</mi><mo>)</mo><mo>]</mo>"
)
_NESTED = _math(
    "<msub><mi>d</mi><mn>8</mn></msub><mo>≤</mo><msub><mi>d</mi><mn>16</mn></msub><mo>≤</mo>"
    "<msub><mi>d</mi><mn>32</mn></msub><mo>≤</mo><msub><mi>d</mi><mn>64</mn></msub><mo>≤</mo>"
    "<msub><mi>d</mi><mn>128</mn></msub>"
)
_LOSS = _math(
    "<mi>L</mi><mo>=</mo><munder><mo>∑</mo><mrow><mi>b</mi><mo>∈</mo><mo>{</mo><mn>8</mn><mo>,</mo><mn>16</mn><mo>,</mo>"
    "<mn>32</mn><mo>,</mo><mn>64</mn><mo>,</mo><mn>128</mn><mo>}</mo></mrow></munder><msub><mi>α</mi><mi>b</mi></msub>"
    "<mi>ℓ</mi><mo>(</mo><msub><mi>h</mi><mrow><mn>1</mn><mo>…</mo><mi>b</mi></mrow></msub><mo>)</mo>"
)
_PRECISION = _math(
    "<mi>AP</mi><mo>=</mo><mfrac><mn>1</mn><mi>R</mi></mfrac><munder><mo>∑</mo><mrow><mi>r</mi><mspace width='.3em'/>"
    "<mtext>right</mtext></mrow></munder><mfrac><mrow><mtext>right among the first </mtext><mi>r</mi></mrow>"
    "<mi>r</mi></mfrac>"
)
_GRADED = _math(
    "<mi>nDCG@10</mi><mo>=</mo><mfrac><mi>G</mi><mi>ideal G</mi></mfrac><mo>,</mo><mspace width='1em'/><mi>G</mi>"
    "<mo>=</mo><munderover><mo>∑</mo><mrow><mi>r</mi><mo>=</mo><mn>1</mn></mrow><mn>10</mn></munderover><mfrac>"
    "<msub><mi>g</mi><mi>r</mi></msub><mrow><msub><mi>log</mi><mn>2</mn></msub><mo>(</mo><mi>r</mi><mo>+</mo><mn>1</mn>"
    "<mo>)</mo></mrow></mfrac>"
)
_BOUND = _math(
    "<msub><mi>d</mi><mi>b</mi></msub><mo>(</mo><mi>q</mi><mo>,</mo><mi>x</mi><mo>)</mo><mo>≥</mo>"
    "<munder><mo>∑</mo><mrow><mi>i</mi><mo>≤</mo><mi>b</mi><mo>,</mo><mspace width='.3em'/><mi>i</mi><mo>∈</mo>"
    "<mi>S</mi></mrow></munder><mo>[</mo><msub><mi>h</mi><mi>i</mi></msub><mo>(</mo><mi>q</mi><mo>)</mo><mo>≠</mo>"
    "<msub><mi>s</mi><mi>i</mi></msub><mo>]</mo>"
)

_PARTS = (
    (
        "From a picture to bits",
        "<p>A convolutional network turns a picture x into numbers f(x). A last layer weighs them 128 times anew, and "
        f"keeps of each sum only whether it is positive.</p>{_SIGN}<p>Packed, that is 16 bytes.</p>",
    ),
    (
        "Near and far",
        "<p>The distance of two codes of b bits is the number of places where they differ, the Hamming distance."
        f"</p>{_DISTANCE}<p>A processor counts it with two instructions: exclusive or, and population count.</p>",
    ),
    (
        "Nested",
        "<p>The 8-bit code is the first byte of the 128-bit code; nothing else is stored. A prefix leaves terms of "
        f"the sum out, so it never overstates a distance.</p>{_NESTED}<p>One network and one copy of the codes serve "
        "every length.</p>",
    ),
    (
        "How it is learnt",
        "<p>Every prefix must be a good code by itself. Each has a loss ℓ that draws pictures of a class together "
        f"and pushes classes apart; all are learnt at once.</p>{_LOSS}<p>The weights α follow the gradients, so that "
        "no length is learnt at the cost of another: where the gradient of a longer code opposes that of a shorter "
        "one, it counts less. The longer code also teaches the next shorter one. And each class has a code to which its "
        "pictures are drawn, chosen so that the classes stay apart at every length. See He et al., "
        "<i>Nested Hash Layer</i>, arXiv 2412.08922.</p>",
    ),
    (
        "How quality is measured",
        "<p>The queries are pictures that the network has never seen. Where results have grades, the r-th counts "
        "g<sub>r</sub>: 7 for the same emoji, 3 for the same class, 1 for the same group; and more, the earlier it "
        f"comes.</p>{_GRADED}<p>Where there are only classes, it is average precision: R other pictures have the class "
        f"of the query.</p>{_PRECISION}<p>At 8 bits hundreds of pictures share a "
        "distance. Their order carries nothing, so the page gives the mean over all orders, exactly.</p>",
    ),
    (
        "How the search skips",
        "<p>Pictures with similar codes lie together, 64 at a time. All codes of such a strip agree in some places S, "
        f"and wherever the query differs from what they share, it differs from each of them.</p>{_BOUND}<p>A strip "
        "that cannot beat what has been found is not read, nor a group of 64 strips. The answer is exact. A longer code "
        "costs more to read, but may part the classes better: where that lets more strips be skipped, it is searched "
        "quicker than a shorter one.</p>",
    ),
)
