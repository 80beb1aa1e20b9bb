"""Finding the images of a data set: a folder, a partitioned folder or a manifest.

Standard library only: the Snakefile reads sources in every dry run.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scenery.data import manifest
from scenery.data.content_digests import content_digests
from scenery.data.corrections import apply_corrections
from scenery.data.image_listing import (
    IMAGE_EXTENSIONS,
    PARTITION_HELP,
    FoundImage,
    checked,
    named,
    partition_of,
)
from scenery.errors import UserError
from scenery.files import rows_digest

__all__ = [
    "FoundImage",
    "dataset_digest",
    "list_images",
    "source_root",
    "stray_files",
    "unused_columns",
]

# Folders that unpacking and viewing programs leave behind, with copies of images in them.
_LEFT_BEHIND = frozenset(["__MACOSX", "@eaDir"])
_MAX_FOLDERS_LOOKED_AT = 50


def source_root(path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that the files of a source are relative to."""
    if root is not None:
        return Path(root)
    source = Path(path)
    return source if source.is_dir() else source.parent


def list_images(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    group: str | None = None,
    corrections: str | os.PathLike[str] | None = None,
    x_col: str | None = None,
    y_col: str | Sequence[str] | None = None,
    weight_col: str | None = None,
    classes: Sequence[str] | None = None,
) -> list[FoundImage]:
    """List the images of a data set, sorted by file.

    `path` is one of

    - a folder of class folders: ``<class>/**/<image>``, partition "";
    - a folder with partitions: ``train/<class>/**/<image>``, ``test/...`` and perhaps
      ``validation/...``, in any of their spellings. Folders named like partitions count as such
      if they hold folders, so that a class of images may be called ``train``;
    - a manifest (see `scenery.data.manifest.read_manifest`); its files are relative to `root`,
      by default the manifest's own folder, and `group`, `x_col`, `y_col` and `weight_col` are the
      columns of its groups, files, classes and weights.

    Hidden files, other files than images and images outside any class folder are left out;
    `stray_files` lists them. Symbolic links in folders are followed (the folder is the user's
    own, and a selection of images is often a folder of links); those in a manifest must stay
    within the root.

    `corrections` is a table of files with other classes, see `scenery.data.corrections`. Of
    `classes`, where they are given, the images are kept, and all others left out.

    Raises:
        UserError: naming the file, folder or row and what is allowed.
    """
    images = _list(Path(path), root, manifest.Columns(group, x_col, y_col, weight_col))
    if corrections is not None:
        images = checked(apply_corrections(images, Path(corrections)), str(path))
    if classes is not None:
        images = checked(_of_classes(images, classes), str(path))
    return images


def _of_classes(images: Sequence[FoundImage], classes: Sequence[str]) -> list[FoundImage]:
    known = {image.class_name for image in images}
    unknown = [repr(name) for name in classes if name not in known]
    if unknown:
        raise UserError(
            f"dataset.classes: the data set has no images of {named(unknown)}; there are "
            f"{named(sorted(known))}"
        )
    wanted = set(classes)
    return [image for image in images if image.class_name in wanted]


def _list(
    source: Path, root: str | os.PathLike[str] | None, columns: manifest.Columns
) -> list[FoundImage]:
    if source.is_dir():
        if root is not None and Path(root) != source:
            raise UserError(f"dataset root {root}: is for manifests; {source} is a folder")
        if columns.group is not None:
            raise UserError(
                f"dataset.group: {columns.group!r} is a column of a manifest, but {source} is a "
                "folder; give a CSV with file, class and this column, or set dataset.groups: auto"
            )
        for key in ("x_col", "y_col", "weight_col"):
            column = getattr(columns, key)
            if column is not None:
                raise UserError(
                    f"dataset.{key}: {column!r} is a column of a manifest, but {source} is a "
                    "folder; leave it out, or give a CSV"
                )
        try:
            return checked(_in_folder(source), str(source))
        except UserError as error:
            meant = _meant_folder(source)
            if meant is None:
                raise
            raise UserError(f"{error} (dataset.path: did you mean {meant}?)") from None
    if not source.exists():
        raise UserError(
            f"{source}: does not exist; a data set is a folder of class folders, a folder with "
            "train and test folders, or a CSV manifest"
        )
    if source.suffix.casefold() not in {".csv", ".tsv", ".txt"}:
        raise UserError(f"{source}: is neither a folder nor a manifest (.csv, .tsv or .txt)")
    files_root = source_root(source, root)
    if not files_root.is_dir():
        raise UserError(f"dataset root {files_root}: is not a folder")
    return manifest.read_manifest(source, files_root, columns)


def stray_files(path: str | os.PathLike[str]) -> list[str]:
    """List the files in a data set's folder that `list_images` leaves out.

    Other files than images, and images outside any class folder; hidden files and the folders
    that unpacking leaves behind are not listed. A manifest has none.

    Returns:
        Sorted POSIX paths relative to the folder.
    """
    source = Path(path)
    if not source.is_dir():
        return []
    taken = {image.file for image in list_images(source)}
    return sorted(file for file in _walk(str(source), "") if file not in taken)


def visible_files(folder: Path) -> Iterator[str]:
    """Give the visible files of a folder at any depth, sorted by name, relative to it.

    Raises:
        UserError: A folder cannot be read, or is a link to a folder that it lies in.
    """
    return _walk(str(folder), "")


def unused_columns(
    path: str | os.PathLike[str],
    group: str | None = None,
    x_col: str | None = None,
    y_col: str | Sequence[str] | None = None,
    weight_col: str | None = None,
) -> list[str]:
    """List the columns of a manifest that are not read; of a folder: none.

    Raises:
        UserError: as `list_images`.
    """
    source = Path(path)
    if source.is_dir():
        return []
    return manifest.unused_columns(source, manifest.Columns(group, x_col, y_col, weight_col))


