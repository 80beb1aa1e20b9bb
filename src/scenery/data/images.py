"""Reading, checking and resizing image files with Pillow."""

import io
import logging
import os
import struct
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from scenery.data.content_digests import regular_file
from scenery.errors import UserError
from scenery.files import file_digest
from scenery.image_size import ImageSize, sides

_log = logging.getLogger("scenery")

Pixels = NDArray[np.uint8]
Resize = Literal["stretch", "crop", "pad"]

MAX_PIXELS = 50_000_000
WHITE_LEVEL = 65535
# Beyond these a resize is reported, see `extreme_resize`.
MAX_ASPECT_RATIO = 4
MAX_ENLARGEMENT = 8
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF")

# What files called .jpg turn out to be, by their first bytes; said in the message, never decoded.
_OTHER_CONTENT = (
    (b"<", "it looks like a web page or another text in tags"),
    (b"{", "it looks like JSON text"),
    (b"%PDF", "it is a PDF document"),
    (b"8BPS", "it is a Photoshop document"),
    (b"PK", "it is a ZIP archive"),
    (b"version https://git-lfs", "it is a Git LFS pointer; fetch the file itself"),
)
_KNOWN_BEGINNINGS = (
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"BM",
    b"RIFF",
    b"II*\0",
    b"MM\0*",
    b"GIF8",
)
# Broken EXIF data make Pillow raise nearly anything; the pixels are good all the same.
_EXIF_ERRORS = (
    *(OSError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    struct.error,
)
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    IndexError,
    TypeError,
)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_METADATA = frozenset([b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"tIME", b"sPLT", b"hIST"])
_DAMAGED = "truncated or damaged"
_UNKNOWN = "unknown"
_MIN_IS_WHITE = 0
_PHOTOMETRIC_TAG = 262


class ImageFacts(NamedTuple):
    """What the catalogue says of a file; sizes in pixels after EXIF rotation, 0 if unknown."""

    width: int
    height: int
    mode: str
    format: str
    bytes: int
    digest: str
    problem: str


class ImageProblem(Exception):
    """An image file that cannot be used; the message says why, without the file's name."""


def read_image(
    path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS, white_level: int = WHITE_LEVEL
) -> Pixels:
    """Decode a PNG, JPEG, BMP, WebP, TIFF or GIF file (by content, not by name) to RGB.

    The first of several frames or pages is read. EXIF rotation is applied; transparency is laid
    on white; CMYK is converted without its color profile (as Keras does). 16-bit values
    are scaled by 255 / `white_level` whatever their largest value, so that images stay comparable;
    larger ones are white; 32-bit
    integers must lie within [0, 65535] and are taken for 16-bit values; floats within [0, 1] are
    scaled by 255, those within [0, 255] are rounded.

    Args:
        path: The file.
        max_pixels: Images of more pixels (width times height) are not decoded.
        white_level: The 16-bit value that becomes 255, from 255 to 65535.

    Returns:
        uint8 array of shape (height, width, 3).

    Raises:
        UserError: naming the file and what is wrong with it, see `examine_image`.
    """
    pixels, problem = try_read_image(path, max_pixels, white_level)
    if pixels is None:
        raise UserError(f"{path}: {problem}")
    return pixels


def try_read_image(
    path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS, white_level: int = WHITE_LEVEL
) -> tuple[Pixels | None, str]:
    """Return the pixels as `read_image` does and ""; or None and what is wrong with the file."""
    if "\0" in os.fspath(path):
        return None, "cannot be read: its name has a null character"
    _, pixels, problem = _decode(Path(path), max_pixels, white_level)
    return pixels, problem


def try_decode_image(
    content: bytes, max_pixels: int = MAX_PIXELS, white_level: int = WHITE_LEVEL
) -> tuple[Pixels | None, str]:
    """Do the work of `try_read_image` on the content of a file."""
    stream = io.BytesIO(content)
    found = _decode_content(stream, max_pixels, white_level)
    _, pixels, problem = _second_try(stream, found, max_pixels, white_level)
    return pixels, problem


def examine_image(
    path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS, white_level: int = WHITE_LEVEL
) -> tuple[ImageFacts, Pixels | None]:
    """Return the facts of a file and, if it has no problem, its pixels as `read_image` does.

    The file is read to its end. A `problem` is text, never an exception: a missing or empty file,
    something else than an image, an unsupported format or kind of pixels, damaged or truncated
    content, or more than `max_pixels` pixels (width times height, read from the header before
    anything is decoded; a side alone may have any length. Beyond 178 million pixels Pillow's own
    limit holds).
    """
    file = Path(path)
    try:
        size = regular_file(file).st_size
        digest = file_digest(file)
    except OSError as error:
        return ImageFacts(0, 0, "", "", 0, "", f"cannot be read: {error.strerror}"), None
    header, pixels, problem = _decode(file, max_pixels, white_level)
    width, height, mode, kind = header
    if pixels is not None:
        height, width = pixels.shape[:2]
    return ImageFacts(width, height, mode, kind, size, digest, problem), pixels


