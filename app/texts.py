"""Every word on the page."""

TITLE = "Nested hashing"
HEADLINE = "One code. Every length."
LEAD = (
    "A network turns a picture into {longest} bits. The first {shorter} of them are good codes too. "
    "Move the slider to cut the code, and see what is still found."
)
DESCRIPTION = "One network, one code, every length: shorten the code and see what is still found."

LOOKING_FOR = "Looking for"
YOUR_PICTURE = "Your picture"
SHARED_CODE = "A picture known by its code alone"
CLASS_UNKNOWN = "class unknown"
CHOOSE = "Choose a picture"
CAMERA = "Camera"
TAKE = "Take the picture"
CANCEL = "Cancel"
HINT = "or drop or paste one anywhere on this page"
READING = "Reading the picture …"
NO_CAMERA = "The camera cannot be used here."

EXAMPLES = "Or try one of these"
EXAMPLES_NOTE = "The network has never seen them."
SHUFFLE = "Shuffle"
FIRST_EXAMPLES = (
    *("leopard", "flamingo", "watermelon", "fire engine", "saxophone", "thinking face", "sunflower"),
    *("dolphin", "raccoon", "alarm clock", "sloth", "american football", "rainbow flag", "sunrise"),
)

LENGTH = "Code length"
SHOW = "Show"
NEAREST = "Nearest of {count} pictures"
SAME = "same class"
OTHER = "another class"
DIFFER = "bits differ"
DISTANCE = "distance"

CURVE = "Quality at each length"
CURVE_NOTE = "Mean average precision when pictures the network has never seen look for their class."

NO_PICTURE = "Give a picture first."
UNKNOWN_LINK = "The link names a picture that is not in this gallery."
UNREADABLE_UPLOAD = "The picture did not arrive whole; please send it again."

WEIGHTS = (
    'Network: EfficientNet-Lite0 from <a href="https://github.com/huggingface/pytorch-image-models" '
    'target="_blank" rel="noopener">timm</a>, Apache License 2.0.'
)
CREDITS = "Pictures: {credits}."
ABOUT = "Your picture is deleted within ten minutes. No cookies, no analytics, no request to any other host."


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

    >>> duration(8.31), duration(212.0), duration(1530.0)
    ('8.3 µs', '212 µs', '1.5 ms')
    """
    if microseconds < 1000:
        return f"{microseconds:.1f} µs" if microseconds < 10 else f"{microseconds:.0f} µs"
    return f"{microseconds / 1000:.1f} ms"


def summary(shown: int, length: int, right: int | None) -> str:
    """What a screen reader says when results have changed.

    >>> summary(12, 32, 10)
    'The 12 nearest pictures at 32 bits. 10 of 12 are of the same class.'
    """
    what = f"The {shown} nearest pictures at {length} bits."
    return what if right is None else f"{what} {right} of {shown} are of the same class."