def dataset_digest(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str] | None,
    cache_file: str | os.PathLike[str],
    **reading: Any,
) -> str:
    """Return a SHA-256 (hexadecimal) over what is said of every image, and over its content.

    The contents' own digests are cached in `cache_file`, see
    `scenery.data.content_digests.content_digests`: a second call looks at the files but does not
    read them. Where the folder lies does not matter, only what is in it. `reading` holds further
    arguments of `list_images`.

    Raises:
        UserError: as `list_images`.
    """
    images = list_images(path, root, **reading)
    folder = source_root(path, root)
    digests = content_digests([str(folder / image.file) for image in images], Path(cache_file))
    return rows_digest(
        [*map(str, image), digest] for image, digest in zip(images, digests, strict=True)
    )


def _visible_entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            visible = [
                entry
                for entry in entries
                if not entry.name.startswith(".") and entry.name not in _LEFT_BEHIND
            ]
    except OSError as error:
        raise UserError(f"{folder}: cannot be read: {error.strerror}") from None
    return sorted(visible, key=lambda entry: entry.name)


def _walk(folder: str, prefix: str, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Give the visible files at any depth, as paths that begin with `prefix`."""
    real = os.path.realpath(folder)
    if real in above:
        raise UserError(f"{folder}: is a symbolic link to a folder that it lies in")
    for entry in _visible_entries(folder):
        if entry.is_dir():
            yield from _walk(entry.path, f"{prefix}{entry.name}/", (*above, real))
        else:
            yield prefix + entry.name


def _is_image(name: str) -> bool:
    return Path(name).suffix.casefold() in IMAGE_EXTENSIONS


def _has_folders(folder: str) -> bool:
    return any(entry.is_dir() for entry in _visible_entries(folder))


def _in_folder(source: Path) -> list[FoundImage]:
    folders = [entry for entry in _visible_entries(str(source)) if entry.is_dir()]
    if not folders:
        raise UserError(
            f"{source}: has no class folders; put the images of each class into a folder of its own"
        )
    partitions = {entry.name: partition_of(entry.name) for entry in folders}
    nested = [
        entry.name for entry in folders if partitions[entry.name] and _has_folders(entry.path)
    ]
    others = [name for name in partitions if name not in nested]
    if nested and others:
        raise UserError(
            f"{source}: {named(nested)} look like partitions with class folders in them, but "
            f"{named(others)} beside them do not; give either partitions or classes"
        )
    if all(partitions.values()) and not nested:
        raise UserError(
            f"{source}: {named(others)} have no class folders; put the images of each class into "
            "a folder of its own within each partition"
        )
    return _in_partitions(source, partitions) if nested else list(_classes(str(source), "", ""))


def _in_partitions(source: Path, partitions: dict[str, str | None]) -> list[FoundImage]:
    found: list[FoundImage] = []
    folder_of: dict[str, str] = {}
    for name, partition in partitions.items():
        if not partition:
            raise UserError(f"{source / name}: is not a partition; allowed are {PARTITION_HELP}")
        if partition in folder_of:
            raise UserError(
                f"{source}: {folder_of[partition]} and {name} both mean {partition}; keep one"
            )
        folder_of[partition] = name
        found += _classes(str(source / name), f"{name}/", partition)
    return found


def _classes(folder: str, prefix: str, partition: str) -> Iterator[FoundImage]:
    """Give the images of the class folders in a folder."""
    empty = []
    for entry in _visible_entries(folder):
        if not entry.is_dir():
            continue
        _refuse_partitions_within(folder, entry)
        below = _walk(entry.path, f"{prefix}{entry.name}/")
        files = [file for file in below if _is_image(file)]
        if not files:
            empty.append(prefix + entry.name)
        yield from (FoundImage(file, entry.name, partition) for file in files)
    if empty:
        raise UserError(
            f"{folder}: class folders without images: {named(empty)}; remove them or fill them "
            f"(images end in {' '.join(sorted(IMAGE_EXTENSIONS))})"
        )


def _refuse_partitions_within(folder: str, entry: os.DirEntry[str]) -> None:
    """Refuse a class folder that holds partitions: they would be mixed without a word."""
    inner = [child for child in _visible_entries(entry.path) if child.is_dir()]
    partitions = [child.name for child in inner if partition_of(child.name)]
    if len({partition_of(name) for name in partitions}) > 1:
        raise UserError(
            f"{folder}: the folder {entry.name!r} would be a class, but it holds the partitions "
            f"{named(partitions)}; give the folder that holds the partitions, with a folder for "
            "each class in each of them"
        )


def _meant_folder(source: Path) -> Path | None:
    """Return the folder near `source` that was probably meant; None where nothing is likely.

    That is a folder up to three levels below, as unpacking an archive leaves it, or the one above
    where `source` is one class or one partition of it.
    """
    level = [source]
    for _ in range(3):
        level = [
            Path(entry.path)
            for folder in level
            for entry in _entries_or_none(folder)
            if entry.is_dir()
        ][:_MAX_FOLDERS_LOOKED_AT]
        usable = [folder for folder in level if _is_usable(folder)]
        if usable:
            return usable[0] if len(usable) == 1 else None
    above = source.resolve().parent
    directly = any(_is_image(entry.name) for entry in _entries_or_none(source))
    return source.parent if directly and source.parent != source and _is_usable(above) else None


def _entries_or_none(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return _visible_entries(str(folder))
    except UserError:
        return []


def _is_usable(folder: Path) -> bool:
    try:
        checked(_in_folder(folder), str(folder))
    except UserError:
        return False
    return True
