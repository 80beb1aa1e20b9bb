"""Corrected labels of images."""

from pathlib import Path

import pytest

from scenery.data.sources import dataset_digest, list_images
from scenery.errors import UserError


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two class folders with three files each."""
    for name in "ab":
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "images" / name / f"{number}.png").write_bytes(b"x")
    return tmp_path / "images"


def corrections(folder: Path, text: str) -> Path:
    path = folder.parent / "corrections.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_corrections_change_classes_and_leave_images_out(images: Path) -> None:
    table = corrections(images, "file,class,was\na/0.png,b,a\nb/2.png,,b\n")
    found = {image.file: image.class_name for image in list_images(images, None, None, table)}
    assert found == {"a/0.png": "b", "a/1.png": "a", "a/2.png": "a", "b/0.png": "b", "b/1.png": "b"}


def test_corrections_change_the_digest_of_the_data_set(images: Path) -> None:
    table = corrections(images, "file,class\na/0.png,b\n")
    cache = images.parent / "digests.json"
    digests = {dataset_digest(images, None, cache, corrections=given) for given in (None, table)}
    table.write_text("file,class\na/1.png,b\n", encoding="utf-8")
    assert len(digests | {dataset_digest(images, None, cache, corrections=table)}) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,label\n", "must name the columns file and class"),
        ("file,class\na/9.png,b\n", "files that the data set does not have .*'a/9.png'"),
        ("file,class\na/0.png,B\n", "classes that the data set does not have .*'B'; there are a"),
        ("file,class\na/0.png,b\na/0.png,a\n", "files listed more than once: 'a/0.png'"),
        ("file,class\na/0.png,b\na/1.png,b\na/2.png,b\n", "only one class"),
        ('file,class\n"a/0', "is not a readable table"),
    ],
)
def test_corrections_with_a_mistake_are_refused(images: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        list_images(images, None, None, corrections(images, text))


def test_corrections_that_are_missing_are_refused(images: Path) -> None:
    with pytest.raises(UserError, match=r"none\.csv: cannot be read"):
        list_images(images, None, None, images / "none.csv")
