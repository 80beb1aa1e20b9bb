"""One trial's settings: what is refused, and what names them."""

from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from scenery.config.head import Head
from scenery.config.settings import (
    OPTIMIZER_OPTIONS,
    OPTIMIZERS,
    SCHEDULE_OPTIONS,
    SCHEDULES,
    Augment,
    Optimizer,
    Schedule,
    Settings,
    flatten,
    ineffective_settings,
)
from scenery.config.training import EarlyStopping, FirstStep
from scenery.registry.options import ACTIVATIONS, Strict

OPTION_VALUES = {
    "momentum": 0.9,
    "nesterov": True,
    "factor": 0.5,
    "every": 3,
    "rate": 0.1,
    "patience": 2,
    "minimum": 1e-6,
    "per": "step",
    "rho": 0.8,
    "beta_1": 0.8,
    "beta_2": 0.99,
    "epsilon": 1e-3,
    "rates": (0.1, 0.01),
}
WITH_NUMBERS: list[tuple[type[BaseModel], str]] = [
    (model, name)
    for model in (Settings, Head, Augment, Optimizer, Schedule, EarlyStopping, FirstStep)
    for name, field in model.model_fields.items()
    if isinstance(field.default, int | float) and not isinstance(field.default, bool)
]
WITH_SWITCHES: list[tuple[type[BaseModel], str]] = [
    (Head, "batch_norm"),
    (Augment, "horizontal_flip"),
    (Augment, "vertical_flip"),
    (Optimizer, "nesterov"),
    (Settings, "mixed_precision"),
]


def refused(model: type[BaseModel], message: str, **values: Any) -> None:
    with pytest.raises(ValidationError, match=message):
        model(**values)


