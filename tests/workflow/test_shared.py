"""The frozen MobileNet on the real photographs, from files to test accuracy."""

import json
from pathlib import Path

import pytest
from checkout import REPOSITORY, Checkout


@pytest.mark.shared
def test_a_frozen_mobilenet_reaches_what_is_known_of_it(fresh: Checkout, shared: Path) -> None:
    """At 224 pixels a logistic regression has 0.955 and, on 400 images, 0.935.

    At 160 pixels the test takes half of the time.
    """
    known = Checkout(REPOSITORY, "config/shared_mobilenet.yaml").read_config()
    weights = shared.resolve() / "weights" / Path(known["base"]["weights"]).name
    fresh.write_config(
        {
            "dataset": {"path": str(shared.resolve() / "data" / "MIT_split")},
            "split": known["split"],
            "subsets": {"small_1": known["subsets"]["small_1"]},
            "base": {**known["base"], "weights": str(weights), "image_size": 160},
            "experiments": {"full": {}, "small": {"overrides": {"subset": "small_1"}}},
        }
    )
    folder = fresh.folder / "results" / "experiments"
    files = {name: folder / name / "test" / "metrics.json" for name in ("full", "small")}
    fresh.snakemake(*(str(path.relative_to(fresh.folder)) for path in files.values()))
    accuracy = {name: json.loads(path.read_text())["accuracy"] for name, path in files.items()}
    assert accuracy["full"] >= 0.940
    assert accuracy["small"] >= 0.915
