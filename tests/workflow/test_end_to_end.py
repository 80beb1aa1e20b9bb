"""The small study from its pictures to its report."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from checkout import CODE, Checkout
from odd_pictures import PICTURES
from watching import FOLDER, SEEN

# The network that was trained already, an inner layer of it, and trials that end early.
AGAIN, INNER, HALVED = "null", "NA", "True"
EXPERIMENTS = ("heads", "networks", AGAIN, INNER, HALVED, "search")
# The rules whose script is evaluate.py.
TESTING = {"evaluate", "evaluate_compared"}
TIMES = ["seconds", "peak_memory_mb"]


def read(path: Path) -> pd.DataFrame:
    """A table in which an empty cell is a missing value, and NA and null are names."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


@pytest.fixture(scope="module")
def results(finished: Checkout) -> Path:
    return finished.folder / "results"


@pytest.fixture(scope="module")
def summary(results: Path) -> pd.DataFrame:
    return read(results / "summary.csv")


def test_all_outputs_are_there(results: Path) -> None:
    wanted = ["summary.csv", "summary.html", "trials.csv", "config.yaml", "report.html"]
    wanted += [
        "slides.pdf",
        "slides.pptx",
        "data/catalogue.csv",
        "data/split.csv",
        "data/data.html",
    ]
    wanted += [f"figures/{name}.svg" for name in ("comparison", "parameters", "time")]
    each = ["chosen.yaml", "trials.csv", "history.csv", "trials.html", "test/metrics.json"]
    each += [f"test/{name}.csv" for name in ("predictions", "confusion", "classes")]
    pictures = ("learning_curves", "settings", "confusion", "classes", "reliability", "best")
    each += [f"figures/{name}.{form}" for name in pictures for form in ("svg", "png")]
    wanted += [f"experiments/{name}/{file}" for name in EXPERIMENTS for file in each]
    assert [file for file in wanted if not (results / file).is_file()] == []
    assert [file for file in wanted if not (results / file).stat().st_size] == []
    assert (results / "slides.pdf").read_bytes().startswith(b"%PDF")
    assert zipfile.is_zipfile(results / "slides.pptx")


def test_nothing_half_written_is_left(results: Path) -> None:
    assert [path for path in results.rglob("*") if "partial" in path.name] == []
    assert [
        path for path in results.rglob("*") if "checkpoints" in path.name and path.is_file()
    ] == []


def test_nothing_is_written_elsewhere(finished: Checkout) -> None:
    own = {*CODE, "Snakefile", "study.yaml", "output.txt", PICTURES, FOLDER, SEEN}
    made = {path.name for path in finished.folder.iterdir()} - own
    assert made == {"results", "logs", ".snakemake"}


def test_a_second_call_does_nothing(finished: Checkout) -> None:
    assert "Nothing to be done" in finished.snakemake()


def test_a_copy_elsewhere_does_nothing(changeable: Checkout) -> None:
    assert changeable.dry_run().jobs == {}


def test_each_trial_is_one_row(summary: pd.DataFrame, results: Path) -> None:
    counts = summary.groupby("experiment", sort=False)["trial"].count().to_dict()
    assert counts == {
        "heads": 4, "networks": 3, AGAIN: 1, INNER: 1, HALVED: 3, "search": 6
    }  # fmt: skip
    listed = read(results / "trials.csv")
    assert listed[["experiment", "trial"]].equals(summary[["experiment", "trial"]])
    completed = summary[summary["status"] == "completed"]
    assert completed["validation_accuracy"].between(0, 1).all()
    assert (completed["epochs_run"] == completed["epochs"]).all()
    assert (completed["parameters"] >= completed["trained_parameters"]).all()


def test_diverged_trials_are_rows_too(summary: pd.DataFrame) -> None:
    heads = summary[summary["experiment"] == "heads"]
    wild = heads["optimizer.learning_rate"] == 100
    assert set(heads.loc[wild, "status"]) == {"diverged"}
    assert heads.loc[wild, "reason"].str.contains(r"became (?:inf|nan) in epoch \d+").all()
    assert heads.loc[wild, "validation_accuracy"].isna().all()
    assert set(heads.loc[~wild, "status"]) == {"completed"}
    assert not heads.loc[wild, "chosen"].any()


