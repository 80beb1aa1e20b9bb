"""Copies of photographs in one folder for each predicted class."""

import filecmp
import re
import shutil
from pathlib import Path

from scenery.errors import UserError
from scenery.files import atomic_path

# Neither a separator nor a control character, and no name that is the folder itself or above it.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")


def folder_name(class_name: str) -> str:
    """The name of a class as a folder on any system; it never leads out of its parent."""
    safe = _UNSAFE.sub("_", class_name).strip(" .")
    return safe[:100] or "_"


class ClassFolders:
    """Copies files to `folder`/class/name.

    A file of the same name and content is there already and is not copied again. A file of the
    same name and other content gets a number: `name_2.jpg`. Nothing is ever overwritten.

    Args:
        folder: The folder, which may exist.
        classes: The classes; no two get the same folder.

    Raises:
        UserError: The folder cannot be made.
    """

    def __init__(self, folder: Path, classes: tuple[str, ...]) -> None:
        self._folders: dict[str, Path] = {}
        taken: set[str] = set()
        for name in classes:
            plain = folder_name(name)
            unique, number = plain, 2
            while unique.casefold() in taken:
                unique, number = f"{plain}_{number}", number + 1
            taken.add(unique.casefold())
            self._folders[name] = folder / unique
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--copy-to {folder}: cannot be made: {error.strerror}") from None

    def copy(self, file: str, class_name: str) -> Path:
        """Copy a file, with its times, and give its place.

        Raises:
            UserError: It cannot be copied, as on a full disk.
        """
        source = Path(file)
        folder = self._folders[class_name]
        try:
            folder.mkdir(exist_ok=True)
            place, number = folder / source.name, 2
            while place.exists():
                if filecmp.cmp(source, place, shallow=False):
                    return place
                place = folder / f"{source.stem}_{number}{source.suffix}"
                number += 1
            with atomic_path(place) as partial:
                shutil.copy2(source, partial)
        except OSError as error:
            raise UserError(f"{file}: cannot be copied to {folder}: {error.strerror}") from None
        return place
