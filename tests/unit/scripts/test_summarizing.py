"""summarize.py and list_trials.py: all trials in one table."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from list_trials import list_trials
from summarize import summarize

from scenery.evaluation.final_scores import ENDS, MEASURES
from scenery.reporting.reading import read_trials


def write(folder: Path, chosen: dict[str, list[bool]]) -> dict[str, Any]:
    """Two experiments with trials and scores; some trial stands in both."""
    tables, scores, selections = [], [], []
    for experiment, flags in chosen.items():
        trials = pd.DataFrame(
            {
                "experiment": experiment,
                "trial": [f"t{n}" for n in range(len(flags))],
                "repeat": [0] * len(flags),
                "status": ["completed"] * len(flags),
                "validation_accuracy": [0.5] * len(flags),
                "chosen": flags,
            }
        )
        tables.append(folder / f"{experiment}.csv")
        trials.to_csv(tables[-1], index=False)
        score: dict[str, Any] = {
            "test_accuracy": 0.75,
            "test_low": 0.5,
            "test_high": 0.9,
            "test_images": 16,
        }
        score |= {f"test_{name}": None for name in (*MEASURES, *ENDS)}
        scores.append(folder / f"{experiment}_scores.csv")
        first = {"experiment": experiment, "trial": f"t{flags.index(True)}"}
        selections.append(folder / f"{experiment}_selection.csv")
        sure = {"setting": "s", "chosen_share": 0.25, "corrected_accuracy": 0.4}
        pd.DataFrame([{"trial": first["trial"], **sure}]).to_csv(selections[-1], index=False)
        pd.DataFrame([{**first, "models": 2, **score}]).to_csv(scores[-1], index=False)
    list_trials(tables, folder / "trials.csv")
    return {
        "listed": folder / "trials.csv", "trials": tables, "selections": selections,
        "scores": scores,
    }  # fmt: skip


def test_one_row_a_trial_and_one_score_an_experiment(tmp_path: Path) -> None:
    files = write(tmp_path, {"a": [False, True, True], "b": [True]})
    summarize(
        **files, titles={"a": "Task A", "b": "Task B"}, references={}, out=tmp_path / "summary.csv"
    )
    table = pd.read_csv(tmp_path / "summary.csv")
    assert list(zip(table["experiment"], table["trial"], strict=True)) == [
        ("a", "t0"), ("a", "t1"), ("a", "t2"), ("b", "t0")
    ]  # fmt: skip
    assert list(table["title"]) == ["Task A"] * 3 + ["Task B"]
    # Of two repeats of the chosen setting the first has the score of their final models.
    assert table["test_accuracy"].notna().tolist() == [False, True, False, True]
    assert table["corrected_accuracy"].notna().tolist() == [False, True, False, True]
    row = table.iloc[1]
    assert (row["test_low"], row["test_high"], row["test_images"]) == (0.5, 0.9, 16)


def test_tables_that_do_not_match_are_a_defect(tmp_path: Path) -> None:
    files = write(tmp_path, {"a": [True, False], "b": [True]})
    files["trials"].reverse()
    with pytest.raises(ValueError, match="do not hold the trials that"):
        summarize(**files, titles={}, references={}, out=tmp_path / "summary.csv")


def test_the_list_has_identities_and_settings_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "experiment,trial,setting,round,cut,seed,candidate,validation_accuracy,chosen\n"
        "a,t1,12345e6789,0,NA,007,True,0.5,True\n",
        encoding="utf-8",
    )
    (tmp_path / "b.csv").write_text(
        "experiment,trial,setting,cut,classifier.name,seed,candidate,status,chosen\n"
        "b,t2,s,,SVM,1,True,completed,False\n",
        encoding="utf-8",
    )
    list_trials([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "trials.csv")
    assert (tmp_path / "trials.csv").read_text(encoding="utf-8").splitlines() == [
        "experiment,trial,setting,round,cut,seed,classifier.name",
        "a,t1,12345e6789,0,NA,007,",
        "b,t2,s,,,1,SVM",
    ]


@pytest.mark.parametrize("name", ["NA", "None", "null", "nan", "inf", "True", "e"])
def test_names_stay_as_they_are_written(tmp_path: Path, name: str) -> None:
    """Also a setting's digest that looks like a number."""
    files = write(tmp_path, {name: [True]})
    row = {"subset": name, "setting": "12345e6789", "name": "007"}
    for path in (files["listed"], *files["trials"], *files["scores"]):
        pd.read_csv(path, na_filter=False).assign(experiment=name, **row).to_csv(path, index=False)
    summarize(**files, titles={name: name}, references={}, out=tmp_path / "summary.csv")
    table = read_trials(tmp_path / "summary.csv").iloc[0]
    assert (table["experiment"], table["title"]) == (name, name)
    assert {key: table[key] for key in row} == row
    assert table["test_accuracy"] == 0.75


def test_columns_that_one_experiment_lacks_stay_empty(tmp_path: Path) -> None:
    files = write(tmp_path, {"a": [True], "b": [True]})
    more = pd.read_csv(files["trials"][1]).assign(**{"first_step.epochs": 3})
    more.to_csv(files["trials"][1], index=False)
    summarize(**files, titles={"a": "A", "b": "B"}, references={}, out=tmp_path / "summary.csv")
    table = pd.read_csv(tmp_path / "summary.csv")
    assert table["first_step.epochs"].isna().tolist() == [True, False]


def test_summarize_puts_reference_results_beside_their_setting(tmp_path: Path) -> None:
    files = write(tmp_path, {"a": [False, True], "b": [True]})
    for path in files["trials"]:
        table = pd.read_csv(path)
        table.assign(setting=[f"s{n}" for n in range(len(table))]).to_csv(path, index=False)
    numbers = tmp_path / "reference_results.csv"
    pd.DataFrame(
        {"name": ["n", "m"], "setting": ["s1", "s7"], "reference_accuracy": [0.9, 0.8],
         "validation_accuracy": [0.5, None], "reference_parameters": [7, None],
         "source": ["slides", "slides"]}
    ).to_csv(numbers, index=False)  # fmt: skip
    out = tmp_path / "summary.csv"
    summarize(**files, titles={}, references={"a": numbers}, out=out)
    table = pd.read_csv(out)
    assert table["reference_accuracy"].fillna(0).tolist() == [0, 0.9, 0]
    assert table["reference_source"].fillna("").tolist() == ["", "slides", ""]
    # They stand last, so that a table of a study without any has the same columns before them.
    assert list(table)[-3:] == ["reference_accuracy", "reference_parameters", "reference_source"]