def test_trials_that_look_hopeless_end_early(summary: pd.DataFrame, results: Path) -> None:
    halved = summary[summary["experiment"] == HALVED].set_index("trial")
    first = {
        path.parent.name: pd.read_csv(path).iloc[0]
        for path in (results / f"experiments/{HALVED}/halving/0").glob("*/metrics.csv")
    }
    best = max(first, key=lambda trial: first[trial]["validation_accuracy"])
    (last,) = halved.index[halved["status"] == "completed"]
    assert first[last]["validation_accuracy"] == first[best]["validation_accuracy"]
    assert set(halved["status"].drop(last)) == {"stopped"}
    assert halved["epochs_run"].drop(last).tolist() == [1, 1]
    assert halved.loc[last, "epochs_run"] == 3
    assert halved.index[halved["chosen"]].tolist() == [last]


def test_weights_learned_in_the_study_are_those_of_the_trial(results: Path) -> None:
    folder = results / "experiments/networks"
    kept = json.loads((folder / "keep_network/record.json").read_text())
    final = json.loads((folder / "refit_network/record.json").read_text())
    assert kept["trial"] == final["trial"]
    assert (kept["refit"], final["refit"]) == (False, True)
    # The final model has seen the validation images by which `INNER` chooses.
    assert (kept["training_images"], final["training_images"]) == (32, 48)


def test_one_final_score_an_experiment(summary: pd.DataFrame, results: Path) -> None:
    tested = summary[summary["test_accuracy"].notna()]
    # The control of an experiment has a score, too.
    controls = tested[~tested["chosen"]]
    assert controls[["experiment", "trainable"]].to_numpy().tolist() == [["networks", "head"]]
    scored = tested[tested["chosen"]]
    assert list(scored["experiment"]) == list(EXPERIMENTS)
    for _, row in scored.iterrows():
        folder = results / "experiments" / row["experiment"]
        metrics = json.loads((folder / "test" / "metrics.json").read_text())
        predictions = pd.read_csv(folder / "test" / "predictions.csv")
        assert metrics["images"] == len(predictions) == 16
        assert metrics["accuracy"] == predictions["correct"].mean()
        # The score of an experiment is the mean over the models of its repeats.
        others = [
            pd.read_csv(path) for path in sorted(folder.glob("compared/*/test/predictions.csv"))
        ]
        models = [predictions, *others] if row["experiment"] == "search" else [predictions]
        mean = sum(table["correct"].mean() for table in models) / len(models)
        assert row["test_accuracy"] == pytest.approx(mean)
        assert row["test_low"] <= row["test_accuracy"] <= row["test_high"]


def test_choices_follow_their_rules(summary: pd.DataFrame, results: Path) -> None:
    chosen = {
        name: yaml.safe_load((results / "experiments" / name / "chosen.yaml").read_text())
        for name in EXPERIMENTS
    }
    assert chosen["networks"]["settings"]["trainable"] == "head+1"
    # Within 0.9 of the best is every head, and the one without a dense layer is the smallest.
    assert chosen["heads"]["settings"]["head"]["dense"] == []
    assert chosen["heads"]["failed"] == 2
    assert (chosen["search"]["repeats"], chosen["search"]["candidates"]) == (2, 3)
    assert chosen["search"]["validation_images"] == 16
    # An heir has the settings of what was chosen before it.
    assert chosen["search"]["settings"]["head"]["dense"] == []
    rows = summary[summary["chosen"]].groupby("experiment")["trial"].count()
    assert rows.to_dict() == {
        "heads": 1, "networks": 1, AGAIN: 1, INNER: 1, HALVED: 1, "search": 2
    }  # fmt: skip


