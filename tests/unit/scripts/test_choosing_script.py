"""choose.py: trials joined with their results, and what was chosen."""

import json
import logging
import math
from pathlib import Path
from typing import Any

import choose
import pandas as pd
import pytest
import yaml
from train_heads import train_heads

from scenery.config.experiment import Choose
from scenery.config.settings import Settings
from scenery.errors import UserError
from scenery.pipeline.jobs.choice import ChooseJob, TrialRow
from scenery.pipeline.jobs.trials import FeatureTrialsJob

NAN = math.nan


def trial(name: str, setting: str = "", candidate: bool = True) -> dict[str, Any]:
    return {
        "experiment": "e", "trial": name, "name": f"name of {name}", "setting": setting or name,
        "varied": '["epochs"]', "candidate": candidate,
    }  # fmt: skip


def outcome(name: str, accuracy: float, best: int = 2, status: str = "completed") -> dict[str, Any]:
    return {
        "trial": name, "status": status, "reason": "" if status == "completed" else "loss inf",
        "parameters": 10, "best_epoch": best if status == "completed" else NAN,
        "train_accuracy": (accuracy + 1) / 2, "validation_accuracy": accuracy,
        "validation_loss": 1 - accuracy, "validation_balanced_accuracy": accuracy / 2,
        "validation_macro_f1": accuracy / 3, "classes_missed": 0, "missed_classes": "[]",
        "validation_images": 6, "temperature": 2 - accuracy, "calibration_error": 0.1,
        "calibration_error_scaled": 0.05, "set_probability": NAN,
    }  # fmt: skip


def epochs(name: str, steps: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "trial": name,
            "step": step,
            "epoch": n,
            "learning_rate": rate / n,
            "validation_accuracy": 0.5,
            "validation_loss": 1.0,
        }
        for (step, count), rate in zip(steps.items(), (0.1, 0.01), strict=False)
        for n in range(1, count + 1)
    ]


def choose_job(
    trials: list[dict[str, Any]],
    checkpoints: Path,
    table: Path,
    speeds: dict[str, Path] | None = None,
    soup_groups: dict[str, str] | None = None,
    **how: Any,
) -> ChooseJob:
    return ChooseJob(
        speeds=speeds or {},
        soup_groups=soup_groups or {},
        experiment="e",
        title="A title",
        strategy="grid",
        how=Choose(**how),
        trials=tuple(
            TrialRow(
                row={name: value for name, value in row.items() if name != "candidate"},
                candidate=row["candidate"],
                settings=Settings(seed=number),
                table=table,
            )
            for number, row in enumerate(trials)
        ),
        checkpoints=checkpoints,
    )


class Case:
    """One call of the script in a folder of its own."""

    def __init__(self, folder: Path, split: Path) -> None:
        self.folder, self.split = folder, split
        self.checkpoints = folder / "checkpoints"

    def run(
        self,
        trials: list[dict[str, Any]],
        metrics: list[list[dict[str, Any]]],
        history: list[list[dict[str, Any]]],
        **how: Any,
    ) -> dict[str, Any]:
        names: dict[str, list[Path]] = {"metrics": [], "history": []}
        for kind, tables in (("metrics", metrics), ("history", history)):
            for number, rows in enumerate(tables):
                path = self.folder / f"{kind}_{number}.csv"
                columns = None if rows else ["trial"]
                pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
                names[kind].append(path)
        choose.choose_setting(
            job=choose_job(trials, self.checkpoints, self.split, **how),
            metrics=names["metrics"],
            history=names["history"],
            predictions=sorted(self.folder.glob("predictions*.csv")),
            split=self.split,
            out_chosen=self.folder / "chosen.yaml",
            out_trials=self.folder / "trials.csv",
            out_history=self.folder / "history.csv",
        )
        record: dict[str, Any] = yaml.safe_load((self.folder / "chosen.yaml").read_text())
        return record

    @property
    def trials(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "trials.csv")


@pytest.fixture
def case(tmp_path: Path, study: Any) -> Case:
    return Case(tmp_path, study.split)


