"""What is said of two runs of one study."""

import json
from pathlib import Path

import pytest
import yaml

from scenery.cli import main
from scenery.errors import UserError
from scenery.pipeline import reproduction
from scenery.pipeline.reproduction import describe_differences, differences, run_again

SUMMARY = """experiment,title,trial,validation_accuracy,seconds,peak_memory_mb
one,First,a-1,0.5,1.0,300
one,First,b-2,,2.0,301
"""
PREDICTIONS = """file,class,predicted,correct,confidence,probability:x,probability:y
p/1.png,x,x,True,0.75,0.75,0.25
p/2.png,y,x,False,0.6,0.6,0.4
"""


def write(folder: Path) -> Path:
    """A results folder of one experiment."""
    test = folder / "experiments" / "one" / "test"
    test.mkdir(parents=True)
    (folder / "summary.csv").write_text(SUMMARY, encoding="utf-8")
    (folder / "config.yaml").write_text("experiments: {one: {}}\n", encoding="utf-8")
    (test / "predictions.csv").write_text(PREDICTIONS, encoding="utf-8")
    choice = {"trial": "a-1", "learning_rates": {"head": [0.1, 0.2]}}
    (test.parent / "chosen.yaml").write_text(yaml.safe_dump(choice), encoding="utf-8")
    record = {"code": {"evaluate": "12"}, "data": {"split.csv": "34"}, "versions": {"keras": "3"}}
    (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path / "published"), write(tmp_path / "again")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_same(both: tuple[Path, Path]) -> None:
    change(both[1] / "summary.csv", "1.0,300", "9.5,999")
    change(both[1] / "record.json", '"12"', '"13"')
    assert differences(*both) == []
    assert describe_differences(both[0], []) == [
        "same: trials (2), choices (1) and predictions on test images, to the last digit; "
        "times aside"
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("summary.csv", "0.5", "0.50000001",
         "summary.csv: one: a-1: validation_accuracy was 0.5 and is 0.50000001"),
        ("summary.csv", "b-2,,", "b-2,0.1,",
         "summary.csv: one: b-2: validation_accuracy was empty and is 0.1"),
        ("summary.csv", "b-2", "c-3",
         "summary.csv: one: b-2: the trial is in the original results alone"),
        ("summary.csv", "title", "name",
         "summary.csv: the column name is in the second run alone"),
        ("experiments/one/chosen.yaml", "0.2", "0.3",
         "experiments/one/chosen.yaml: learning_rates.head was [0.1, 0.2] and is [0.1, 0.3]"),
        ("experiments/one/test/predictions.csv", "y,x,False,0.6,0.6,0.4", "y,y,True,0.7,0.3,0.7",
         "experiments/one/test/predictions.csv: 1 of 2 images are predicted otherwise, "
         "1 rows differ, a probability by 0.300000 at most"),
        ("experiments/one/test/predictions.csv", "p/2", "p/3",
         "experiments/one/test/predictions.csv: 2 images are in one of both runs alone"),
    ],
)  # fmt: skip
def test_what_differs_is_named(
    both: tuple[Path, Path], file: str, old: str, new: str, line: str
) -> None:
    change(both[1] / file, old, new)
    found = differences(*both)
    assert line in found
    assert describe_differences(both[0], found)[0] == f"different: {len(found)} points"
    # Nothing else is known to be another one.
    assert found[-1].startswith("made with the same code, data and versions")


def test_why_it_may_differ(both: tuple[Path, Path]) -> None:
    change(both[1] / "summary.csv", "0.5", "0.25")
    change(both[1] / "record.json", '"3"', '"4"')
    assert differences(*both)[-1] == "made with other versions.keras was 3 and is 4"
    (both[0] / "record.json").unlink()
    assert "what it was made with is unknown" in differences(*both)[-1]


def test_a_missing_file_is_a_difference(both: tuple[Path, Path]) -> None:
    (both[1] / "experiments" / "one" / "chosen.yaml").unlink()
    assert "experiments/one/chosen.yaml is in the original results alone" in differences(*both)


def test_what_cannot_be_run_again(both: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--out: .* is not empty"):
        run_again(both[0], both[1], [])
    (both[0] / "config.yaml").unlink()
    with pytest.raises(UserError, match=r"there is no config\.yaml"):
        run_again(both[0], tmp_path / "new", [])
    assert not (tmp_path / "new").exists()


def test_a_table_that_is_none(both: tuple[Path, Path]) -> None:
    (both[0] / "summary.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match="it lacks experiment or trial"):
        differences(*both)


def test_options_of_snakemake_stand_after_two_dashes(
    both: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[object] = []
    monkeypatch.setattr(reproduction, "run_again", lambda *arguments: given.extend(arguments))
    first, second = both
    options = ["--set-threads", "fine_tune=2", "-n"]
    assert main(["reproduce", str(first), "--out", str(second), "--", *options]) == 0
    assert given == [first, second, options]
    assert capsys.readouterr().out.startswith("same: ")
    change(second / "summary.csv", "0.5", "0.6")
    assert main(["reproduce", str(first), "--out", str(second)]) == 1
    assert capsys.readouterr().out.startswith("different: 2 points")
