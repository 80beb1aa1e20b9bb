"""Settings with a preset of KerasHub: what describes the network, and what goes with it."""

from pathlib import Path
from typing import Any, get_args

import preset_files
import pytest

from scenery.config.head import Head
from scenery.config.settings import Settings
from scenery.config.validation import read_settings
from scenery.errors import UserError
from scenery.pipeline.networks import named_networks
from scenery.pipeline.preflight import check_presets
from scenery.registry.backbone_facts import facts
from scenery.registry.presets import download_folder, find_preset, published_presets, read_preset
from scenery.study.features import FEATURE_KINDS, plain_features
from scenery.study.trials import change

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def weights(tmp_path: Path) -> str:
    """The weights of a small preset."""
    return preset_files.write_preset(tmp_path / "vit")


def settings(weights: str, **more: Any) -> Settings:
    return read_settings({"backbone": "ViT", "weights": weights, **more}, "base")


def test_weights_of_a_preset_describe_the_network(weights: str) -> None:
    made = settings(weights)
    assert made.network.preset == weights.removeprefix("preset:") == made.weights_preset
    assert made == read_settings(made.minimal(), "base")
    assert "network" not in made.minimal()
    written_out = settings(weights, network={"preset": made.network.preset})
    assert written_out.digest() == made.digest()


def test_network_of_a_preset_stays_where_its_weights_go(weights: str) -> None:
    preset = weights.removeprefix("preset:")
    for changes in (
        {"trainable": "scratch"},
        {"weights": "none"},
        {"trainable": "all", "weights": "experiment:first"},
        {"weights": "none", "network.preset": preset},
    ):
        made = change(settings(weights), changes, "first")
        assert made.network.preset == preset
        assert not made.weights.startswith("preset:")
        assert made == read_settings(made.minimal(), "first")
    assert change(settings(weights), {"weights": "preset:other"}, "x").network.preset == "other"
    other = change(settings(weights), {"backbone": "MobileNet", "weights": "imagenet"}, "first")
    assert other.network.preset is None


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            {"backbone": "MobileNet"},
            "weights: preset: is for ViT, DeiT, DINOv2, CLIP, SigLIP, Swin; found",
        ),
        ({"network": {"preset": "other"}}, "network.preset: other is not the preset of weights"),
        ({"weights": "preset:"}, "preset: is followed by the name or the folder of a preset"),
        (
            {"backbone": "MobileNet", "weights": "none", "head": {"pooling": "both"}},
            "head.pooling: both is for networks with a class token; MobileNet has none",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    values: dict[str, Any], says: str, weights: str
) -> None:
    with pytest.raises(UserError, match=says):
        read_settings({"backbone": "ViT", "weights": weights, **values}, "base")


def test_weights_file_of_a_preset_is_one_for_each_size(weights: str) -> None:
    made = [settings(weights, image_size=size) for size in ("native", 32, 48, [32, 48])]
    ids = [plain_features(one).weights_spec for one in made]
    assert len({spec.id for spec in ids if spec is not None}) == 3
    assert plain_features(made[0]).id == plain_features(made[1]).id


def test_the_rule_of_features_knows_every_kind() -> None:
    rule = (REPOSITORY / "workflow/rules/features.smk").read_text(encoding="utf-8")
    assert "'|'.join(FEATURE_KINDS)" in rule
    poolings = get_args(Head.model_fields["pooling"].annotation)
    assert set(FEATURE_KINDS) == {*poolings, "map", "views"}
    for pooling in ("std", "moments"):
        made = plain_features(Settings(head={"pooling": pooling}))
        assert made.id.rsplit("-", 2)[1] in FEATURE_KINDS


def test_missing_packages_are_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    check_presets(["imagenet"], "study.yaml")
    monkeypatch.setattr("scenery.installation.util.find_spec", lambda name: None)
    check_presets(["imagenet"], "study.yaml")
    with pytest.raises(UserError) as error:
        check_presets(["imagenet", "preset:dinov2_small"], "study.yaml")
    assert str(error.value) == (
        "study.yaml: weights: preset needs packages that are not installed: keras_hub; install "
        "them with pip install --no-deps -r requirements/hub.txt, in a clone with make .venv/.hub"
    )


def test_facts_follow_from_the_config_alone(tmp_path: Path) -> None:
    config = preset_files.backbone(
        num_layers=12, hidden_dim=384, num_heads=6, mlp_dim=1536, image_shape=[224, 224, 3],
        patch_size=[16, 16],
    )  # fmt: skip
    preset = preset_files.write_preset(tmp_path, config).removeprefix("preset:")
    known = facts("ViT", settings(f"preset:{preset}").network)
    # ViT-S/16 without its top has 21,665,664; here one row has both class token and its position.
    assert known.parameters == 21_665_664 - 384
    assert (known.size, known.smallest_size, known.depth) == (224, 16, 49)
    # 4.6 billion by Touvron et al. 2021.
    assert known.multiply_adds == pytest.approx(4.6e9, rel=0.02)
    assert len(known.cut_points) == 12


def test_scaling_of_older_presets_is_read_as_by_keras_hub(tmp_path: Path) -> None:
    converter = {"scale": 0.5, "mean": [1.0, 2.0, 3.0], "variance": [4.0, 16.0, 64.0]}
    preset_files.write_preset(tmp_path, converter=converter)
    found = read_preset(str(tmp_path))
    assert found.scale == (0.25, 0.125, 0.0625)
    assert found.offset == (-0.5, -0.5, -0.375)


def test_published_preset_is_found_where_kagglehub_stores_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    folder = download_folder("dinov2_small")
    assert folder == tmp_path / "models/keras/dinov2/keras/dinov2_small/1"
    preset_files.write_preset(
        folder, preset_files.backbone("dinov2.dinov2_backbone.DINOV2Backbone")
    )
    assert find_preset("dinov2_small") == folder
    assert read_preset("dinov2_small").network.prefix == 3
    assert published_presets()["dinov2_small"]["backbone"] == "DINOv2"


def test_name_of_a_transformer_alone_is_no_network_to_measure() -> None:
    with pytest.raises(UserError, match="ViT: is described by a preset; give a config"):
        named_networks(["ViT"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("dinov2_smal", "did you mean dinov2_small"),
        ("dinov3_vit_small_lvd1689m", "DINOv3 is not read, since its weights are gated"),
    ],
)
def test_unknown_preset_names_what_is_near(name: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        find_preset(name)
