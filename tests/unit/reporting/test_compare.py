"""Two studies side by side."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from figure_texts import texts

from scenery.cli import main
from scenery.reporting.compare import compare, comparison_figure


@pytest.fixture
def other(study: Path, tmp_path: Path) -> Path:
    """A copy with one trial better, one gone, one new, one diverged, and other test answers."""
    folder = tmp_path / "other"
    shutil.copytree(study, folder)
    table = pd.read_csv(folder / "summary.csv", keep_default_na=False)
    search = table.index[table["experiment"] == "search"]
    better = float(table.loc[search[0], "validation_accuracy"]) + 0.01
    table["validation_accuracy"] = table["validation_accuracy"].astype(object)
    table.loc[search[0], "validation_accuracy"] = better
    table.loc[search[1], "trial"] = "another"
    table.loc[search[2], ["status", "validation_accuracy"]] = ["diverged", ""]
    table.to_csv(folder / "summary.csv", index=False)
    path = folder / "experiments/cuts/test/predictions.csv"
    answers = pd.read_csv(path, keep_default_na=False)
    answers["correct"] = False
    answers.to_csv(path, index=False)
    return folder


def test_compare_two_studies_finds_what_changed(study: Path, other: Path, tmp_path: Path) -> None:
    said = compare(study, other, tmp_path / "out")
    trials = pd.read_csv(tmp_path / "out/trials.csv")
    assert trials["found"].value_counts().to_dict() == {
        "both": len(trials) - 2, "only A": 1, "only B": 1,
    }  # fmt: skip
    assert trials["changed"].sum() == 2
    assert trials["change"].max() == pytest.approx(0.01)
    assert "2 of them changed; most: +0.010 validation accuracy (search" in said[0]
    assert "Only in A: 1, only in B: 1." in said[0]
    experiments = pd.read_csv(tmp_path / "out/experiments.csv").set_index("experiment")
    assert list(experiments.index) == ["one", "cuts", "flips", "search", "names"]
    assert experiments["significant"].to_dict() == {
        "one": False, "cuts": True, "flips": False, "search": False, "names": False,
    }  # fmt: skip
    assert sum("no significant difference" in line for line in said) == 4
    assert (tmp_path / "out/comparison.svg").stat().st_size > 1000
    figure = comparison_figure(trials, experiments.reset_index(), ("A", "B"))
    assert "changed (1)" in texts(figure)


def test_compare_same_study_finds_no_difference(study: Path, tmp_path: Path) -> None:
    said = compare(study, study, tmp_path / "out")
    assert "0 of them changed. Only in A: 0, only in B: 0." in said[0]
    assert all("no significant difference" in line for line in said[1:])


def test_compare_command_prints_and_writes_results(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(study), str(study), "--out", str(tmp_path / "out")]) == 0
    assert "in both, 0 of them changed" in capsys.readouterr().out
    assert main(["compare", str(study), str(tmp_path / "nowhere")]) == 1
    error = capsys.readouterr().err
    assert "nowhere: there is no summary.csv" in error
    assert error.count("\n") == 1
