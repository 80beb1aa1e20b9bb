"""Progress, class folders and the contact sheet of `scenery predict`."""

import io
from pathlib import Path

import numpy as np
import pytest

from scenery.errors import UserError
from scenery.inference import contact_sheet
from scenery.inference.answers import Answer, best_classes
from scenery.inference.class_folders import ClassFolders, folder_name
from scenery.inference.contact_sheet import ContactSheet
from scenery.inference.progress import Progress, duration


def test_best_classes_of_equal_ones_the_first_comes_first() -> None:
    found = best_classes("f", np.array([0.2, 0.4, 0.4]), ("a", "b", "c"), top=2)
    assert (found.classes, found.probabilities) == (("b", "c"), (0.4, 0.4))


def test_progress_says_rate_and_time_left() -> None:
    now = [0.0]
    out = io.StringIO()
    progress = Progress(1000, out, clock=lambda: now[0])
    now[0] = 10
    progress.add(100)
    assert out.getvalue() == ""
    now[0] = 40
    progress.add(100)
    assert out.getvalue() == "200 of 1,000 photographs, 5 a second, 2 min 40 s left\n"
    now[0] = 50
    progress.add(800)
    assert progress.end() == "50 s (20 photographs a second)"


def test_duration_has_two_units_at_most() -> None:
    assert [duration(s) for s in (3.6, 130, 3900)] == ["4 s", "2 min 10 s", "1 h 5 min"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("coast", "coast"), ("/etc", "_etc"), ("..", "_"), ("a\0b", "a_b")],
)
def test_class_folder_never_leads_out(name: str, expected: str) -> None:
    found = folder_name(name)
    assert Path(found).name == found
    assert found not in ("", ".", "..")
    assert found == expected


def test_copies_overwrite_nothing(tmp_path: Path) -> None:
    for folder, content in (("one", "1"), ("two", "2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_text(content)
    copies = ClassFolders(tmp_path / "out", ("x/y", "x\\y"))
    places = [copies.copy(str(tmp_path / f / "a.jpg"), "x/y") for f in ("one", "two", "one")]
    assert [place.name for place in places] == ["a.jpg", "a_2.jpg", "a.jpg"]
    assert [place.read_text() for place in places] == ["1", "2", "1"]
    # Two classes whose names give the same folder have one each.
    assert copies.copy(str(tmp_path / "one" / "a.jpg"), "x\\y").parent.name == "x_y_2"
    with pytest.raises(UserError, match="nowhere: cannot be copied to"):
        copies.copy(str(tmp_path / "nowhere"), "x/y")


def test_contact_sheet_keeps_the_least_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_sheet, "MAX_SHOWN", 3)
    sheet = ContactSheet("<title>")
    pixels = np.zeros((8, 8, 3), np.uint8)
    for number in (5, 1, 9, 3, 7):
        sheet.add(Answer(f"{number}.png", ("c",), (number / 10,)), pixels)
    sheet.write(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    shown = [text.index(f"<small>{number}.png") for number in (1, 3, 5)]
    assert shown == sorted(shown)
    assert "9.png" not in text
    assert "The 3 least sure of 5 photographs" in text
    assert "<h1>&lt;title&gt;</h1>" in text
