"""provide_weights.py and check_weights.py: weights are there and suffice before anything runs."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from check_weights import check_weights
from provide_weights import provide_weights

from scenery.config.head import Head
from scenery.errors import UserError
from scenery.models.backbones import build_backbone
from scenery.models.heads import build_head
from scenery.models.weights import load_weights, save_weights
from scenery.pipeline.jobs.weights import CheckWeightsJob
from scenery.registry.custom_architectures import Network
from scenery.training.fine_tuning import assemble

MOBILENET = "mobilenet_1_0_224_imagenet_to_conv_pw_12.h5"


def check(backbone: str, layers: list[str]) -> CheckWeightsJob:
    return CheckWeightsJob(backbone=backbone, layers=tuple(layers))


def test_a_file_is_copied(tmp_path: Path) -> None:
    source = tmp_path / "mine.h5"
    source.write_bytes(b"weights")
    out = tmp_path / "weights" / "x.weights.h5"
    provide_weights("MobileNet", str(source), source, out)
    assert out.read_bytes() == b"weights"
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_a_copy_that_breaks_off_leaves_no_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(source: str, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(shutil, "copyfile", broken)
    out = tmp_path / "x.weights.h5"
    with pytest.raises(OSError, match="disk full"):
        provide_weights("MobileNet", "mine.h5", tmp_path / "mine.h5", out)
    assert not out.exists()


def test_imagenet_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[tuple[str, Path, bool, Network]] = []
    monkeypatch.setattr("scenery.models.weights.fetch_imagenet", lambda *all_: fetched.append(all_))
    provide_weights("MobileNet", "imagenet", None, tmp_path / "w.weights.h5")
    provide_weights("VGG16", "imagenet", None, tmp_path / "v.weights.h5", top=True)
    provide_weights("MobileNet", "imagenet", None, tmp_path / "h.weights.h5", alpha=0.5)
    assert fetched == [
        ("MobileNet", tmp_path / "w.weights.h5", False, Network()),
        ("VGG16", tmp_path / "v.weights.h5", True, Network()),
        ("MobileNet", tmp_path / "h.weights.h5", False, Network(alpha=0.5)),
    ]


def test_every_layer_in_use_is_checked(tmp_path: Path) -> None:
    network = build_backbone("SqueezeNet", 64, "fire5_concat")
    save_weights(network, tmp_path / "w.weights.h5")
    out = tmp_path / "checked.json"
    check_weights(
        tmp_path / "w.weights.h5", check("SqueezeNet", ["fire3_concat", "fire5_concat"]), out
    )
    parameters = json.loads(out.read_text())["parameters"]
    assert parameters["fire5_concat"] == network.count_params()
    assert (
        parameters["fire3_concat"]
        == build_backbone("SqueezeNet", 64, "fire3_concat").count_params()
    )
    with pytest.raises(UserError, match="fire6") as error:
        check_weights(tmp_path / "w.weights.h5", check("SqueezeNet", ["fire9_concat"]), out)
    assert "\n" not in str(error.value)


def test_no_layer_is_no_mistake(tmp_path: Path) -> None:
    check_weights(tmp_path / "absent.h5", check("SqueezeNet", []), tmp_path / "checked.json")
    assert json.loads((tmp_path / "checked.json").read_text()) == {"parameters": {}}


@pytest.mark.shared
def test_the_shared_mobilenet_reaches_up_to_its_twelfth_block(shared: Path, tmp_path: Path) -> None:
    weights, out = shared / "weights" / MOBILENET, tmp_path / "checked.json"
    check_weights(weights, check("MobileNet", ["conv_pw_5_relu", "conv_pw_12_relu"]), out)
    assert json.loads(out.read_text())["parameters"]["conv_pw_12_relu"] == 2_162_880
    with pytest.raises(UserError, match="conv_dw_13") as error:
        check_weights(weights, check("MobileNet", ["conv_pw_13_relu"]), out)
    assert "conv_pw_12_relu" in str(error.value), "says up to where the file reaches"


@pytest.mark.shared
def test_weights_of_another_network(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        check_weights(
            shared / "weights" / MOBILENET,
            check("SqueezeNet", ["fire9_concat"]),
            tmp_path / "c.json",
        )
    assert MOBILENET in str(error.value)


def test_weights_are_taken_out_of_a_network_that_an_experiment_trained(tmp_path: Path) -> None:
    backbone = build_backbone("SqueezeNet", 64)
    trained = assemble(backbone, build_head(backbone.output.shape[1:], 3, Head()))
    trained.save(tmp_path / "model.keras")
    out = tmp_path / "x.weights.h5"
    provide_weights("SqueezeNet", "experiment:first", tmp_path / "model.keras", out)
    fresh = build_backbone("SqueezeNet", 32, "fire5_concat")
    load_weights(fresh, out)
    np.testing.assert_array_equal(
        fresh.get_layer("fire5_expand3x3").get_weights()[0],
        backbone.get_layer("fire5_expand3x3").get_weights()[0],
    )