def test_several_aims_mark_their_front_and_choose_its_knee(case: Case) -> None:
    names, accuracies = ("a", "b", "c", "d"), (0.9, 0.88, 0.5, 0.4)
    sizes = dict(zip(names, (1000, 100, 10, 20), strict=True))
    results = [
        outcome(name, accuracy) | {"parameters": sizes[name]}
        for name, accuracy in zip(names, accuracies, strict=True)
    ]
    history = [[row for name in names for row in epochs(name, {"head": 2})]]
    by = ["validation_accuracy", "parameters"]
    record = case.run([trial(name) for name in names], [results], history, by=by)
    assert (record["trial"], record["parameters"]) == ("b", 100)
    assert "knee of the Pareto front" in record["rule"]
    assert case.trials["pareto"].tolist() == [True, True, True, False]
    case.run([trial(name) for name in names], [results], history)
    assert "pareto" not in case.trials


def test_an_ensemble_with_too_few_settings_is_said(case: Case) -> None:
    names = ("a", "b")
    results = [[outcome("a", 0.9), outcome("b", 0.8)]]
    history = [[row for name in names for row in epochs(name, {"head": 2})]]
    record = case.run([trial(name) for name in names], results, history, ensemble=2)
    assert [one["roles"][-1] for one in record["scored"]] == ["ensemble member"] * 2
    assert not any("ensemble" in warning for warning in record["warnings"])
    record = case.run([trial(name) for name in names], results, history, ensemble=3)
    assert record["warnings"][-1] == (
        "an ensemble of 3 settings is asked for, but 2 settings have the training set of the "
        "chosen one and completed; so many are its members"
    )


def test_a_soup_is_of_settings_that_can_be_averaged_or_it_is_said(case: Case) -> None:
    names = ("a", "b", "c")
    results = [[outcome(name, 0.9 - n / 10) for n, name in enumerate(names)]]
    history = [[row for name in names for row in epochs(name, {"network": 2})]]
    trials = [trial(name) for name in names]
    groups = {"a": "1", "b": "2", "c": "1"}
    record = case.run(trials, results, history, soup=2, soup_groups=groups)
    assert [(one["setting"], one["roles"]) for one in record["scored"]] == [
        ("a", ["chosen", "soup member"]), ("c", ["soup member"]),
    ]  # fmt: skip
    assert record["too_few_members"] == []
    record = case.run(trials, results, history, soup=2, soup_groups={"a": "1", "b": "2"})
    (said,) = record["too_few_members"]
    assert said in record["warnings"]
    assert said.startswith("a soup of 2 settings is asked for, but 1 setting has the network")
    assert said.endswith("there is none")


def test_times_of_predictions_are_an_aim(case: Case) -> None:
    names = ("a", "b")
    speeds = {name: case.folder / f"{name}.json" for name in names}
    for name, time in zip(names, (20.0, 5.0), strict=True):
        speeds[name].write_text(json.dumps({"milliseconds": time}))
    history = [[row for name in names for row in epochs(name, {"head": 2})]]
    by = ["validation_accuracy", "milliseconds"]
    results = [[outcome("a", 0.9), outcome("b", 0.9)]]
    record = case.run([trial(n) for n in names], results, history, by=by, speeds=speeds)
    assert record["trial"] == "b"
    assert case.trials["milliseconds"].tolist() == [20.0, 5.0]
    assert case.trials["pareto"].tolist() == [False, True]


def test_a_choice_by_cost_takes_the_lowest_cost(case: Case) -> None:
    rows = [
        f"{name},coast,{'forest' if wrong else 'coast'}"
        for name, mistakes in (("a", 2), ("b", 1))
        for wrong in [True] * mistakes + [False] * (4 - mistakes)
    ]
    rows += ["a,forest,forest", "b,forest,coast"]
    text = "\n".join(["trial,class,predicted", *rows])
    (case.folder / "predictions1.csv").write_text(text, encoding="utf-8")
    how = {"by": "cost", "costs": {"forest": {"coast": 50}}}
    metrics = [[outcome("a", 0.6), outcome("b", 0.7)]]
    histories = [epochs("a", {"head": 2}) + epochs("b", {"head": 2})]
    record = case.run([trial("a"), trial("b")], metrics, histories, **how)
    assert (record["trial"], record["rule"]) == ("a", "lowest validation cost")
    costs = case.trials.set_index("trial")["validation_cost"].to_dict()
    assert costs == {"a": pytest.approx(2 / 5), "b": pytest.approx(51 / 5)}
    how = {"by": "cost", "costs": {"sea": {"coast": 50}}}
    with pytest.raises(UserError, match=r"choose\.costs: there is no class sea; there are coast"):
        case.run([trial("a"), trial("b")], metrics, histories, **how)


