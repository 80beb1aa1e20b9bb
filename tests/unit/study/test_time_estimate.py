"""About how long a study takes, before it runs."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from scenery.config.validation import read_study
from scenery.pipeline.preflight import count_images
from scenery.study.expansions import Expansions
from scenery.study.time_estimate import TimeEstimate, estimate_time, multiply_adds

REPOSITORY = Path(__file__).resolve().parents[3]


def estimate(processors: int = 2, **study: Any) -> TimeEstimate:
    """Of a study with 1,000 images of 10 classes."""
    return estimate_time(Expansions(read_study(study, "s"), "s"), 1000, 10, processors)


def experiments(*networks: str, **overrides: Any) -> dict[str, Any]:
    base = {"backbone": networks[0], "image_size": 224, "weights": "none", **overrides}
    return {"base": base, "experiments": {"a": {"grid": {"backbone": list(networks)}}}}


def test_multiply_adds_grow_with_the_pixels() -> None:
    assert multiply_adds("MobileNet", 224) == pytest.approx(569e6, rel=0.02)
    assert multiply_adds("MobileNet", 112) == pytest.approx(multiply_adds("MobileNet", 224) / 4)
    assert multiply_adds("DenseSIFT", 64) == 0


def test_features_take_as_long_as_was_measured() -> None:
    one = estimate(**experiments("MobileNet"))
    # 192 images per second on two cores, up to a layer below the last.
    assert 1000 / one.features == pytest.approx(192, rel=0.15)
    assert one.fine_tuning == 0
    assert estimate(processors=4, **experiments("MobileNet")).features == one.features / 2


def test_fine_tuning_takes_as_long_as_was_measured() -> None:
    tuned = experiments("MobileNet", trainable="all", epochs=5)
    one = estimate(**tuned)
    # Five epochs, and five of the refit.
    assert 10 * 1000 / one.fine_tuning == pytest.approx(52.7, rel=0.15)
    few = estimate(**tuned | {"subsets": {"few": {"per_class": 10}}})
    assert few.fine_tuning == one.fine_tuning
    tuned["base"]["subset"] = "few"
    few = estimate(**tuned, subsets={"few": {"per_class": 10}})
    assert few.fine_tuning == pytest.approx(one.fine_tuning / 10)


def test_experiments_share_features_and_the_longest_start_counts() -> None:
    one = experiments("MobileNet", "VGG16")
    alone = estimate(**one)
    one["experiments"]["b"] = {"start_from": "a", "grid": {"head.dropout": [0, 0.5]}}
    both = estimate(**one)
    assert both.features == alone.features
    assert both.trials > alone.trials
    one["experiments"]["b"]["overrides"] = {"trainable": "all", "epochs": 1}
    longest = estimate(**experiments("VGG16", trainable="all", epochs=1)).fine_tuning
    assert estimate(**one).fine_tuning == pytest.approx(longest * 1.5)


def test_own_networks_are_named_as_left_out() -> None:
    one = estimate(**experiments("LeNet5", image_size=32, trainable="scratch", epochs=5))
    assert one.unknown == ("LeNet5",)
    assert "without the training of LeNet5" in str(one)
    assert "estimated time: about" in str(one)


@pytest.mark.parametrize(("config", "low", "high"), [("config", 3, 8), ("digits", 1, 6)])
def test_ready_studies_are_near_the_time_that_was_measured(
    config: str, low: float, high: float
) -> None:
    written = yaml.safe_load((REPOSITORY / "config" / f"{config}.yaml").read_text())
    study = read_study(written, config)
    one = estimate_time(Expansions(study, config), *count_images(study), processors=2)
    assert low < one.seconds / 60 < high


def test_images_are_counted_without_those_of_the_test(tmp_path: Path) -> None:
    for place, number in (("train/a", 3), ("train/b", 2), ("test/a", 4), ("test/b", 1)):
        (tmp_path / place).mkdir(parents=True)
        for image in range(number):
            Image.new("RGB", (8, 8)).save(tmp_path / place / f"{image}.png")
    found = {}
    for path in (str(tmp_path), str(tmp_path / "train"), "digits", "cifar10"):
        study = read_study({"dataset": {"path": path}, "experiments": {"a": {}}}, "s")
        found[path] = count_images(study)
    assert list(found.values()) == [(5, 2), (3, 2), (1258, 10), (50_000, 10)]
