"""Sizes of images: one number for a square, or height and width."""

# In pixels. Two equal sides are always written as one number, so that a square has one name.
ImageSize = int | tuple[int, int]


def sides(size: ImageSize) -> tuple[int, int]:
    """Height and width."""
    return size if isinstance(size, tuple) else (size, size)


def image_size_of(height: int, width: int) -> ImageSize:
    """The size with these sides."""
    return height if height == width else (height, width)


def size_name(size: ImageSize) -> str:
    """As in paths: `224`, or `240x320` for a height of 240 and a width of 320."""
    return str(size) if isinstance(size, int) else "x".join(map(str, size))


def named_size(name: str) -> ImageSize:
    """The size that `size_name` gave a name."""
    height, _, width = name.partition("x")
    return image_size_of(int(height), int(width or height))


def size_text(size: ImageSize) -> str:
    """As in texts: `224 x 224`, height before width."""
    return " x ".join(map(str, sides(size)))
