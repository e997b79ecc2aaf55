"""Hostile pictures, made by code: formats, depths, turns, cuts, bombs, metadata, animation, and what is none."""

import io
import random
import struct
import zipfile
import zlib
from functools import partial

import numpy as np
from drawings import BLUE, GREEN, RED, WHITE, chunk, corners, encoded, png
from heic import CORNERS, HEIC
from hostile.cases import Case
from hostile.shown import as_stored, gammas, profiles, tiffs
from PIL import Image, features

DAMAGED = r"^The image is damaged or cut short\.$"
NONE = "^The file is not an image that can be read: please send a JPEG"
HUGE = "^The image has too many pixels"
AVIF = ["AVIF"] if features.check("avif") else []


def noise(side: int = 64) -> Image.Image:
    """A picture that cannot be packed, so that a cut hits pixels."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8))


def formats() -> dict[str, Case]:
    """Every format in every mode that it has."""
    modes = {
        "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
        "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"),
        "WEBP": ("RGB", "RGBA", "L"),
        "GIF": ("1", "L", "P", "RGB"),
        "BMP": ("1", "L", "P", "RGB", "RGBA"),
        "JPEG": ("L", "RGB", "CMYK", "YCbCr"),
        **dict.fromkeys(AVIF, ("RGB", "RGBA")),
    }
    exact = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}, "AVIF": {"quality": 95}}
    cases = {}
    for kind, has in modes.items():
        for mode in has:
            grey = mode in ("1", "L", "LA", "I;16", "I", "F")
            shown = corners().convert("L").point(lambda v: 255 if v > 200 else 0) if grey else corners()
            cases[f"{kind} {mode}"] = Case(
                partial(encoded, _in_mode(shown, mode), kind, **exact.get(kind, {})),
                shown.convert("RGB"),
                tolerance=6 if kind in ("JPEG", "AVIF") else 1,
            )
    return cases


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    if mode == "I":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.int32) * 257)
    if mode == "F":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.float32) / 255)
    return image.convert(mode)


def depths() -> dict[str, Case]:
    """PNG by hand in each of its depths; grey runs up to white, colour is red."""
    cases = {}
    for depth in (1, 2, 4, 8, 16):
        white = b"\xff" * (2 * max(1, depth // 8))
        cases[f"grey of {depth} bits"] = Case(
            partial(png, (2, 1), depth, 0, b"\0" + white), Image.new("RGB", (2, 1), WHITE)
        )
    for depth in (1, 2, 4, 8):
        palette = chunk(b"PLTE", bytes(RED) * 2)
        cases[f"palette of {depth} bits"] = Case(
            partial(png, (2, 1), depth, 3, bytes(3), palette), Image.new("RGB", (2, 1), RED)
        )
    for depth, one in ((8, b"\xff"), (16, b"\xff\xff")):
        red, none = one + bytes(2 * len(one)), bytes(len(one))
        dot = Image.new("RGB", (1, 1), RED)
        cases[f"RGB of {depth} bits"] = Case(partial(png, (1, 1), depth, 2, b"\0" + red), dot)
        cases[f"RGBA of {depth} bits"] = Case(partial(png, (1, 1), depth, 6, b"\0" + red + one), dot)
        clear = Image.new("RGB", (1, 1), WHITE)
        cases[f"clear RGBA of {depth} bits"] = Case(partial(png, (1, 1), depth, 6, b"\0" + red + none), clear)
        cases[f"clear grey of {depth} bits"] = Case(partial(png, (1, 1), depth, 4, b"\0" + none * 2), clear)
    return cases


def turned() -> dict[str, Case]:
    """Each of the eight EXIF orientations, in each format that has them; 0 and 9 mean nothing."""
    undo = [None, *(Image.Transpose(n) for n in (0, 3, 1, 5, 2, 6, 4)), None]
    cases = {}
    for kind, options in (("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        for number, turn in enumerate([None, *undo]):
            exif = Image.Exif()
            exif[0x0112] = number
            stored = corners() if turn is None else corners().transpose(turn)
            cases[f"{kind} turned {number}"] = Case(
                partial(encoded, stored, kind, exif=exif, **options), corners(), tolerance=6
            )
    return cases


def cuts() -> dict[str, Case]:
    """Files that end too soon: in the signature, the header, between parts, among pixels, before the last byte."""
    cases = {}
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", *AVIF):
        data = encoded(noise(), kind)
        for place in (1, 7, 12, 30, 100, len(data) // 4, len(data) // 2, len(data) * 3 // 4, len(data) - 20):
            whole_enough = kind == "GIF" or place in (1, len(data) - 20)
            cases[f"{kind} cut at {place}"] = Case(
                partial(data.__getitem__, slice(place)),
                sentence="damaged|not an image" if whole_enough or place <= 100 else DAMAGED,
            )
    return cases


def bombs() -> dict[str, Case]:
    """Small files that would take much memory or time."""
    zeros = zlib.compress(bytes(30_000_000))
    deep = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    black = Image.new("RGB", (4, 4))
    bmp = b"BM" + struct.pack("<IHHI", 100, 0, 0, 54)
    bmp += struct.pack("<IiiHHIIiiII", 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(60)
    gif = (
        b"GIF89a"
        + struct.pack("<HH", 65_535, 65_535)
        + bytes(3)
        + b","
        + struct.pack("<HHHH", 0, 0, 65_535, 65_535)
    )
    jpeg = encoded(corners(), "JPEG")
    size = jpeg.index(b"\xff\xc0") + 5
    jpeg = jpeg[:size] + struct.pack(">HH", 65_500, 65_500) + jpeg[size + 4 :]
    tags = [
        (256, 4, 1, 90_000),
        (257, 4, 1, 90_000),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
    ]
    tags += [(277, 3, 1, 1), (278, 4, 1, 90_000), (279, 4, 1, 100)]
    fields = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    tiff = b"II*\0" + struct.pack("<IH", 8, len(tags)) + fields + bytes(4)
    files = {f"PNG of {side}²": png((side, side), 8, 6, b"") for side in (10_000, 30_000, 2**31 - 1)}
    files |= {"GIF of 65,535²": gif + b"\0\2\1\0\0;", "JPEG of 65,500²": jpeg, "TIFF of 90,000²": tiff}
    files["BMP of 60,000²"] = bmp
    cases = {name: Case(partial(bytes, data), sentence=HUGE) for name, data in files.items()}
    packed = encoded(Image.new("1", (12_000, 12_000)), "PNG")
    cases["144 megapixels in a few kilobytes"] = Case(lambda: packed, sentence=HUGE)
    cases["30 MB of pixels for 16"] = Case(lambda: deep + chunk(b"IDAT", zeros) + chunk(b"IEND", b""), black)
    cases["a thousand empty parts"] = Case(
        partial(png, (1, 1), 8, 2, b"\0" + bytes(RED), chunk(b"IDAT", b"") * 1_000),
        Image.new("RGB", (1, 1), RED),
    )
    cases["a part of 2 GB"] = Case(lambda: deep + chunk(b"IDAT", b"x", 2**31 - 1), sentence=DAMAGED)
    return cases


def metadata() -> dict[str, Case]:
    """Good pixels beside metadata that is huge, wrong, or both."""
    dot = Image.new("RGB", (1, 1), RED)
    texts = {
        "30 MB of text": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(30_000_000))),
        "a profile of 30 MB": chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(30_000_000))),
        "a broken profile": chunk(b"iCCP", b"name\0\0nothing packed"),
        "broken EXIF": chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff"),
        "no gamma": chunk(b"gAMA", b""),
        "no time": chunk(b"tIME", b"\0"),
        "an unknown part": chunk(b"quIt", bytes(100_000)),
        "a thousand comments": chunk(b"tEXt", b"Comment\0words") * 1_000,
    }
    cases = {
        f"PNG with {name}": Case(partial(png, (1, 1), 8, 2, b"\0" + bytes(RED), extra), dot)
        for name, extra in texts.items()
    }
    good = encoded(corners(), "JPEG", quality=95)
    for name, marker, content, times in (
        ("comments of 6 MB", 0xFE, b"x" * 60_000, 100),
        ("EXIF that ends too soon", 0xE1, b"Exif\0\0II*\0", 1),
        (
            "EXIF that points at itself",
            0xE1,
            b"Exif\0\0II*\0\x08\0\0\0\1\0\x69\x87\4\0\1\0\0\0\x08\0\0\0\0\0\0\0",
            1,
        ),
        ("a profile in no parts", 0xE2, b"ICC_PROFILE\0\0\0", 3),
        ("a profile of 6 MB", 0xE2, b"ICC_PROFILE\0\1\1" + bytes(60_000), 100),
        ("Photoshop's own", 0xED, b"Photoshop 3.0\x008BIM\xff\xff", 1),
        ("Adobe's mark cut off", 0xEE, b"Ado", 1),
    ):
        part = bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
        cases[f"JPEG with {name}"] = Case(
            partial(bytes, good[:2] + part * times + good[2:]), corners(), tolerance=6
        )
    return cases


def animations() -> dict[str, Case]:
    """Only the first picture counts, however many follow."""
    first = corners()
    rest = [Image.new("RGB", first.size, colour) for colour in (GREEN, BLUE)]
    cases = {}
    for kind, options in (("GIF", {}), ("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
        for count in (1, 60):
            make = partial(encoded, first, kind, save_all=True, append_images=rest * count, **options)
            cases[f"{kind} of {1 + 2 * count} pictures"] = Case(make, first, tolerance=1)
        data = encoded(first, kind, save_all=True, append_images=rest, **options)
        cases[f"{kind} cut in its second picture"] = Case(
            partial(data.__getitem__, slice(len(data) - 40)), first, "damaged", 1
        )
    return cases


def heic() -> dict[str, Case]:
    """A photo of a phone: whole, cut short, with bytes that lie, and a brand with nothing behind it."""
    quarters = Image.new("RGB", (2, 2))
    for place, colour in enumerate(CORNERS):
        quarters.putpixel((place % 2, place // 2), colour)
    shown = quarters.resize((64, 48), Image.Resampling.NEAREST)
    refused = "damaged|not an image|HEIF"
    cases = {"a HEIC": Case(lambda: HEIC, shown, tolerance=4)}
    for place in (4, 12, 24, 100, len(HEIC) // 2, len(HEIC) - 1):
        cases[f"HEIC cut at {place}"] = Case(partial(HEIC.__getitem__, slice(place)), shown, refused, 255)
    for brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        cases[f"HEIF of the brand {brand.decode()} alone"] = Case(
            partial(bytes, b"\0\0\0\x18ftyp" + brand + bytes(4) + b"mif1" + brand + bytes(40)),
            sentence=r"^The HEIF \(HEIC\) picture is damaged or of a kind that cannot be read",
        )
    chance = random.Random(0)
    for number in range(20):
        data = bytearray(HEIC)
        for _ in range(4):
            data[chance.randrange(len(data))] = chance.randrange(256)
        sentence = f"{refused}|too many pixels|no pixels"
        cases[f"HEIC with wrong bytes, {number}"] = Case(partial(bytes, data), None, sentence)
    return cases


def no_pictures() -> dict[str, Case]:
    """What is none at all, what is of another kind, and what is two things at once."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.png", encoded(corners()))
    chance, inside = random.Random(0), archive.getvalue()
    other = {
        "nothing": (b"", r"^The file is empty\.$"),
        "one byte": (b"\0", NONE),
        "zeros": (bytes(10_000), NONE),
        "words": (b"only words", NONE),
        "a web page": (b"<!doctype html><script>alert(1)</script>", NONE),
        "an SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "^An SVG file cannot be read"),
        "a PDF": (b"%PDF-1.7\n", "^A PDF file cannot be read"),
        "a JPEG XL": (b"\xff\x0a" + bytes(100), "^A JPEG XL file cannot be read"),
        "a JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100), "^A JPEG 2000 file cannot be read"),
        "a zip": (inside, NONE),
        "a pickle": (b"\x80\x04cposix\nsystem\n(S'true'\ntR.", NONE),
        "a program": (b"\x7fELF" + bytes(100), NONE),
        "an icon": (encoded(corners(), "ICO"), NONE),
        "a PPM": (encoded(corners(), "PPM"), NONE),
        "PostScript": (encoded(corners(), "EPS"), NONE),
        "a TGA": (encoded(corners(), "TGA"), NONE),
    }
    cases = {name: Case(partial(bytes, data), sentence=why) for name, (data, why) in other.items()}
    signatures = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff", "GIF": b"GIF89a", "TIFF": b"II*\0"}
    signatures |= {
        "big TIFF": b"MM\0*",
        "BMP": b"BM",
        "WebP": b"RIFF\xff\xff\0\0WEBP",
        "AVIF": b"\0\0\0 ftypavif",
    }
    for name, start in signatures.items():
        for number in range(3):
            data = start + chance.randbytes(400)
            cases[f"{name} by name alone, {number}"] = Case(
                partial(bytes, data), sentence="damaged|not an image|too many pixels|no pixels"
            )
    cases["a PNG with a zip behind it"] = Case(partial(bytes, encoded(corners()) + inside), corners())
    cases["a GIF that is a script"] = Case(
        partial(bytes, encoded(corners(), "GIF") + b"*/=1;alert(1)//"), corners(), tolerance=1
    )
    return cases


KINDS = (
    *(formats(), depths(), turned(), cuts(), bombs(), metadata(), animations(), heic(), no_pictures()),
    *(profiles(), gammas(), as_stored(), tiffs()),
)
PICTURES = {name: case for kind in KINDS for name, case in kind.items()}


def one_of_each() -> dict[str, Case]:
    """The first, and some more, of each kind."""
    return {name: PICTURES[name] for kind in KINDS for name in [*kind][::7]}
