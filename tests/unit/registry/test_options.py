"""Records, and the groups of keys that are made from them."""

import json
import subprocess
import sys
from typing import Any

import pytest
from pydantic import Field, ValidationError

from scenery.config.classifier import CLASSIFIERS
from scenery.config.encoding import ENCODINGS
from scenery.config.settings import Settings, ineffective_settings
from scenery.registry.custom_architectures import ARCHITECTURES
from scenery.registry.optimizers import OPTIMIZERS
from scenery.registry.options import Fraction, Record, choice_of
from scenery.registry.schedules import SCHEDULES
from scenery.registry.weight_averaging import WEIGHT_AVERAGES
from scenery.study.trials import change

RECORDS: list[tuple[str, str]] = [
    *(("optimizer", name) for name in OPTIMIZERS),
    *(("schedule", name) for name in SCHEDULES),
    *(("weight_averaging", name) for name in WEIGHT_AVERAGES),
    *(("classifier", name) for name in CLASSIFIERS),
    *(("encoding", name) for name in ENCODINGS),
    *(("network", name) for name in ARCHITECTURES),
]


def settings(group: str, name: str) -> Settings:
    """Settings that name a record and set none of its options."""
    if group == "network":
        return Settings(backbone=name, weights="none")
    more = {"classifier": {}} if group == "encoding" else {}
    return Settings(**{**more, group: {"name": name}})


@pytest.mark.parametrize(("group", "name"), RECORDS)
def test_settings_with_defaults_written_out_are_those_with_defaults_unset(
    group: str, name: str
) -> None:
    unset = settings(group, name)
    written = Settings.model_validate(json.loads(json.dumps(unset.model_dump(mode="json"))))
    assert written == unset
    assert written.digest() == unset.digest()
    assert Settings.model_validate(unset.minimal()) == unset
    assert written.minimal() == unset.minimal()


@pytest.mark.parametrize(("group", "name"), RECORDS)
def test_settings_hold_a_value_for_every_option_with_a_default(group: str, name: str) -> None:
    values = getattr(settings(group, name), group).model_dump()
    records: dict[str, Any] = {
        "optimizer": OPTIMIZERS, "schedule": SCHEDULES, "classifier": CLASSIFIERS,
        "encoding": ENCODINGS, "network": ARCHITECTURES, "weight_averaging": WEIGHT_AVERAGES,
    }[group]  # fmt: skip
    for option, field in records[name].model_fields.items():
        if field.default is not None:
            assert values[option] is not None, option


@pytest.mark.parametrize(("group", "name"), RECORDS)
@pytest.mark.parametrize("other", [0, -1])
def test_change_of_a_name_gives_the_defaults_of_the_new_one(
    group: str, name: str, other: int
) -> None:
    names = [n for g, n in RECORDS if g == group]
    start, wanted = settings(group, name), settings(group, names[other])
    key = "backbone" if group == "network" else f"{group}.name"
    assert change(start, {key: names[other]}, "here") == wanted


def test_choice_among_records_derives_keys_bounds_and_descriptions() -> None:
    class First(Record):
        strength: Fraction = Field(0.5, description="how much")

    class Second(Record):
        pass

    class Group(choice_of({"first": First, "second": Second}, "first", "Which.")):  # type: ignore
        """A group."""

    assert Group().model_dump() == {"name": "first", "strength": 0.5}
    assert Group(name="second").strength is None
    assert Group.model_fields["strength"].description == "first: how much (0.5 if unset)."
    with pytest.raises(ValidationError, match="strength is not used by second, only by first"):
        Group(name="second", strength=0.5)
    with pytest.raises(ValidationError, match="less than 1"):
        Group(strength=1)


# A linear head without dropout is fitted at once.
OF_EPOCHS = {
    "batch_size", "checkpoint", "early_stopping", "epochs", "label_smoothing", "loss",
    "minimum_updates", "optimizer", "schedule", "steps_per_epoch",
}  # fmt: skip
OF_FINE_TUNING = {
    "batch_norm_statistics", "mixed_precision", "mixup", "cutmix", "penalty", "weight_averaging",
    "optimizer.layer_decay", "test_time_augmentation",
}  # fmt: skip
RAND = "augment.rand_augment_operations"
INEFFECTIVE: list[tuple[dict[str, Any], set[str]]] = [
    (
        {},
        {"head.activation", "head.negative_slope", "augment.fill_mode", RAND, "views",
         *OF_FINE_TUNING, *OF_EPOCHS},
    ),
    (
        {"trainable": "all"},
        {"head.activation", "head.negative_slope", "augment.fill_mode", RAND, "views",
         "head.standardize"},
    ),
    (
        {"trainable": "all", "schedule": {"name": "list", "rates": [0.1]}},
        {"head.activation", "head.negative_slope", "augment.fill_mode", RAND, "views",
         "head.standardize", "optimizer.learning_rate"},
    ),
    (
        {"head": {"dense": [8]}, "augment": {"zoom": 0.1}},
        {"head.negative_slope", RAND, *OF_FINE_TUNING},
    ),
    (
        {"head": {"dense": [8]}, "augment": {"vertical_flip": True}, "trainable": "head+1"},
        {"augment.fill_mode", RAND, "head.negative_slope", "views", "head.standardize"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("values", "names"), INEFFECTIVE)
def test_ineffective_settings_are_those_whose_condition_is_false(
    values: dict[str, Any], names: set[str]
) -> None:
    # None of these trains low-rank matrices.
    assert set(ineffective_settings(Settings(**values))) == {*names, "lora_rank"}


def test_config_imports_no_tensorflow() -> None:
    code = (
        "import sys; import scenery.config.study, scenery.study.checks;"
        "assert not {'tensorflow', 'keras', 'pandas', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "src"})


def test_a_copy_with_other_values_forgets_what_its_original_remembers() -> None:
    settings = Settings(batch_size=7)
    assert settings.minimal()["batch_size"] == 7
    copied = settings.model_copy(update={"batch_size": 9})
    assert copied.minimal() == Settings(batch_size=9).minimal()
    assert copied == Settings(batch_size=9)
    assert not settings.augment.active
    assert settings.augment.model_copy(update={"zoom": 0.1}).active
