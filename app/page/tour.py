"""The guided tour: five states of the page, each with a thought."""

from typing import NamedTuple


class Step(NamedTuple):
    """One step: a heading, a thought (HTML), the code length, the section that is open, and what to look at (CSS)."""

    title: str
    text: str
    bits: int
    view: str
    look: str


STEPS = (
    Step(
        "A picture becomes a row of bits",
        "A network looks at the picture and answers 128 yes-or-no questions that it has thought up itself. Pictures "
        "of the same kind get nearly the same answers. To find pictures like this one, <b>count the answers that "
        "differ</b>: few means alike. <span class='by-pointer'>Point at</span><span class='by-touch'>Touch and "
        "hold</span> a result to see which.",
        128,
        "bits",
        "#bits",
    ),
    Step(
        "Fewer bits see less",
        "Now keep only the first 8 answers: one byte a picture instead of 16. Different kinds of pictures now look "
        "the same. Compare: on average <b>the longer code finds better</b>, since it asks more questions.",
        8,
        "compare:32",
        "#section .asked",
    ),
    Step(
        "More bits cost more",
        "Every bit must be stored: <b>sixteen times the bits make codes sixteen times as large</b>. A search that reads every "
        "code takes longer too, as the last bars of the scan show with a million pictures; the index beside it skips most "
        "codes.",
        32,
        "speed:1000000",
        "#figures .kinds",
    ),
    Step(
        "Nested: one code is all of them",
        "Usually each length needs a network, and a copy of all codes, of its own. Here <b>the 8-bit code is the "
        "start of the 16-bit code</b>, and so on. Train once, store once, cut where you like; or begin with a few bits "
        "and read on only where it may matter. Press “Next step” to follow it.",
        32,
        "coarse:1",
        "#section .coarse-sides",
    ),
    Step(
        "Which length would you choose?",
        "Each step to the right doubles the size of the codes, and at some length adds too little. <b>Choose the shortest code that is "
        "good enough</b>: the dashed line is 95 % of the best, and “Speed and size” names the length for up to 10 "
        "million pictures. Then try your own picture.",
        32,
        "quality",
        "#section .verdict",
    ),
)