def resize_image(
    pixels: Pixels, size: ImageSize, how: Resize, interpolation: str = "bilinear"
) -> Pixels:
    """Bring an image to a size, antialiased where it shrinks.

    ``stretch`` changes the aspect ratio; ``crop`` keeps the largest part in the middle that has the
    aspect ratio of the size; ``pad`` keeps the whole image, centered on black. At least one row and
    one column of the image are kept, however elongated it is. `extreme_resize` says when little of
    the image is left.

    Args:
        pixels: uint8, (height, width, 3).
        size: Size of the result in pixels, sides of at least 1.
        how: The way to give the image another aspect ratio.
        interpolation: A filter of Pillow, in small letters.

    Returns:
        uint8 array of shape (height, width, 3).

    Raises:
        ValueError: Another word for `how`.
    """
    height, width = sides(size)
    if pixels.shape[:2] == (height, width) and how in get_args(Resize):
        return pixels
    picture = Image.fromarray(pixels)
    method = Image.Resampling[interpolation.upper()]
    if how == "stretch":
        return np.asarray(picture.resize((width, height), method))
    if how == "crop":
        return np.asarray(ImageOps.fit(picture, (width, height), method))
    if how == "pad":
        return _padded(picture, width, height, method)
    raise ValueError(f"resize must be stretch, crop or pad, not {how!r}")


def to_gray(pixels: Pixels) -> Pixels:
    """The luma of an image (ITU-R BT.601) in three equal channels; shapes and types as given."""
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def model_input(
    pixels: Pixels,
    size: ImageSize,
    how: Resize,
    interpolation: str = "bilinear",
    gray: bool = False,
) -> Pixels:
    """A decoded image as a model takes it: uint8 RGB, shape (height, width, 3), contiguous.

    Args:
        pixels, size, how, interpolation: As of `resize_image`.
        gray: Whether it loses its colors.
    """
    resized = resize_image(pixels, size, how, interpolation)
    return np.ascontiguousarray(to_gray(resized) if gray else resized)


def _padded(picture: Image.Image, width: int, height: int, method: Image.Resampling) -> Pixels:
    # ImageOps.pad rounds the short side of an elongated image down to zero rows.
    scale = min(width / picture.width, height / picture.height)
    inner = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    whole = Image.new(picture.mode, (width, height))
    corner = (round((width - inner[0]) / 2), round((height - inner[1]) / 2))
    whole.paste(picture.resize(inner, method), corner)
    return np.asarray(whole)


def extreme_resize(width: int, height: int, size: ImageSize, how: Resize) -> str:
    """Say what is extreme about bringing an image to a size; "" where nothing is.

    Extreme are

    - an image of which the aspect ratio is more than `MAX_ASPECT_RATIO` (4) times that of the
      size, or less than a fourth of it: ``stretch`` squeezes it that much in one direction,
      ``crop`` leaves out more than three quarters of it, and ``pad`` fills more than three
      quarters of the result with black;
    - an image that is enlarged more than `MAX_ENLARGEMENT` (8) times in some direction.

    Args:
        width, height: Pixels of the image, at least 1.
        size: Size of the result in pixels.
        how: As in `resize_image`.
    """
    high, wide = sides(size)
    # Exact for squares, where a ratio of scales would be rounded.
    long, short = max(width * high, height * wide), min(width * high, height * wide)
    if long > MAX_ASPECT_RATIO * short:
        ratio = f"{long / short:.3g}"
        whole = "square" if high == wide else "picture"
        return {
            "stretch": f"squeezed {ratio} times in one direction",
            "crop": f"cropped to {short / long:.2%} of its area",
            "pad": f"shown on {short / long:.2%} of the {whole}, the rest is black",
        }[how]
    scales = high / height, wide / width
    enlargement = min(scales) if how == "pad" else max(scales)
    return f"enlarged {enlargement:.3g} times" if enlargement > MAX_ENLARGEMENT else ""


def is_sixteen_bit(mode: str) -> bool:
    """Whether images of a mode of Pillow are scaled by the white level."""
    return mode == "I" or mode.startswith("I;16")


Header = tuple[int, int, str, str]
Decoded = tuple[Header, Pixels | None, str]


def _decode(file: Path, max_pixels: int, white_level: int) -> Decoded:
    """Return the header (width, height, mode, format), the pixels or None, and the problem."""
    try:
        regular_file(file)
        found = _decode_content(file, max_pixels, white_level)
        if not found[2]:
            return found
        with file.open("rb") as content:
            return _second_try(content, found, max_pixels, white_level)
    except OSError as error:
        return (0, 0, "", ""), None, f"cannot be read: {error.strerror or error}"


def _second_try(content: BinaryIO, found: Decoded, max_pixels: int, white_level: int) -> Decoded:
    """Decode a damaged PNG without its metadata, and say what an unknown file is."""
    if found[2] == _UNKNOWN or found[2].startswith(_DAMAGED):
        stripped = _without_metadata(content)
        if stripped is not None:
            found = _decode_content(stripped, max_pixels, white_level)
    header, pixels, problem = found
    return header, pixels, _what_else(content) if problem == _UNKNOWN else problem