@pytest.mark.parametrize("option", OPTIMIZER_OPTIONS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_with_an_option_of_another_is_refused(name: str, option: str) -> None:
    value = {option: OPTION_VALUES[option]}
    if name in OPTIMIZER_OPTIONS[option]:
        more = {"momentum": 0.9} if option == "nesterov" else {}
        assert getattr(Optimizer(name=name, **value, **more), option) == value[option]
    else:
        refused(Optimizer, f"{option} is not used by {name}", name=name, **value)


@pytest.mark.parametrize("option", SCHEDULE_OPTIONS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_with_an_option_of_another_is_refused(name: str, option: str) -> None:
    value = {option: OPTION_VALUES[option]}
    if name in SCHEDULE_OPTIONS[option]:
        assert getattr(Schedule(name=name, **value), option) == value[option]
    else:
        refused(Schedule, f"{option} is not used by {name}", name=name, **value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dense": [8], "activation": ["relu", "tanh"]}, "each of the 1 dense layers; found 2"),
        ({"dense": [8], "dropout": [0.5]}, "each of the 2 dense layers and the last one; found 1"),
        ({"kernel_initializer": ["zero", "zero"]}, "each of the 1 dense layers and"),
    ],
)
def test_list_of_another_length_than_the_layers_is_refused(
    values: dict[str, Any], message: str
) -> None:
    refused(Head, message, **values)


def test_short_name_of_an_initializer_is_the_long_one() -> None:
    short, long = ({"kernel_initializer": name} for name in ("normal", "random_normal"))
    assert Settings(head=short).digest() == Settings(head=long).digest()


def test_exact_head_has_two_outputs_and_the_cross_entropy() -> None:
    for values in ({"head": {"class_mode": "binary"}}, {"loss": "mean_squared_error"}):
        assert Settings(**values).head.solver == "epochs"
    binary = {"class_mode": "binary", "solver": "lbfgs"}
    refused(Settings, "head.class_mode: binary needs head.solver: epochs", head=binary)
    refused(Settings, "excludes label_smoothing", loss="mean_squared_error", label_smoothing=0.1)
    refused(Head, "binary has no aggregation", class_mode="binary", aggregation="mean")


def test_nesterov_without_momentum_is_refused() -> None:
    refused(Optimizer, "needs a momentum", name="SGD", nesterov=True)
    refused(Optimizer, "needs a momentum", name="SGD", nesterov=True, momentum=0)
    assert not Optimizer(name="SGD", nesterov=False).nesterov


def test_first_step_without_fine_tuning_is_refused() -> None:
    refused(Settings, "first_step is for", trainable="head", first_step={"epochs": 3})
    assert Settings(trainable="head+1", first_step={}).first_step == FirstStep()
    # "From scratch" has no pretrained part that a head could be trained on.
    assert Settings(trainable="scratch", first_step={"epochs": 3}).first_step is None


def test_exact_first_step_is_for_a_linear_head() -> None:
    probe = {"trainable": "all", "first_step": {"solver": "lbfgs"}}
    assert Settings(**probe, head={"dropout": 0.5}, label_smoothing=0.1).first_step is not None
    for head in ({"dense": [8]}, {"batch_norm": True}, {"aggregation": "mean"},
                 {"class_mode": "binary"}):  # fmt: skip
        refused(Settings, f"head.{next(iter(head))}.* needs first_step.solver", **probe, head=head)
    unused = {name for name in ineffective_settings(Settings(**probe)) if "first" in name}
    assert unused == {"first_step.epochs", "first_step.learning_rate"}
    by_epochs = Settings(trainable="all", first_step={})
    assert not [name for name in ineffective_settings(by_epochs) if "first" in name]


def test_warmup_as_long_as_training_is_refused() -> None:
    refused(
        Settings,
        r"warmup_epochs \(5\) must be below epochs \(5\)",
        epochs=5,
        schedule={"warmup_epochs": 5},
    )
    assert Settings(epochs=6, schedule={"warmup_epochs": 5}).schedule.warmup_epochs == 5
    assert Settings(epochs=1).schedule.warmup_epochs == 0


def test_batch_norm_of_single_images_is_refused() -> None:
    words = "exclude each other: .* one image minus itself is zero; take a batch_size of at least 2"
    refused(Settings, f"1 and head.batch_norm {words}", batch_size=1, head={"batch_norm": True})
    mlp = {"backbone": "MLP", "trainable": "scratch", "network": {"batch_norm": True}}
    refused(Settings, f"1 and network.batch_norm {words}", batch_size=1, **mlp)
    assert Settings(batch_size=2, **mlp).batch_size == 2
    assert Settings(batch_size=1).batch_size == 1
    maps = {"backbone": "ConvNet", "trainable": "scratch", "network": {"batch_norm": True}}
    assert Settings(batch_size=1, **maps).batch_size == 1


def test_scratch_sets_no_weights_and_updated_statistics() -> None:
    settings = Settings(trainable="scratch", weights="imagenet")
    assert (settings.weights, settings.batch_norm_statistics) == ("none", "updated")


@pytest.mark.parametrize("trainable", ["head", "head+1", "head+12", "all", "scratch"])
def test_trainable_gives_the_number_of_stages(trainable: str) -> None:
    settings = Settings(trainable=trainable)
    assert settings.frozen_backbone == (trainable == "head")
    expected = {"head": 0, "head+1": 1, "head+12": 12, "all": None, "scratch": None}
    assert settings.trainable_stages == expected[trainable]


@pytest.mark.parametrize(
    "trainable", ["", "Head", "head+0", "head+", "head+1.5", "none", "head +1"]
)
def test_trainable_of_unknown_form_is_refused(trainable: str) -> None:
    refused(Settings, "allowed are head, head", trainable=trainable)


@pytest.mark.parametrize(("model", "name"), WITH_NUMBERS)
def test_number_given_as_bool_is_refused(model: type[BaseModel], name: str) -> None:
    refused(model, "a number is needed, not true or false", **{name: True})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(("model", "name"), WITH_NUMBERS)
def test_number_that_is_not_finite_is_refused(
    model: type[BaseModel], name: str, value: float
) -> None:
    with pytest.raises(ValidationError):
        model(**{name: value})


@pytest.mark.parametrize("value", [0, 1, "yes", "true", "off", 1.0])
@pytest.mark.parametrize(("model", "name"), WITH_SWITCHES)
def test_bool_given_as_another_type_is_refused(
    model: type[BaseModel], name: str, value: Any
) -> None:
    refused(model, "true or false is needed", **{name: value})


def test_group_with_an_unknown_key_is_refused() -> None:
    for model in (Settings, Head, Augment, Optimizer, Schedule, EarlyStopping, FirstStep):
        refused(model, "Extra inputs", color=1)


def test_number_given_as_text_is_read() -> None:
    # YAML 1.1 reads 1e-3, which has no point, as text.
    said = Settings(optimizer={"learning_rate": 1e-3})
    assert Settings(optimizer={"learning_rate": "1e-3"}) == said
    assert Settings(head={"dropout": 0}).digest() == Settings().digest()
    assert Settings(epochs=50.0).digest() == Settings(epochs=50).digest()
    refused(Settings, "valid integer", epochs=1.5)


def test_digest_of_different_settings_differs() -> None:
    different = [
        Settings(),
        Settings(seed=0),
        Settings(epochs=51),
        Settings(head={"dense": [64]}),
        Settings(head={"dense": [64, 64]}),
        Settings(early_stopping={}),
        Settings(early_stopping={"patience": 3}),
        Settings(trainable="all"),
        Settings(trainable="all", first_step={}),
        *(Settings(head={"activation": name}) for name in ACTIVATIONS if name != "relu"),
    ]
    assert len({settings.digest() for settings in different}) == len(different)
    assert Settings(seed=3).digest(frozenset({"seed"})) == Settings().digest(frozenset({"seed"}))


def test_digest_with_an_implied_monitor_written_out_is_unchanged() -> None:
    loss, accuracy = {"monitor": "validation_loss"}, {"monitor": "validation_accuracy"}
    by_loss = Settings(early_stopping=loss).digest()
    assert by_loss == Settings(early_stopping={}, checkpoint=loss).digest()
    assert by_loss == Settings(early_stopping=loss, checkpoint={**loss, "mode": "min"}).digest()
    by_accuracy = Settings(early_stopping={}).digest()
    assert by_accuracy == Settings(early_stopping=accuracy, checkpoint=accuracy).digest()
    both = Settings(early_stopping=loss, checkpoint=accuracy).digest()
    assert len({by_loss, by_accuracy, both}) == 3


def test_mode_that_does_not_fit_the_monitor_is_refused() -> None:
    message = "checkpoint.mode: max does not fit validation_loss"
    refused(Settings, message, checkpoint={"monitor": "validation_loss", "mode": "max"})
    refused(Settings, "of which the best is the max", checkpoint={"mode": "min"})


def test_digest_of_defaults_written_out_is_that_of_defaults() -> None:
    spelled_out = Settings.model_validate(Settings(epochs=7).model_dump())
    assert spelled_out.digest() == Settings(epochs=7).digest()


def test_digest_with_a_new_setting_at_its_default_is_unchanged() -> None:
    class LaterHead(Head):
        temperature: float = 1.0

    class More(Strict):
        much: int = 3

    class Later(Settings):
        head: LaterHead = Field(default_factory=LaterHead)  # type: ignore[assignment]
        more: More = Field(default_factory=More)
        another: str = "no"

    assert Later(head={"dense": [64]}).digest() == Settings(head={"dense": [64]}).digest()
    assert Later().digest() == Settings().digest()
    assert Later(more={"much": 4}).digest() != Settings().digest()


def test_digest_of_known_settings_is_unchanged() -> None:
    # Results on disk are found by them; a change here makes every old result stale.
    assert Settings().digest() == "44136fa355"
    assert Settings(epochs=7, optimizer={"name": "SGD"}).digest() == "e5b4e9c13a"


def test_settings_when_assigned_to_raise() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().epochs = 3  # type: ignore[misc]


def test_flatten_gives_dotted_names() -> None:
    assert Settings().flat()["optimizer.learning_rate"] == 1e-3
    assert flatten({"a": {"b": {"c": 1}, "d": {}}, "e": [1]}) == {"a.b.c": 1, "a.d": {}, "e": [1]}


def test_augment_with_an_operation_on_is_active() -> None:
    assert not Augment().active
    assert not Augment(fill_mode="wrap").active
    assert not Augment(zoom=0).active
    assert Augment(zoom=0.1).active
    assert Augment(vertical_flip=True).active
