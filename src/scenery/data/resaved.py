"""Telling whether two image files are the same picture, saved again.

One file is made from the other as programs do it: resized by each of the usual filters, and encoded
as JPEG with the tables of the other file, if that is a JPEG. If the result agrees with the other
file everywhere, the two are the same picture at another size or quality. A second photograph of
the same thing does not agree, since its noise is another; nor does a copy with a small mark.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin
from scipy import ndimage

from scenery.data.images import Pixels
from scenery.errors import UserError

# Largest difference that saving again explains, in gray levels of the smoothed pictures, counted
# less where the picture has texture. Measured: JPEG photographs saved again as JPEG reach 2.7,
# second photographs of a still object start at 3.4, other slices of a scan at 4.3, charts, forms,
# spectrograms and product pictures with other content at 13.
MAX_DIFFERENCE = 3.0
# The same where nothing is lost twice and nothing is resized, so that the result is known exactly
# but for rounding: two frames of a still scene with little noise differ more.
MAX_DIFFERENCE_KNOWN = 1.0
_LOSSLESS = ("PNG", "BMP")

_FILTERS = tuple(
    getattr(Image.Resampling, name) for name in ("BOX", "BILINEAR", "BICUBIC", "LANCZOS")
)
_SMOOTHING = 1.2  # standard deviation in pixels
_TEXTURE_SCALE = 3.0  # standard deviation in pixels
_TEXTURE_WEIGHT = 0.1
_MAX_ASPECT_DIFFERENCE = 1.5  # pixels of the smaller image, for rounding


class _Saved(NamedTuple):
    """An image, the options that save it as its file was saved, and whether that loses nothing.

    The options are None if the file is no JPEG.
    """

    image: Image.Image
    jpeg: dict[str, object] | None
    lossless: bool


def is_resaved(first: Path, second: Path, read: Callable[[Path], Pixels]) -> bool:
    """Say whether one of two image files is the other one at another size or JPEG quality.

    Args:
        first, second: The files.
        read: Gives the pixels of a file, uint8 of shape (height, width, 3).

    Returns:
        False also where a file cannot be read (any more).
    """
    try:
        one, other = (
            _Saved(Image.fromarray(read(file)), *_saving(file)) for file in (first, second)
        )
    except (UserError, OSError):
        return False
    # A lossy file is not the source of a lossless one: that one can only have been its source.
    pairs = [(one, other), (other, one)]
    if one.image.size == other.image.size and one.lossless != other.lossless:
        pairs = [(one, other) if one.lossless else (other, one)]
    return _same_shape(one.image, other.image) and any(_made_from(*pair) for pair in pairs)


def _saving(file: Path) -> tuple[dict[str, object] | None, bool]:
    with Image.open(file) as image:
        if not isinstance(image, JpegImagePlugin.JpegImageFile):
            return None, image.format in _LOSSLESS
        sampling = JpegImagePlugin.get_sampling(image)
        return {"qtables": image.quantization, "subsampling": sampling}, False


def _same_shape(one: Image.Image, other: Image.Image) -> bool:
    small, large = sorted((one, other), key=lambda image: image.width * image.height)
    scale = small.width / large.width
    return abs(large.height * scale - small.height) <= _MAX_ASPECT_DIFFERENCE


def _made_from(source: _Saved, result: _Saved) -> bool:
    """Say whether resizing and saving the source gives the result."""
    expected = np.asarray(result.image, np.float32)
    size = result.image.size
    resized = (
        [source.image]
        if source.image.size == size
        else [source.image.resize(size, way) for way in _FILTERS]
    )
    known = source.image.size == size and (
        source.lossless and (result.lossless or result.jpeg is not None)
    )
    limit = MAX_DIFFERENCE_KNOWN if known else MAX_DIFFERENCE
    for image in resized:
        for saved in (image, _encoded(image, result.jpeg)):
            if saved is not None and _difference(np.asarray(saved, np.float32), expected) <= limit:
                return True
    return False


def _encoded(image: Image.Image, jpeg: dict[str, object] | None) -> Image.Image | None:
    if jpeg is None:
        return None
    content = io.BytesIO()
    try:
        image.save(content, "JPEG", **jpeg)
        with Image.open(content) as saved:
            return saved.convert("RGB")
    # A file may have tables that Pillow reads but does not write.
    except (OSError, ValueError):
        return None


def _difference(values: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Return how far two pictures of shape (height, width, 3) differ, see `MAX_DIFFERENCE`."""
    smooth = ndimage.gaussian_filter(values - expected, (_SMOOTHING, _SMOOTHING, 0))
    difference = np.abs(smooth).max(axis=2)
    gray = values.mean(axis=2)
    mean = ndimage.gaussian_filter(gray, _TEXTURE_SCALE)
    square = ndimage.gaussian_filter(gray * gray, _TEXTURE_SCALE)
    texture = np.sqrt(np.maximum(square - mean * mean, 0))
    return float((difference / (1 + _TEXTURE_WEIGHT * texture)).max())
