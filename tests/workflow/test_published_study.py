"""The published group study: its jobs, its trials, and a small variant from end to end."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from checkout import REPOSITORY, Checkout, check_out
from course_photographs import write_photographs, write_shared_files

from scenery.config.validation import read_study
from scenery.study.plan import Plan

NUMBERS = {
    "cuts": [0.9542, 0.941, 0.825, 0.52, 0.9393, 0.832, 0.601],
    "little_data": [0.845], "augmentation": [0.895], "regularization": [0.915], "search": [0.9518],
}  # fmt: skip
JOBS = {
    "provide_weights": 1, "check_weights": 1, "pack": 2, "extract_features": 8, "train_heads": 1,
    "choose": 5, "evaluate": 5, "compare_reference_results": 5, "plot_reference_results": 5,
    "plot_all_reference_results": 1, "tabulate_experiment": 5, "summarize": 1, "make_slides": 1,
    "report": 1,
}  # fmt: skip


SEARCHED = [0.9383, 0.9444, 0.9518, 0.88, 0.917, 0.79, 0.21, 0.92]
WHOLE_NUMBERS = {
    "last_layer": [0.917], "whole_network": [0.9318, 0.9542],
    **NUMBERS, "cuts": [0.9318, *NUMBERS["cuts"][1:]], "augmentation": [0.895, 0.881],
    "search": [0.9518, *SEARCHED],
}  # fmt: skip


def test_its_jobs(fresh: Checkout) -> None:
    """Whole networks are trained, like those that the numbers belong to."""
    write_photographs(fresh.folder / "data" / "MIT_split")
    found = Checkout(fresh.folder, "config/densenet121.yaml").dry_run().jobs
    assert found["choose"] == found["plot_reference_results"] == len(WHOLE_NUMBERS)
    # The last layer alone, then two lengths of training and eight cuts.
    assert found["train_heads"] == 1
    assert found["fine_tune"] >= 9


def test_the_jobs_of_its_shape(fresh: Checkout) -> None:
    write_shared_files(fresh)
    found = Checkout(fresh.folder, "config/densenet121_shape.yaml").dry_run().jobs
    assert {name: found.get(name) for name in JOBS} == JOBS


def read(name: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((REPOSITORY / "config" / name).read_text("utf-8"))
    return values


@pytest.mark.parametrize(
    ("config", "augmentations", "numbers"),
    [("densenet121.yaml", 2**7, WHOLE_NUMBERS), ("densenet121_shape.yaml", 2**3, NUMBERS)],
)
def test_its_trials_and_its_numbers(
    config: str, augmentations: int, numbers: dict[str, list[float]]
) -> None:
    """Also of the experiments that a dry run does not know yet: each has chosen its first one."""
    study = read_study(read(config), config)
    settings: dict[str, Any] = {}
    plan = Plan(study, config, settings.__getitem__, settings.__getitem__)
    counts = {}
    for name in study.experiments:
        trials = plan.trials(name)
        counts[name] = len(trials)
        allowed = [t for t, good in zip(trials, plan.choosable(name), strict=True) if good]
        settings[name] = allowed[0].settings
        rows = plan.reference_results(name)
        assert [row["accuracy"] for row in rows] == numbers[name]
        # Each number belongs to one of the trials, to the best of a random search, or to settings
        # that the source does not name.
        there = {trial.setting for trial in trials} | ({""} if name == "search" else set())
        there |= {"unknown"} if numbers is WHOLE_NUMBERS else set()
        assert {row["setting"] for row in rows} <= there
    whole = {"last_layer": 1, "whole_network": 2} if numbers is WHOLE_NUMBERS else {}
    assert counts == {
        **whole, "cuts": 8, "little_data": 2, "augmentation": augmentations, "regularization": 12,
        "search": 30,
    }  # fmt: skip


# In the small variant the cuts are fewer, and the only small set has another name.
FIGURE = "figures/reference_results.png"
MISSING = {"cuts": [0.941, 0.52, 0.9393, 0.601], "little_data": [0.845], "search": []}


def small(config: dict[str, Any]) -> dict[str, Any]:
    config["dataset"] = {"path": "generated", "generated": {"per_class": 8, "image_size": 32}}
    config["split"] = {"test": 0.25, "validation": 0.34, "seed": 1}
    config["base"] |= {"weights": "none", "image_size": 32, "epochs": 2, "batch_size": 8}
    config["explain"] = {"experiments": "none"}
    experiments = config["experiments"]
    # Published numbers of what is augmented and regularized take the same way as the others.
    del experiments["augmentation"], experiments["regularization"]
    experiments["cuts"]["grid"]["remove_stages"] = [0, 2]
    experiments["little_data"]["grid"]["subset"] = ["full", "per_class_3"]
    experiments["little_data"]["choose"] = {"only": {"subset": "per_class_3"}}
    experiments["search"]["random"]["n_trials"] = 3
    return config


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkout = check_out(tmp_path_factory.mktemp("published") / "fresh")
    checkout.write_config(small(read("densenet121_shape.yaml")))
    wanted = ["summary.html", "figures/all_reference_results.png"]
    for name in MISSING:
        wanted += [f"experiments/{name}/{file}" for file in ("trials.html", FIGURE)]
    folder = "results/densenet121_shape"
    checkout.snakemake(*(f"{folder}/{file}" for file in wanted))
    return checkout.folder / folder


def test_published_numbers_stand_beside_ours(results: Path) -> None:
    summary = pd.read_csv(results / "summary.csv")
    for name, missing in MISSING.items():
        folder = results / "experiments" / name
        table = pd.read_csv(folder / "reference_results.csv")
        assert table["reference_accuracy"].tolist() == NUMBERS[name]
        without = table.loc[table["validation_accuracy"].isna(), "reference_accuracy"]
        assert without.tolist() == missing
        rows = summary[(summary["experiment"] == name) & summary["reference_accuracy"].notna()]
        assert sorted(rows["reference_accuracy"]) == sorted(set(NUMBERS[name]) - set(missing))
        assert "Published numbers and ours" in (folder / "trials.html").read_text("utf-8")
        assert (folder / FIGURE).stat().st_size
    assert (results / "figures" / "all_reference_results.png").stat().st_size


def test_ours_are_those_of_the_very_settings(results: Path) -> None:
    table = pd.read_csv(results / "experiments/cuts/reference_results.csv").set_index("name")
    trials = pd.read_csv(results / "experiments/cuts/trials.csv")
    row = trials[(trials["remove_stages"] == 2) & (trials["head.dense"] == "[1024]")].iloc[0]
    ours = table.loc["minus two blocks, dense 1024"]
    assert ours["validation_accuracy"] == row["validation_accuracy"]
    assert ours["parameters"] == row["parameters"]
    assert ours["setting"] == row["setting"]


def test_a_changed_number_trains_nothing(results: Path) -> None:
    checkout = Checkout(results.parents[1])
    config = checkout.read_config()
    config["experiments"]["cuts"]["reference_results"]["results"][0]["accuracy"] = 0.5
    checkout.write_config(config)
    jobs = checkout.dry_run("results/densenet121_shape/slides.pdf").jobs
    assert jobs["compare_reference_results"] == 1
    assert not {"train_heads", "extract_features", "choose", "refit_head", "evaluate"} & set(jobs)