def test_the_choice_and_its_record(case: Case) -> None:
    record = case.run(
        [trial("a"), trial("b"), trial("c")],
        [[outcome("b", 0.9, best=2), outcome("x", 0.99)], [outcome("a", 0.8), outcome("c", 0.85)]],
        [epochs("b", {"head": 3}) + epochs("x", {"head": 2}), epochs("a", {"head": 2})],
    )
    assert (record["trial"], record["trials"], record["name"]) == ("b", ["b"], "name of b")
    assert record["settings"]["seed"] == 1
    assert record["learning_rates"] == {"head": [0.1, 0.05]}
    assert (record["best_epoch"], record["candidates"], record["failed"]) == (2, 3, 0)
    assert record["validation_accuracy"] == 0.9
    assert record["validation_accuracy_spread"] is None
    assert record["validation_images"] == 6
    assert record["calibration"] == {
        "temperature": pytest.approx(1.1),
        "calibration_error": pytest.approx(0.1),
        "calibration_error_scaled": pytest.approx(0.05),
        "set_probability": None,
    }
    assert record["varied"] == ["epochs"]
    assert [(one["setting"], one["roles"]) for one in record["scored"]] == [("b", ["chosen"])]
    (scored,) = record["scored"][0]["trials"]
    assert {name: record[name] for name in scored} == scored
    assert list(case.trials["training_images"]) == [12, 12, 12]
    # In the order of the config, without the rows of another experiment.
    assert list(case.trials["trial"]) == ["a", "b", "c"]
    assert list(case.trials["chosen"]) == [False, True, False]
    assert set(pd.read_csv(case.folder / "history.csv")["trial"]) == {"a", "b"}


def test_a_trial_that_still_improves_is_flagged(case: Case) -> None:
    rising, level = (
        [
            row
            | {"validation_accuracy": 0.5 + slope * number, "validation_loss": 2 - slope * number}
            for number, row in enumerate(epochs(name, {"head": 20}))
        ]
        for name, slope in (("a", 0.01), ("b", 0.0))
    )
    case.run([trial("a"), trial("b")], [[outcome("a", 0.69), outcome("b", 0.5)]], [rising, level])
    assert list(case.trials["undertrained"]) == [True, False]


def test_trial_whose_accuracy_jumps_is_flagged(case: Case) -> None:
    jumping, level = (
        [
            row | {"validation_accuracy": 0.9 - jump * (number % 2), "validation_loss": 1.0}
            for number, row in enumerate(epochs(name, {"head": 9}))
        ]
        for name, jump in (("a", 0.6), ("b", 0.0))
    )
    case.run([trial("a"), trial("b")], [[outcome("a", 0.9), outcome("b", 0.8)]], [jumping, level])
    assert list(case.trials["score_jump"]) == pytest.approx([0.6, 0])
    assert list(case.trials["unsteady"]) == [True, False]


def test_rates_of_two_steps(case: Case) -> None:
    record = case.run(
        [trial("a")], [[outcome("a", 0.9, best=1)]], [epochs("a", {"head": 3, "network": 2})]
    )
    assert record["learning_rates"] == {"head": [0.1, 0.05, 0.1 / 3], "network": [0.01]}


