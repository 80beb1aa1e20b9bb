"""The value that becomes white in images of 16 bits."""

from collections.abc import Sequence

# Images of 16 bits whose values are all below white / DARK_SHARE are nearly black.
DARK_SHARE = 3
BITS = (8, 10, 12, 14, 16)


def likely_white_level(brightest: Sequence[int], white_level: int) -> int | None:
    """The white level that images of 16 bits probably have, if they are nearly black.

    Cameras and scanners of 10, 12 or 14 bits write their values into 16 bits.

    Args:
        brightest: The largest value of each image of 16 bits as it is read, from 0 to 255.
        white_level: The level with which they were read.

    Returns:
        The largest value of the fewest bits that hold all values; None if there are no such images
        or some of them are bright.
    """
    if not brightest or max(brightest) > 255 / DARK_SHARE:
        return None
    # Rounding to 8 bits leaves the largest value uncertain by half a step.
    largest = max(max(brightest) - 0.5, 0) * white_level / 255
    return next(2**bits - 1 for bits in BITS if 2**bits > largest)
