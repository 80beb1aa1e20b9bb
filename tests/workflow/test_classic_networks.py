"""Networks built from options: a small variant of their study on drawn scenes, end to end."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from checkout import Checkout, check_out

CURVES = "experiments/depth/figures/parameter_curves.png"
PATCHES: dict[str, Any] = {
    "backbone": "PatchMLP", "trainable": "head", "weights": "none",
    "network": {"patch_size": 8, "stride": 8, "widths": [16]},
    "head": {"aggregation": "vote", "supervise": "positions"},
}  # fmt: skip


def small(config: dict[str, Any]) -> dict[str, Any]:
    """Of the shipped study a system, a network on patches and the shape of the depth experiment."""
    config["dataset"] = {"path": "generated", "generated": {"per_class": 8, "image_size": 32}}
    config["split"] = {"test": 0.25, "validation": 0.34, "seed": 1}
    config["base"] |= {"epochs": 1, "batch_size": 8}
    config["explain"] = {"experiments": ["systems"], "images": 2}
    systems, depth = config["experiments"]["systems"], config["experiments"]["depth"]
    systems["list"] = [systems["list"][0], PATCHES]
    systems["choose"] = {"only": {"backbone": "PatchMLP"}}
    depth["overrides"] |= {"epochs": 1, "network.channels": 2}
    depth["grid"] = {
        "network.residual": [True], "network.batch_norm": [True], "network.depth": [4, 6, 9],
    }  # fmt: skip
    config["experiments"] = {"systems": systems, "depth": depth}
    return config


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fresh = check_out(tmp_path_factory.mktemp("classic") / "fresh")
    config = small(Checkout(fresh.folder, "config/classic_networks.yaml").read_config())
    fresh.write_config(config)
    # Figures, slides and the report of all kinds of experiments are those of other studies.
    wanted = ("summary.csv", CURVES, "experiments/systems/explain/layers.csv")
    fresh.snakemake(*(f"{config['results']}/{file}" for file in wanted))
    return fresh.folder / config["results"]


def test_every_trial_ends_and_is_scored(results: Path) -> None:
    summary = pd.read_csv(results / "summary.csv")
    assert summary["status"].tolist() == ["completed"] * 5
    assert set(summary["network.depth"].dropna()) == {4, 6, 9}
    for name in ("systems", "depth"):
        metrics = json.loads((results / "experiments" / name / "test/metrics.json").read_text())
        assert 0 <= metrics["accuracy"] <= 1


def test_deeper_networks_have_more_parameters(results: Path) -> None:
    depth = pd.read_csv(results / "experiments/depth/trials.csv").sort_values("network.depth")
    assert depth["parameters"].is_monotonic_increasing


def test_a_head_on_patches_shares_a_file_of_features(results: Path) -> None:
    kept = [path for path in (results / "features").iterdir() if path.name.startswith("PatchMLP-")]
    assert len(kept) == 1
    assert (results / "experiments/systems/refit_head/model.keras").is_file()
    assert (results / "experiments/systems/explain").is_dir()


def test_figures_against_numbers_are_for_those_that_vary_them(results: Path) -> None:
    assert (results / CURVES).stat().st_size
    found = Checkout(results.parents[1]).dry_run("--forcerun", "plot_parameter_curves").jobs
    assert found["plot_parameter_curves"] == 1
