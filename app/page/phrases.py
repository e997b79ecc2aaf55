"""Numbers for people, and the sentences about them."""

from collections.abc import Mapping


def bits(length: int) -> str:
    """A code length with its size.

    >>> bits(8), bits(32)
    ('8 bits · 1 byte', '32 bits · 4 bytes')
    """
    return f"{length} bits · {length // 8} byte{'s' if length > 8 else ''}"


def size(count: int) -> str:
    """A number of bytes for people.

    >>> size(999), size(4546), size(72_736), size(1_200_000)
    ('999 bytes', '4.5 KB', '73 KB', '1.2 MB')
    """
    if count < 1000:
        return f"{count} bytes"
    value, unit = (count / 1e3, "KB") if count < 999_500 else (count / 1e6, "MB")
    return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"


def duration(microseconds: float) -> str:
    """A short time for people.

    >>> duration(8.31), duration(212.0), duration(1530.0), duration(21_530.0)
    ('8.3 µs', '212 µs', '1.5 ms', '22 ms')
    """
    if microseconds < 1000:
        return f"{microseconds:.1f} µs" if microseconds < 10 else f"{microseconds:.0f} µs"
    return f"{microseconds / 1000:.1f} ms" if microseconds < 10_000 else f"{microseconds / 1000:.0f} ms"


def times_as_fast(one: str, its: float, other: str, others: float) -> str:
    """How two times stand to each other.

    >>> times_as_fast("the index", 10.0, "FAISS", 284.0), times_as_fast("the index", 12.0, "FAISS", 10.0)
    ('the index is 28 times as fast as FAISS', 'FAISS is 1.2 times as fast as the index')
    >>> times_as_fast("the index", 10.0, "FAISS", 10.2)
    'the index is as fast as FAISS'
    """
    if its > others:
        one, its, other, others = other, others, one, its
    ratio = others / its
    if ratio < 1.05:
        return f"{one} is as fast as {other}"
    return f"{one} is {f'{ratio:.1f}' if ratio < 9.95 else f'{ratio:,.0f}'} times as fast as {other}"


def times_as_long(ratio: float) -> str:
    """How a time stands to an earlier one.

    >>> times_as_long(1.42), times_as_long(1.02), times_as_long(0.7), times_as_long(16.2)
    ('1.4 times as long', 'as long', '0.7 times as long', '16 times as long')
    """
    if 0.95 < ratio < 1.05:
        return "as long"
    return f"{ratio:.1f} times as long" if ratio < 9.95 else f"{ratio:,.0f} times as long"


def sharing(count: int, length: int) -> str:
    """How many pictures share a code at the least, on average.

    >>> sharing(10_000_000, 8), sharing(10_000_000, 16), sharing(5664, 8), sharing(5664, 32)
    ('39,062', '153', '22', '1')
    """
    return f"{max(1, round(count / 2**length)):,}"


def large(count: int) -> str:
    """A number of pictures for people.

    >>> large(4546), large(100_000), large(10_000_000)
    ('4,546', '100,000', '10 million')
    """
    return f"{count // 1_000_000} million" if count >= 1_000_000 and count % 1_000_000 == 0 else f"{count:,}"


def score(value: float) -> str:
    """A share from 0 to 1.

    >>> score(0.694), score(1.0)
    ('.69', '1.00')
    """
    return f"{value:.2f}".removeprefix("0")


def summary(shown: int, length: int, counts: Mapping[str, int]) -> str:
    """What a screen reader says when results have changed.

    >>> summary(12, 32, {"same emoji": 2, "same class": 9})
    'The 12 nearest pictures at 32 bits: 2 same emoji, 9 same class of 12.'
    """
    told = counted(counts, shown)
    return f"The {shown} nearest pictures at {length} bits{': ' if told else ''}{told}."


def compared(before: int, after: int, kept: int, changed: int) -> str:
    """How two lengths compare.

    >>> compared(8, 32, 5, 7)
    'From 8 to 32 bits: 5 kept, 7 new, 7 lost.'
    """
    return f"From {before} to {after} bits: {kept} kept, {changed} new, {changed} lost."


def counted(counts: Mapping[str, int], shown: int) -> str:
    """How many results have each grade, where that is known.

    >>> counted({"same emoji": 2, "same class": 9, "something else": 0}, 12), counted({}, 12)
    ('2 same emoji, 9 same class of 12', '')
    """
    told = ", ".join(f"{count} {grade}" for grade, count in counts.items() if count)
    return f"{told} of {shown}" if told else ""


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """What a step changes in the numbers of each grade.

    >>> grown({"same class": 6, "other": 4}, {"same class": 9, "other": 1}), grown({"other": 1}, {"other": 1})
    ('+3 same class, −3 other', '')
    """
    steps = {grade: count - before.get(grade, 0) for grade, count in after.items()}
    told = [f"{'+' if step > 0 else '−'}{abs(step)} {grade}" for grade, step in steps.items() if step]
    return ", ".join(told)


def added(count: int, skipped: int) -> str:
    """What became of a visitor's files.

    >>> added(12, 0), added(1, 3)
    ('12 pictures.', '1 picture. 3 files were left out: no picture that can be read, too large, too many, or too slow.')
    """
    what = f"{count} picture{'s' if count > 1 else ''}."
    if not skipped:
        return what
    files = "1 file was" if skipped == 1 else f"{skipped} files were"
    return f"{what} {files} left out: no picture that can be read, too large, too many, or too slow."


def minutes(seconds: float) -> str:
    """A long time for people.

    >>> minutes(42.0), minutes(1530.0), minutes(9000.0)
    ('42.0 s', '25.5 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7000 else f"{seconds / 3600:.1f} h"


def gap(value: float) -> str:
    """How a quality stands to another.

    >>> gap(0.021), gap(-0.0042), gap(0.0004)
    ('.021 mAP above', '.004 mAP below', 'as good as')
    """
    size = f"{abs(value):.3f}".removeprefix("0")
    if size == ".000":
        return "as good as"
    return f"{size} mAP {'above' if value > 0 else 'below'}"