def test_both_steps_stand_in_the_history(results: Path) -> None:
    history = pd.read_csv(results / "experiments" / "networks" / "history.csv")
    of_two = history[history["trial"].str.contains("head+1", regex=False)]
    assert list(zip(of_two["step"], of_two["epoch"], strict=True)) == [
        ("head", 1), ("head", 2), ("network", 1), ("network", 2)
    ]  # fmt: skip


def test_a_network_is_not_trained_twice(summary: pd.DataFrame, results: Path) -> None:
    again = summary[summary["experiment"] == AGAIN].iloc[0]
    networks = summary[(summary["experiment"] == "networks") & summary["chosen"]].iloc[0]
    assert again["trial"] == networks["trial"]
    assert again["test_accuracy"] == networks["test_accuracy"]
    folder = results / "experiments" / AGAIN
    assert not (folder / "fine_tune").exists()
    assert not (folder / "refit_network").exists()
    assert json.loads((folder / "test/metrics.json").read_text())["scored_in"] == "networks"


def test_small_subsets_stay_small_in_the_refit(results: Path) -> None:
    images = {
        name: json.loads((results / f"experiments/{name}/test/metrics.json").read_text())
        for name in EXPERIMENTS
    }
    trained = {name: metrics["training_images"] for name, metrics in images.items()}
    assert trained == dict.fromkeys(EXPERIMENTS, 48) | {"search": 16}


def inputs_by_rule(finished: Checkout) -> Iterator[tuple[str, str]]:
    table = finished.snakemake("--detailed-summary").split("output_file\t", 1)[1]
    for line in table.splitlines()[1:]:
        cells = line.split("\t")
        if len(cells) >= 5:
            for file in cells[4].split(","):
                yield cells[2], file


def test_test_images_are_the_input_of_one_rule(finished: Checkout) -> None:
    pairs = set(inputs_by_rule(finished))
    assert len({rule for rule, _ in pairs}) > 10
    assert {rule for rule, file in pairs if "/data/test/" in file} == TESTING
    # Nor does anything before the choice depend on what was scored.
    scores = {rule for rule, file in pairs if "/test/" in file and "/experiments/" in file}
    trains = ("train_heads", "fine_tune", "choose", "refit_head", "refit_network", *TESTING)
    assert not scores & set(trains)
    features = finished.folder / "results" / "features"
    assert not list(features.rglob("test*"))


def test_the_final_model_gives_the_predictions(results: Path) -> None:
    from scenery.data.packed_images import open_packed
    from scenery.data.tables import partition_table, read_split
    from scenery.inference.final_model import load_final, predict

    split = read_split(results / "data" / "split.csv")
    images = open_packed(results / "data" / "test" / "32.npy", partition_table(split, "test"))
    for model in results.glob("experiments/*/refit_*/model.keras"):
        folder = model.parents[1]
        expected = pd.read_csv(folder / "test" / "predictions.csv")
        probabilities = predict(load_final(model), images)
        columns = [column for column in expected if column.startswith("probability:")]
        assert list(expected["file"]) == list(images.files)
        assert np.allclose(probabilities, expected[columns], atol=1e-4)


def test_a_fresh_run_gives_the_same_numbers(small: Checkout, finished: Checkout) -> None:
    """Also with other experiments around it and one job at a time."""
    config = small.read_config()
    config["experiments"] = {"networks": config["experiments"]["networks"]}
    small.write_config(config)
    small.snakemake("results/summary.csv", cores="1")
    again, once = small.folder / "results", finished.folder / "results"
    second = read(again / "summary.csv").drop(columns=TIMES)
    first = read(once / "summary.csv").drop(columns=TIMES)
    first = first[first["experiment"] == "networks"].reset_index(drop=True)
    # Which columns there are, and their order, depends on all experiments.
    pd.testing.assert_frame_equal(first[list(second)], second, check_dtype=False)
    assert len(second) == 3
    file = "experiments/networks/test/predictions.csv"
    assert (again / file).read_bytes() == (once / file).read_bytes()
