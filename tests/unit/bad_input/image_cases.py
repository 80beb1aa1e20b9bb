"""Image files of every kind of fault, each in a data set that is good otherwise."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from bad_input.cases import USED, Case, content, noise, picture

BAD = "coast/bad"


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that says how large it is and has no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def jpeg(image: Image.Image, **options: object) -> bytes:
    """A picture as the bytes of a JPEG file."""
    out = io.BytesIO()
    image.save(out, "JPEG", **options)  # type: ignore[arg-type]
    return out.getvalue()


def bomb() -> bytes:
    """A small file that would become 3 GB of pixels."""
    return png_of_size(32_000, 32_000)


def broken_exif() -> bytes:
    whole = jpeg(noise(90), exif=Image.Exif().tobytes() or b"Exif\0\0")
    data = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xee" * 40
    segment = b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data
    return whole[:2] + segment + whole[2:]


def animated() -> None:
    frames = [noise(91), noise(92)]
    picture(f"{BAD}.gif", 0, frames[0], save_all=True, append_images=frames[1:])


def pipe() -> None:
    # Opening one to read waits until somebody writes.
    os.mkfifo("images/coast/bad.png")


def floats(value: float) -> None:
    picture(f"{BAD}.tif", 0, Image.fromarray(np.full((40, 40), value, np.float32)))


def sixteen_bits() -> None:
    values = np.random.default_rng(5).integers(0, 65536, (40, 40)).astype(np.uint16)
    picture(f"{BAD}.png", 0, Image.fromarray(values))


def twelve_bits() -> None:
    values = np.random.default_rng(5).integers(0, 4096, (40, 40)).astype(np.uint16)
    picture(f"{BAD}.png", 0, Image.fromarray(values))


def large_metadata() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 3_000_000, zip=True)
    profile = bytes(range(256)) * 5000
    picture(f"{BAD}.png", 96, pnginfo=info, icc_profile=profile)


FIRST = f"{BAD}.jpg"
IMAGES = [
    Case("zero bytes", lambda: content(FIRST, b""), "coast/bad.jpg (empty file)"),
    Case(
        "JPEG cut short",
        lambda: content(FIRST, jpeg(noise(99))[:700]),
        "coast/bad.jpg (truncated or damaged",
    ),
    Case(
        "PNG cut short",
        lambda: content(f"{BAD}.png", picture(f"{BAD}.png", 99).read_bytes()[:-300]),
        "coast/bad.png (truncated or damaged",
    ),
    Case(
        "nothing but a JPEG's first bytes",
        lambda: content(FIRST, b"\xff\xd8\xff\xe0"),
        "coast/bad.jpg (truncated or damaged (its header cannot be read))",
    ),
    Case(
        "bytes changed in the middle of a PNG",
        lambda: content(
            f"{BAD}.png",
            (whole := picture(f"{BAD}.png", 99).read_bytes())[:900] + b"\0" * 40 + whole[940:],
        ),
        "coast/bad.png (truncated or damaged",
    ),
    Case(
        "PNG called .jpg",
        lambda: picture(FIRST, 99, format="PNG"),
        f"{USED}the content says what it is, not the name",
    ),
    Case(
        "web page saved as .jpg",
        lambda: content(FIRST, b"<!DOCTYPE html><html>not found</html>"),
        "coast/bad.jpg (not an image: it looks like a web page or another text in tags)",
    ),
    Case(
        "PDF called .jpg",
        lambda: content(FIRST, b"%PDF-1.7"),
        "coast/bad.jpg (not an image: it is a PDF document)",
    ),
    Case(
        "ZIP archive called .png",
        lambda: content(f"{BAD}.png", b"PK\x03\x04"),
        "coast/bad.png (not an image: it is a ZIP archive)",
    ),
    Case(
        "pointer of Git LFS instead of the file",
        lambda: content(FIRST, b"version https://git-lfs.github.com/spec/v1\n"),
        "coast/bad.jpg (not an image: it is a Git LFS pointer; fetch the file itself)",
    ),
    Case(
        "HEIC called .jpg",
        lambda: content(FIRST, b"\0\0\0\x18ftypheic\0\0"),
        "coast/bad.jpg (unsupported format (heic); convert it to PNG or JPEG)",
    ),
    Case(
        "plain text called .png",
        lambda: content(f"{BAD}.png", b"hello"),
        "coast/bad.png (not an image, or in an unsupported format; supported are PNG, JPEG",
    ),
    Case(
        "decompression bomb of 32,000 by 32,000 pixels in 60 bytes",
        lambda: content(f"{BAD}.png", bomb()),
        "coast/bad.png (too many pixels for Pillow, 50,000,000 are allowed)",
    ),
    Case(
        "more pixels than `dataset.max_pixels`",
        lambda: content(f"{BAD}.png", png_of_size(8000, 8000)),
        "coast/bad.png (too large: 8000 x 8000 = 64,000,000 pixels, 50,000,000 are allowed "
        "(dataset.max_pixels))",
    ),
    Case(
        "a single pixel",
        lambda: picture(f"{BAD}.png", 0, noise(97, 1, 1)),
        f"{USED}enlarged; beyond 8 times the log warns",
    ),
    Case(
        "30,000 pixels wide, 10 high",
        lambda: picture(f"{BAD}.png", 0, noise(97, 10, 30_000)),
        f"{USED}made square as `dataset.resize` says; beyond 4 : 1 the log warns",
    ),
    Case("animated GIF", animated, f"{USED}the first frame"),
    Case(
        "CMYK",
        lambda: picture(FIRST, 0, noise(98).convert("CMYK")),
        f"{USED}converted to RGB",
    ),
    Case("16 bits a pixel", sixteen_bits, f"{USED}scaled to 8 bits"),
    Case(
        "12-bit values in a 16-bit file",
        twelve_bits,
        f"{USED}nearly black; a warning names `dataset.white_level: 4095`",
    ),
    Case(
        "1 bit a pixel",
        lambda: picture(f"{BAD}.png", 0, noise(98).convert("1")),
        f"{USED}black and white as RGB",
    ),
    Case(
        "transparent parts",
        lambda: picture(f"{BAD}.png", 0, noise(98).convert("RGBA")),
        f"{USED}laid on white",
    ),
    Case(
        "floating-point TIFF beyond 255",
        lambda: floats(1e6),
        "coast/bad.tif (unsupported kind of pixels: floats outside [0, 255] (or not finite); "
        "within [0, 1] or [0, 255] are allowed)",
    ),
    Case(
        "floating-point TIFF with NaN",
        lambda: floats(float("nan")),
        "coast/bad.tif (unsupported kind of pixels: floats outside [0, 255] (or not finite)",
    ),
    Case("broken EXIF data", lambda: content(FIRST, broken_exif()), f"{USED}without EXIF"),
    Case(
        "PNG with megabytes of text or a large color profile",
        large_metadata,
        f"{USED}without them",
    ),
    Case(
        "link to a file that is not there",
        lambda: Path(f"images/{BAD}.png").symlink_to("nowhere.png"),
        "coast/bad.png (cannot be read: No such file or directory)",
    ),
    Case("named pipe called .png", pipe, "coast/bad.png (cannot be read: it is not a file)"),
    Case(
        "the same picture under two classes",
        lambda: picture("coast/bad.png", 10),
        f"{USED}both copies are left out, and the report says so",
    ),
]