def test_repeats_are_chosen_together(case: Case) -> None:
    record = case.run(
        [trial("a1", "a"), trial("a2", "a"), trial("b1", "b"), trial("b2", "b")],
        [[outcome("a1", 0.8), outcome("a2", 0.9), outcome("b1", 0.95), outcome("b2", 0.7)]],
        [epochs("a1", {"head": 2})],
    )
    assert (record["trials"], record["repeats"]) == (["a1", "a2"], 2)
    assert record["validation_accuracy"] == pytest.approx(0.85)
    assert record["validation_accuracy_spread"] == pytest.approx(0.0707, abs=1e-4)
    assert list(case.trials["chosen"]) == [True, True, False, False]


def test_choose_counts_diverged_and_failed_trials_and_does_not_choose_them(case: Case) -> None:
    bad = [outcome("a", NAN, status="diverged"), outcome("c", NAN, status="failed")]
    record = case.run(
        [trial("a"), trial("b"), trial("c")],
        [[*bad, outcome("b", 0.1)]],
        [epochs("b", {"head": 2})],
    )
    assert (record["trial"], record["failed"], record["stopped"]) == ("b", 2, 0)
    row = case.trials.iloc[0]
    assert (row["status"], row["reason"], row["chosen"]) == ("diverged", "loss inf", False)
    assert math.isnan(row["validation_accuracy"])


def test_none_left_says_why_and_leaves_the_table(case: Case) -> None:
    with pytest.raises(UserError, match="experiment e: none of its 2 trials can be chosen"):
        case.run(
            [trial("a"), trial("b", candidate=False)],
            [[outcome("a", NAN, status="diverged"), outcome("b", 0.9)]],
            [[]],
        )
    # trials.csv is an output of the rule, which Snakemake removes where the job fails.
    failed = case.folder / "failed_trials.csv"
    assert pd.read_csv(failed)["reason"][0] == "loss inf"
    assert not (case.folder / "chosen.yaml").exists()
    case.run([trial("b")], [[outcome("b", 0.9)]], [epochs("b", {"head": 2})])
    assert not failed.exists()


def test_a_gap_is_flagged_where_chance_does_not_explain_it(case: Case) -> None:
    # Of 6 validation images 3 right: 0.188 to 0.812; all right: 0.610 to 1; none: 0 to 0.390.
    rows = [outcome(name, value) for name, value in (("a", 0.5), ("b", 1.0), ("c", 0.0))]
    rows.append(outcome("d", NAN, status="diverged"))
    rows[0]["train_accuracy"] = 0.8
    names = ["a", "b", "c", "d"]
    case.run([trial(n) for n in names], [rows], [epochs("b", {"head": 2})])
    assert case.trials["gap"].tolist()[:3] == pytest.approx([0.3, 0.0, 0.5])
    assert math.isnan(case.trials["gap"][3])
    assert case.trials["overfitting"].tolist() == [False, False, True, False]
    rows[0]["train_accuracy"] = 0.82
    case.run([trial(n) for n in names], [rows], [epochs("b", {"head": 2})])
    assert case.trials["overfitting"].tolist() == [True, False, True, False]


def test_results_must_be_there_once(case: Case) -> None:
    rows = [outcome("a", 0.5), outcome("a", 0.6)]
    with pytest.raises(UserError, match=r"twice for \['a'\] and missing for \['b'\]"):
        case.run([trial("a"), trial("b")], [rows[:1], rows[1:]], [[]])


def test_weights_of_other_trials_are_removed(case: Case) -> None:
    for name in ("Net-all-1", "Net-all-2", "refit"):
        (case.checkpoints / name).mkdir(parents=True)
    names = ["Net-all-1", "Net-all-2"]
    history = [epochs("Net-all-2", {"network": 2})]
    case.run([trial(n) for n in names], [[outcome(names[0], 0.5), outcome(names[1], 0.6)]], history)
    assert sorted(path.name for path in case.checkpoints.iterdir()) == ["Net-all-2", "refit"]


