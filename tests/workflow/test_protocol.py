"""The practical protocol: its jobs, and a small variant on drawn scenes from end to end."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from checkout import Checkout
from course_photographs import write_shared_files


def test_its_jobs(fresh: Checkout) -> None:
    write_shared_files(fresh)
    found = Checkout(fresh.folder, "config/protocol.yaml").dry_run().jobs
    expected = {
        # Eight of sixteen depths fine-tune from a trained head on either set, less the two heads.
        "fine_tune": 12,
        # 4 heads, 6 tops, 45 optimizers with rates, 48 schedules, 36 penalties, 60 of regimes,
        # fifty to a job.
        "train_heads": 7,
        # Five sizes in five drawings; two of them serve the other experiments.
        "draw_subset": 25,
        # Two image sizes of two partitions; average, max and map at 96 pixels, average at 64.
        "pack": 4, "extract_features": 8,
        "plot_fine_tuning_depth": 1, "plot_sample_size": 1, "choose": 6, "evaluate": 6,
    }  # fmt: skip
    assert {name: found.get(name) for name in expected} == expected


def small(config: dict[str, Any]) -> dict[str, Any]:
    """The protocol on 64 drawn scenes: of every kind of trial some, each as short as can be."""
    config["dataset"] = {"path": "generated", "generated": {"per_class": 8, "image_size": 32}}
    config["split"] = {"test": 0.25, "validation": 0.34, "seed": 1}
    config["base"] |= {"weights": "none", "image_size": 32, "epochs": 2, "batch_size": 8}
    # Its graph is made in a third of the time that MobileNet's takes.
    config["base"] |= {"backbone": "SqueezeNet", "cut": None}
    config["explain"] = {"experiments": "none"}
    experiments = config["experiments"]
    # The others are grids as in any study; their trials are counted above.
    for name in ("tops", "optimizers", "schedules"):
        del experiments[name]
    depths = experiments["protocol"]
    depths["overrides"]["image_size"] = 32
    # Last layer, new head, one stage and everything on all images; the last layer on few.
    depths["list"] = [depths["list"][number] for number in (0, 1, 2, 6, 8)]
    for one in depths["list"]:
        one |= {"epochs": 1}
        if "first_step" in one:
            one["first_step"] = {"epochs": 1}
        if "subset" in one:
            one["subset"] = "per_class_3"
    grid = experiments["penalties"]["grid"]
    experiments["penalties"]["grid"] = {key: values[:2] for key, values in grid.items()}
    experiments["penalties"]["overrides"]["subset"] = "per_class_3"
    experiments["regimes"]["grid"]["subset"] = ["per_class_2", "per_class_3", "full"]
    experiments["regimes"]["repeats"] = 2
    experiments["regimes"]["overrides"]["minimum_updates"] = 4
    return config


FIGURES = (
    "experiments/protocol/figures/fine_tuning_depth.png",
    "experiments/regimes/figures/sample_size.png",
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from checkout import check_out

    checkout = check_out(tmp_path_factory.mktemp("protocol") / "fresh")
    config = Checkout(checkout.folder, "config/protocol.yaml").read_config()
    checkout.write_config(small(config))
    checkout.snakemake(*(f"results/protocol/{file}" for file in ("summary.html", *FIGURES)))
    return checkout.folder / "results" / "protocol"


def test_its_small_variant(results: Path) -> None:
    summary = pd.read_csv(results / "summary.csv")
    counts = summary.groupby("experiment", sort=False)["trial"].count().to_dict()
    assert counts == {"protocol": 5, "penalties": 16, "regimes": 12}
    completed = summary[summary["status"] == "completed"]
    gap = completed["train_accuracy"] - completed["validation_accuracy"]
    assert (completed["gap"] - gap).abs().max() < 1e-9
    # More of the network learns from depth to depth.
    learned = summary.loc[summary["experiment"] == "protocol", "trained_parameters"].tolist()
    assert learned[0] < learned[1] < learned[2] < learned[3]
    assert learned[4] == learned[0]


def test_its_figures_are_there_and_no_others(results: Path) -> None:
    for file in FIGURES:
        assert (results / file).stat().st_size
    # The report needs all figures that there are.
    jobs = Checkout(results.parents[1]).dry_run("results/protocol/report.html", "-F").jobs
    names = ("fine_tuning_depth", "sample_size", "reference_results")
    assert [jobs.get(f"plot_{name}", 0) for name in names] == [1, 1, 0]


def test_each_repeat_has_images_of_its_own(results: Path) -> None:
    drawn = [pd.read_csv(results / f"data/subsets/per_class_3_seed_{seed}.csv") for seed in (1, 2)]
    for table in drawn:
        assert table.groupby("class").size().tolist() == [3] * 8
    assert set(drawn[0]["file"]) != set(drawn[1]["file"])
    few = pd.read_csv(results / "data/subsets/per_class_2_seed_1.csv")
    assert set(few["file"]) < set(drawn[0]["file"])
