"""Lists of images: a text file with one name a line, or a folder.

Standard library only: the Snakefile reads lists in every dry run.
"""

from pathlib import Path

from scenery.data.image_listing import IMAGE_EXTENSIONS
from scenery.data.manifest import posix_path
from scenery.errors import UserError

# A longer list is no list of training images.
MAX_LIST_BYTES = 100_000_000


def listed_files(path: str | Path) -> list[str]:
    """The names in a list, or the images in a folder, sorted, as POSIX paths.

    Raises:
        UserError: The list cannot be read, or names nothing.
    """
    source = Path(path)
    if source.is_dir():
        files = (file for file in source.rglob("*") if file.suffix.casefold() in IMAGE_EXTENSIONS)
        found = sorted(file.relative_to(source).as_posix() for file in files)
    else:
        found = sorted({posix_path(line.strip()) for line in _lines(source) if line.strip()})
    if not found:
        raise UserError(f"{source}: names no images")
    return found


def _lines(source: Path) -> list[str]:
    try:
        if source.stat().st_size > MAX_LIST_BYTES:
            raise UserError(f"{source}: is too large for a list of files, one a line")
        return source.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{source}: is not UTF-8 text ({error.reason})") from None
    except OSError as error:
        raise UserError(f"{source}: cannot be read: {error.strerror}") from None