def _decode_content(content: Path | BinaryIO, max_pixels: int, white_level: int) -> Decoded:
    """Do the work of `_decode` on a file or its bytes."""
    header: Header = (0, 0, "", "")
    try:
        with Image.open(content, formats=FORMATS) as picture:
            header = (picture.width, picture.height, picture.mode, picture.format or "")
            if picture.width * picture.height > max_pixels:
                raise ImageProblem(_too_large(header, max_pixels))
            picture.load()
            rgb = _to_rgb(_upright(picture), _min_is_white(picture), white_level)
            return header, np.asarray(rgb), ""
    except ImageProblem as problem:
        return header, None, str(problem)
    except Image.DecompressionBombError:
        return header, None, f"too many pixels for Pillow, {max_pixels:,} are allowed"
    except UnidentifiedImageError:
        return header, None, _UNKNOWN
    except MemoryError:
        return header, None, "does not fit into memory"
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        return header, None, f"cannot be read: {error.strerror}"
    # Pillow's decoders raise all of these for damaged files, depending on the format.
    except _DECODER_ERRORS as error:
        return header, None, f"{_DAMAGED} ({error})"


def _without_metadata(content: BinaryIO) -> BinaryIO | None:
    """Return a PNG file without its texts and color profile; None for other files.

    Pillow refuses a PNG whose texts or profile are damaged or larger than 1 MB.
    """
    content.seek(0)
    kept = [content.read(8)]
    if kept[0] != _PNG_SIGNATURE:
        return None
    while len(start := content.read(8)) == 8:
        length, kind = struct.unpack(">I4s", start)
        if kind in _PNG_METADATA:
            content.seek(length + 4, os.SEEK_CUR)
        else:
            kept += [start, content.read(length + 4)]
    return io.BytesIO(b"".join(kept))


def _too_large(header: Header, max_pixels: int) -> str:
    width, height = header[:2]
    return (
        f"too large: {width} x {height} = {width * height:,} pixels, {max_pixels:,} are "
        "allowed (dataset.max_pixels)"
    )


def _what_else(content: BinaryIO) -> str:
    content.seek(0)
    start = content.read(64)
    if not start:
        return "empty file"
    if start[4:8] == b"ftyp":
        brand = start[8:12].decode("ascii", "replace").strip()
        return f"unsupported format ({brand}); convert it to PNG or JPEG"
    for beginning, meaning in _OTHER_CONTENT:
        if start.lstrip().startswith(beginning):
            return f"not an image: {meaning}"
    if start.startswith(_KNOWN_BEGINNINGS):
        return f"{_DAMAGED} (its header cannot be read)"
    return f"not an image, or in an unsupported format; supported are {', '.join(FORMATS)}"


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except _EXIF_ERRORS as error:
        _log.debug("%s: EXIF data left out: %s", getattr(picture, "filename", ""), error)
        return picture


def _to_rgb(picture: Image.Image, min_is_white: bool, white_level: int) -> Image.Image:
    if picture.mode.startswith("I;16"):
        return _from_sixteen_bits(np.asarray(picture).astype(np.int64), min_is_white, white_level)
    if picture.mode == "I":
        return _from_sixteen_bits(np.asarray(picture).astype(np.int64), False, white_level)
    if picture.mode == "F":
        return _from_floats(np.asarray(picture))
    if picture.has_transparency_data:
        colored = picture.convert("RGBA")
        white = Image.new("RGBA", colored.size, "white")
        return Image.alpha_composite(white, colored).convert("RGB")
    if picture.mode == "RGB":
        # Pillow would copy it.
        return picture
    try:
        return picture.convert("RGB")
    except ValueError:
        raise ImageProblem(f"unsupported kind of pixels ({picture.mode})") from None


def _min_is_white(picture: Image.Image) -> bool:
    tags: Any = getattr(picture, "tag_v2", {})
    return tags.get(_PHOTOMETRIC_TAG) == _MIN_IS_WHITE


def _from_sixteen_bits(values: NDArray[np.int64], inverted: bool, white_level: int) -> Image.Image:
    if values.min() < 0 or values.max() > 65535:
        raise ImageProblem(
            f"unsupported kind of pixels: integers from {values.min()} to {values.max()}; "
            "0 to 65535 are allowed"
        )
    scaled = (np.minimum(values, white_level) * 255 + white_level // 2) // white_level
    gray = scaled.astype(np.uint8)
    return Image.fromarray(255 - gray if inverted else gray).convert("RGB")


def _from_floats(values: NDArray[np.float32]) -> Image.Image:
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 255:
        raise ImageProblem(
            "unsupported kind of pixels: floats outside [0, 255] (or not finite); "
            "within [0, 1] or [0, 255] are allowed"
        )
    scale = 255.0 if values.max() <= 1 else 1.0
    return Image.fromarray(np.rint(values * scale).astype(np.uint8)).convert("RGB")
