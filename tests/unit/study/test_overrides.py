"""Changing settings: dotted names, what is forgotten, what is refused."""

from typing import Any

import pytest

from scenery.config.settings import Settings
from scenery.config.training import EarlyStopping
from scenery.errors import UserError
from scenery.registry.custom_architectures import Network
from scenery.study.experiments import matches
from scenery.study.trials import ResolvedTrial, change, reject_duplicates, spell

MOMENTUM = Settings(
    optimizer={"name": "SGD", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}
)
PLATEAU = Settings(schedule={"name": "plateau", "patience": 2, "minimum": 1e-6, "warmup_epochs": 3})
CUT = Settings(cut="conv_pw_12_relu", remove_stages=1, head={"dropout": 0.5})
TWO_STEPS = Settings(trainable="all", first_step={"epochs": 5})


def changed(start: Settings, **changes: Any) -> Settings:
    return change(start, {name.replace("__", "."): v for name, v in changes.items()}, "here")


def test_a_new_optimizer_forgets_what_only_the_old_one_knew() -> None:
    adam = changed(MOMENTUM, optimizer__name="Adam").optimizer
    assert (adam.momentum, adam.nesterov, adam.weight_decay) == (None, None, 0.01)
    rmsprop = changed(MOMENTUM, optimizer__name="RMSprop", optimizer__momentum=0.5).optimizer
    assert (rmsprop.momentum, rmsprop.nesterov) == (0.5, None)


def test_the_same_optimizer_keeps_its_options() -> None:
    same = changed(MOMENTUM, optimizer__name="SGD", optimizer__learning_rate=0.1).optimizer
    assert (same.momentum, same.nesterov) == (0.9, True)


def test_a_new_schedule_forgets_what_only_the_old_one_knew() -> None:
    cosine = changed(PLATEAU, schedule__name="cosine").schedule
    assert (cosine.patience, cosine.minimum, cosine.warmup_epochs) == (None, 0, 3)
    assert changed(PLATEAU, schedule={"name": "cosine", "minimum": 1e-5}).schedule.minimum == 1e-5


def test_a_new_backbone_forgets_the_layer_of_the_old_one() -> None:
    other = changed(CUT, backbone="SqueezeNet")
    assert (other.cut, other.remove_stages, other.head.dropout) == (None, 1, 0.5)
    assert changed(CUT, backbone="MobileNet").cut == "conv_pw_12_relu"
    assert changed(CUT, backbone="SqueezeNet", cut="fire8_concat").cut == "fire8_concat"


def test_a_new_backbone_forgets_the_options_of_the_old_one() -> None:
    start = Settings(backbone="ConvNet", network={"depth": 20, "batch_norm": True})
    assert changed(start, backbone="MobileNet").network == Network(alpha=1)
    assert changed(start, backbone="LeNet5").network == Settings(backbone="LeNet5").network
    assert changed(start, backbone="LeNet5", network__batch_norm=False).network.depth is None
    assert changed(start, network__depth=8) == Settings(
        backbone="ConvNet", network={"depth": 8, "batch_norm": True}
    )


@pytest.mark.parametrize(
    ("trainable", "kept"), [("head", False), ("scratch", False), ("head+1", True)]
)
def test_a_first_step_goes_with_what_it_was_for(trainable: str, kept: bool) -> None:
    assert (changed(TWO_STEPS, trainable=trainable).first_step is not None) == kept


def test_changes_may_be_dotted_or_nested_and_leave_the_rest() -> None:
    start = Settings(head={"dropout": 0.5, "dense": [32]})
    dotted = changed(start, head__dense=[64])
    assert dotted == changed(start, head={"dense": [64]})
    assert dotted.head.dropout == 0.5


def test_an_empty_group_means_its_defaults_where_there_was_none() -> None:
    assert changed(Settings(), early_stopping={}).early_stopping == EarlyStopping()
    start = Settings(early_stopping={"patience": 3})
    assert changed(start, early_stopping={}) == start
    assert changed(start, early_stopping=None).early_stopping is None
    assert changed(Settings(), early_stopping__patience=4).early_stopping == EarlyStopping(
        patience=4
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimiser.name": "SGD"}, "here.optimiser.name: unknown setting; did you mean optimizer"),
        ({"head": {"drop": 1}}, "here.head.drop: unknown setting; did you mean head.dropout"),
        ({"head": {1: 2}}, "here.head.1: unknown setting"),
        ({"optimizer": {"momentum": 0.9}}, "momentum is not used by Adam"),
        ({"optimizer": 5, "optimizer.name": "SGD"}, "are both given"),
        ({"optimizer": "SGD"}, "here: optimizer: lines of `name: value` are needed"),
        ({"head": None}, "here: head: lines of `name: value` are needed"),
        ({"epochs": True}, "here: epochs: a number is needed, not true or false; found True"),
        ({"backbone": {}}, "here: backbone: "),
        ({"first_step.epochs": 3}, "first_step is for head+N, from:LAYER and all"),
    ],
)
def test_messages(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        change(Settings(), changes, "here")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_matches() -> None:
    assert matches(MOMENTUM, {}, "only")
    assert matches(MOMENTUM, {"optimizer.name": "SGD", "optimizer": {"momentum": 0.9}}, "only")
    assert not matches(MOMENTUM, {"optimizer.name": "Adam"}, "only")
    # Adam has no momentum at all: such a trial is not the one that is meant.
    assert not matches(Settings(), {"optimizer.momentum": 0.9}, "only")
    assert not matches(CUT, {"backbone": "SqueezeNet"}, "only")
    with pytest.raises(UserError, match=r"only.backbon: unknown setting; did you mean backbone"):
        matches(CUT, {"backbon": "SqueezeNet"}, "only")


def trial(settings: Settings, *varied: tuple[str, Any], repeat: int = 0) -> ResolvedTrial:
    return ResolvedTrial("e", settings, varied, repeat)


def test_names_and_identities() -> None:
    one = trial(Settings(seed=2), ("head.dense", (64, 32)), ("optimizer.learning_rate", 3e-4))
    assert one.name == "head.dense=[64, 32], optimizer.learning_rate=0.0003"
    assert trial(Settings(seed=3), repeat=1).name == "unchanged (seed 3)"
    assert one.id.startswith("MobileNet-head-")
    assert one.setting == trial(Settings(seed=7)).setting
    assert one.id != trial(Settings(seed=7)).id
    assert one.id == ResolvedTrial("another", Settings(seed=2), ()).id
    assert (one.kind.rule, trial(Settings(trainable="head+1")).kind.rule) == (
        "train_heads",
        "fine_tune",
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), (True, "true"), (1e-4, "0.0001"), ((), "[]"), ([1, "a"], "[1, a]"),
     (EarlyStopping(), "[10]")],
)  # fmt: skip
def test_values_are_spelled_as_in_a_config(value: Any, text: str) -> None:
    assert spell(value) == text


def test_doubles_are_named() -> None:
    with pytest.raises(
        UserError, match=r"here: the trials 'unchanged' and 'epochs=50' have the same"
    ):
        reject_duplicates([trial(Settings()), trial(Settings(), ("epochs", 50))], "here")