def test_a_job_whose_trials_all_diverged_at_once_can_be_read(
    case: Case, study: Any, tmp_path: Path
) -> None:
    wild = {"optimizer": {"name": "SGD", "learning_rate": 100}, "head": {"l2": 1e30}}
    wild_trial = study.trial(**wild)
    tables = [tmp_path / f"{name}.csv" for name in ("m", "h", "p")]
    batch = FeatureTrialsJob(trials=(wild_trial,), finished=tmp_path / "finished")
    train_heads(batch, study.split, "code", *tables)
    row = pd.read_csv(tables[0]).iloc[0]
    assert row["status"] == "diverged"
    with pytest.raises(UserError, match="none of its 1 trials can be chosen"):
        choose.choose_setting(
            job=choose_job([trial(wild_trial.id)], tmp_path, study.split),
            metrics=[tables[0]], history=[tables[1]], predictions=[],
            split=study.split, out_chosen=tmp_path / "c.yaml",
            out_trials=tmp_path / "t.csv", out_history=tmp_path / "e.csv",
        )  # fmt: skip
    pd.read_csv(tables[2])


@pytest.mark.parametrize("name", ["NA", "null", "nan", "inf", "True", "1e5"])
def test_names_that_look_like_gaps_or_numbers(case: Case, name: str) -> None:
    row = {**trial("a", setting="12345e6789"), "experiment": name, "name": name}
    record = case.run([row], [[outcome("a", 0.9)]], [epochs("a", {name: 2})])
    assert (record["name"], record["setting"]) == (name, "12345e6789")
    assert list(record["learning_rates"]) == [name]


def rare(name: str, accuracy: float, balanced: float, missed: list[str]) -> dict[str, Any]:
    values = {"validation_balanced_accuracy": balanced, "validation_macro_f1": 1 - balanced}
    found = {"classes_missed": len(missed), "missed_classes": json.dumps(missed)}
    return outcome(name, accuracy) | values | found


@pytest.mark.parametrize(
    ("by", "best"), [("validation_accuracy", "a"), ("balanced_accuracy", "b"), ("macro_f1", "c")]
)
def test_choose_by_balanced_measures_and_warn_of_missed_classes(
    case: Case, caplog: pytest.LogCaptureFixture, by: str, best: str
) -> None:
    rows = [rare("a", 0.9, 0.5, ["forest"]), rare("b", 0.8, 0.7, []), rare("c", 0.7, 0.4, [])]
    trials = [trial(name) for name in "abc"]
    history = epochs("a", {"head": 2}) + epochs("b", {"head": 2}) + epochs("c", {"head": 2})
    with caplog.at_level(logging.WARNING, "scenery"):
        record = case.run(trials, [rows], [history], by=by)
    assert record["trial"] == best
    said = [
        "experiment e: the chosen setting recognizes no validation image of 'forest'; consider "
        "experiments.e.choose.by: balanced_accuracy (or macro_f1), and class_weights: balanced"
    ]
    assert record["warnings"] == (said if best == "a" else [])
    assert [m.removeprefix("WARNING: ") for m in caplog.messages] == record["warnings"]


@pytest.mark.parametrize(("removed", "warned"), [(3, False), (4, True)])
def test_choose_by_accuracy_on_unbalanced_classes_is_warned_about(
    case: Case, removed: int, warned: bool, tmp_path: Path
) -> None:
    # 4 training images of each class become 20 of the first, and fewer of the last.
    split = pd.read_csv(case.split)
    train = split[split["partition"] == "train"]
    more = pd.concat([train[train["label"] == 0]] * 4)
    fewer = train[train["label"] == 2].head(removed).index if removed > 3 else []
    table = pd.concat([split.drop(index=fewer[:3]), more])
    case.split = tmp_path / "unbalanced.csv"
    table.to_csv(case.split, index=False)
    record = case.run([trial("a")], [[outcome("a", 0.9)]], [epochs("a", {"head": 2})])
    assert len(record["warnings"]) == warned
    if warned:
        assert "'coast' has 20 training images and 'street' has 1" in record["warnings"][0]
        assert "experiments.e.choose.by: balanced_accuracy" in record["warnings"][0]
    quiet = case.run(
        [trial("a")], [[outcome("a", 0.9)]], [epochs("a", {"head": 2})], by="macro_f1"
    )  # fmt: skip
    assert quiet["warnings"] == []
