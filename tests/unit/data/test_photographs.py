"""Which files a user names."""

import os
from pathlib import Path

import pytest

from scenery.data.photographs import list_photographs
from scenery.errors import UserError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos" / "inner").mkdir(parents=True)
    for name in ("b.JPG", "a.png", "inner/c.tif", ".hidden.png", "notes.txt"):
        (tmp_path / "photos" / name).touch()
    return tmp_path


def test_folder_gives_its_images_sorted_and_counts_others(folder: Path) -> None:
    found = list_photographs(["photos"], [])
    assert found.files == ["photos/a.png", "photos/b.JPG", "photos/inner/c.tif"]
    assert found.left_out == 1


def test_files_are_taken_once_in_the_order_given(folder: Path) -> None:
    given = ["photos/notes.txt", "photos/b.JPG", "photos"]
    expected = ["photos/notes.txt", "photos/b.JPG", "photos/a.png", "photos/inner/c.tif"]
    assert list_photographs(given, []).files == expected


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_table_files_are_relative_to_its_folder(folder: Path, separator: str) -> None:
    rows = [("class", "File"), ("x", "a.png"), ("y", "inner/c, d.tif"), ("z", "")]
    quoted = [[f'"{cell}"' for cell in row] for row in rows]
    text = "\n".join(separator.join(row) for row in quoted)
    (folder / "photos" / "table.csv").write_text(text, encoding="utf-8-sig")
    found = list_photographs(["photos/table.csv"], []).files
    assert found == ["photos/a.png", "photos/inner/c, d.tif"]


def test_standard_input_has_one_name_per_line(folder: Path) -> None:
    lines = ["one name.png\n", "\n", "bytes\udce9.png\r\n"]
    assert list_photographs(["-"], lines).files == ["one name.png", "bytes\udce9.png"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere", "nowhere: there is no such file or folder"),
        ("photos/inner/empty", "photos/inner/empty: no photographs found; files ending in"),
        ("photos/bad.csv", "photos/bad.csv: no column with file names; its columns are 'x, y'"),
    ],
)
def test_mistake_is_named(folder: Path, given: str, message: str) -> None:
    (folder / "photos" / "inner" / "empty").mkdir()
    (folder / "photos" / "bad.csv").write_text("x,y\n1,2\n")
    with pytest.raises(UserError) as error:
        list_photographs([given], [])
    assert str(error.value).startswith(message)


def test_bytes_that_are_no_text_are_kept(folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    (folder / "photos" / "inner" / name).touch()
    assert f"photos/inner/{name}" in list_photographs(["photos"], []).files
