"""What a look at a data set finds, and what it refuses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenery.data.survey import survey
from scenery.errors import UserError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes class folders of random images below the test's folder."""
    random = np.random.default_rng(0)

    def make(place: str, counts: dict[str, int], gray: bool = False, side: int = 20) -> Path:
        for name, count in counts.items():
            folder = tmp_path / place / name
            folder.mkdir(parents=True)
            for number in range(count):
                shape = (side, side + 4) if gray else (side, side + 4, 3)
                pixels = random.integers(0, 255, shape, dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
        return tmp_path / place.split("/")[0]

    return make


def test_survey_class_folders_counts_and_sizes(write: Write) -> None:
    found = survey(write("photos", {"a": 4, "b": 3}))
    assert found.counts == {"": {"a": 4, "b": 3}}
    assert (found.classes, found.images, found.partitions) == (["a", "b"], 7, [])
    assert found.side == 20
    assert not found.gray


def test_survey_partitions_counts_of_each(write: Write) -> None:
    write("photos/train", {"a": 4, "b": 3}, gray=True)
    found = survey(write("photos/test", {"a": 1, "b": 1}, gray=True))
    assert found.partitions == ["test", "train"]
    assert (found.per_class("train"), found.per_class("test")) == ([4, 3], [1, 1])
    assert found.gray


def test_survey_manifest_with_root_counts(write: Write, tmp_path: Path) -> None:
    root = write("photos", {"a": 3, "b": 3})
    table = tmp_path / "labels.csv"
    rows = [f"{name}/{number}.png,{name}" for name in "ab" for number in range(3)]
    table.write_text("\n".join(["file,class", *rows]), encoding="utf-8")
    assert survey(table, root).counts == {"": {"a": 3, "b": 3}}


def test_survey_many_images_looks_at_a_part(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenery.data.survey.MAX_LOOKED_AT", 4)
    assert len(survey(write("photos", {"a": 5, "b": 5})).sizes) == 4


@pytest.mark.parametrize(("white", "expected"), [(4095, 4095), (1000, 1023), (60_000, None)])
def test_survey_dark_images_of_16_bits_propose_a_white_level(
    tmp_path: Path, white: int, expected: int | None
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(3):
            pixels = np.linspace(0, white, 400).astype(np.uint16).reshape(20, 20)
            Image.fromarray(pixels + np.uint16(number)).save(tmp_path / name / f"{number}.png")
    assert survey(tmp_path).white_level == expected


def refusal(path: Path) -> str:
    """The one line that says why a data set is refused."""
    with pytest.raises(UserError) as caught:
        survey(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_survey_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "has no class folders; put the images of each class into" in refusal(tmp_path)


def test_survey_folder_beside_a_table_names_the_table(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,class\n", encoding="utf-8")
    expected = f"or give the table instead of the folder: {tmp_path / 'labels.csv'}"
    assert expected in refusal(tmp_path)


def test_survey_one_class_is_refused(write: Write) -> None:
    assert "only one class, 'a'; a study needs at least two" in refusal(write("photos", {"a": 3}))


def test_survey_too_few_images_of_a_class_is_refused(write: Write) -> None:
    said = refusal(write("photos", {"a": 5, "b": 2}))
    assert "too few images: 'b' (2); each needs at least 3, one each for train, test" in said


def test_survey_unreadable_images_are_refused(write: Write) -> None:
    folder = write("photos", {"a": 4, "b": 4})
    (folder / "a" / "0.png").write_bytes(b"")
    (folder / "b" / "1.png").write_text("<html>", encoding="utf-8")
    said = refusal(folder)
    assert "2 of 8 images looked at cannot be read: a/0.png (empty file), b/1.png (not an" in said
    assert "convert them to one of PNG, JPEG" in said
