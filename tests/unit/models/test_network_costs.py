"""What networks cost, and the command that lists and measures them."""

from pathlib import Path

import keras
import pytest

from scenery.cli import main
from scenery.errors import UserError
from scenery.models.backbones import build_backbone
from scenery.models.network_costs import depth, measure, multiply_adds
from scenery.pipeline.networks import named_networks
from scenery.registry.backbone_facts import facts, published_names


def test_measure_counts_and_times_both_passes() -> None:
    network = build_backbone("LeNet5", 32)
    costs = measure(network)
    assert costs.parameters == network.count_params()
    # LeCun et al. 1998: convolutions of 6, 16 and 120 channels; the rest is the head's.
    assert costs.depth == 3
    assert costs.multiply_adds == 28 * 28 * 25 * 3 * 6 + 10 * 10 * 25 * 6 * 16 + 400 * 120
    assert costs.forward_ms > 0 and costs.both_ms > 0


def test_depth_is_that_of_the_longest_path() -> None:
    image = keras.Input((8, 8, 1))
    short = keras.layers.Conv2D(1, 1)(image)
    long = keras.layers.SeparableConv2D(1, 1)(keras.layers.Conv2D(1, 1)(image))
    network = keras.Model(image, keras.layers.Dense(1)(short + long))
    assert depth(network) == 3
    assert multiply_adds(network) == 64 * (1 + 1 + (1 + 1) + 1)


@pytest.mark.parametrize(
    ("name", "layers"),
    [("ResNet50", 49), ("ResNet152", 151), ("VGG16", 13), ("DenseNet121", 120), ("MobileNet", 27)],
)
def test_depth_of_a_published_network_is_that_of_its_name(name: str, layers: int) -> None:
    # The names count the last layer, and those of VGG all three dense ones.
    assert facts(name).depth == layers


def test_networks_lists_published_networks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["networks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = {line.split()[0]: line.split()[1:] for line in lines[1:] if line}
    assert set(published_names()) <= set(found)
    assert found["VGG16"] == ["224", "138,357,544", "553.4", "13", "15,346.6", "71.3", "90.1"]


def test_networks_measures_the_networks_of_a_config(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "study.yaml"
    config.write_text(
        "dataset: {path: digits}\n"
        "base: {backbone: LeNet5, trainable: scratch}\n"
        "experiments:\n"
        "  sizes: {grid: {image_size: [32, 48]}}\n"
        "  later: {start_from: sizes, grid: {seed: [1, 2]}}\n",
        encoding="utf-8",
    )
    assert [(one.name, one.image_size) for one in named_networks([str(config)])] == [
        ("LeNet5", 32), ("LeNet5", 48)
    ]  # fmt: skip
    assert main(["networks", str(config)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:3]]
    # No network has a published accuracy, so the cells behind FLOPs are times.
    assert [len(row) for row in rows] == [8, 8]
    assert all(float(cell) > 0 for row in rows for cell in row[-2:])


@pytest.mark.parametrize(
    ("name", "message"),
    [("ResNet51", "did you mean ResNet50"), ("DenseSIFT", "has no layers to measure")],
)
def test_networks_what_cannot_be_measured_is_one_error(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        named_networks([name])
