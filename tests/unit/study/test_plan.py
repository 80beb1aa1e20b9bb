"""The plan: which jobs trials need, as far as choices are known."""

from collections.abc import Callable
from typing import Any

import pytest

from scenery.config.settings import Settings
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.features import WeightsSpec, plain_features, training_features
from scenery.study.plan import NotChosenYet, Plan
from scenery.study.trials import change, identity_columns, setting_columns


class Choices(dict[str, Settings]):
    """What experiments chose; like files that may not be there yet."""

    def known(self, experiment: str) -> Settings:
        if experiment not in self:
            raise NotChosenYet(experiment)
        return self[experiment]


def plan(experiments: dict[str, Any], choices: Choices | None = None, **config: Any) -> Plan:
    base = {"backbone": "SqueezeNet", "weights": "none"}
    study = read_study({"base": base, **config, "experiments": experiments}, "study.yaml")
    known: Callable[[str], Settings] = (choices if choices is not None else Choices()).known
    return Plan(study, "study.yaml", chosen=known, known=known)


TWO_KINDS = {"a": {"grid": {"trainable": ["head", "all"], "epochs": [1, 2, 3]}}}


def test_trials_on_features_share_jobs_and_others_do_not() -> None:
    found = plan(TWO_KINDS, trials_per_job=2)
    assert [len(shard) for shard in found.shards("a", "train_heads")] == [2, 1]
    assert [t.settings.epochs for shard in found.shards("a", "train_heads") for t in shard] == [
        1,
        2,
        3,
    ]
    assert [t.settings.epochs for t in found.fine_tuned("a")] == [1, 2, 3]
    assert all(t.settings.trainable == "all" for t in found.fine_tuned("a"))
    assert len(found.trials("a")) == 6


def test_an_added_trial_leaves_the_full_shards_alone() -> None:
    space = {"head.dropout": {"uniform": [0.0, 0.9]}}
    four = plan({"a": {"random": {"n_trials": 4, "space": space}}}, trials_per_job=2)
    five = plan({"a": {"random": {"n_trials": 5, "space": space}}}, trials_per_job=2)
    assert five.shards("a", "train_heads")[:2] == four.shards("a", "train_heads")
    assert [len(shard) for shard in five.shards("a", "train_heads")] == [2, 2, 1]


def test_a_trial_is_found_by_its_id() -> None:
    found = plan(TWO_KINDS)
    for trial in found.trials("a"):
        assert found.trial("a", trial.id) is trial
    with pytest.raises(UserError, match="experiment a has no trial nobody"):
        found.trial("a", "nobody")


def test_what_comes_after_a_choice_waits_for_it() -> None:
    choices = Choices()
    found = plan({"a": {}, "b": {"start_from": "a", "grid": {"epochs": [1, 2]}}}, choices)
    with pytest.raises(NotChosenYet):
        found.trials("b")
    assert len(list(found._all_known())) == 1
    choices["a"] = found.trials("a")[0].settings
    assert [t.settings.epochs for t in found.trials("b")] == [1, 2]
    # Another choice is another plan, although the first one is remembered.
    choices["a"] = change(choices["a"], {"head.dropout": 0.5}, "here")
    assert all(t.settings.head.dropout == 0.5 for t in found.trials("b"))


HEIRS = {
    "a": {"grid": {"trainable": ["all", "head"], "epochs": [1, 2]}},
    "b": {"start_from": "a", "grid": {"epochs": [2, 3]}},
    "c": {"start_from": "b", "grid": {"epochs": [1, 2, 3, 4]}},
}


def test_a_trial_that_an_ancestor_fine_tuned_is_not_run_again() -> None:
    choices = Choices()
    found = plan(HEIRS, choices)
    choices["a"] = next(t.settings for t in found.trials("a") if t.kind.rule == "fine_tune")
    choices["b"] = found.trials("b")[1].settings
    ran = {t.settings.epochs: found.runs_in("c", t) for t in found.trials("c")}
    assert ran == {1: "a", 2: "a", 3: "b", 4: "c"}


def test_another_seed_is_another_trial() -> None:
    choices = Choices()
    repeated = {"a": {"overrides": {"trainable": "all"}}, "b": {"start_from": "a", "repeats": 2}}
    found = plan(repeated, choices)
    choices["a"] = found.trials("a")[0].settings
    assert [found.runs_in("b", t) for t in found.trials("b")] == ["a", "b"]


def test_experiments_that_chose_the_same_share_a_final_model() -> None:
    choices = Choices()
    found = plan(HEIRS, choices)
    same = found.trials("a")[0].settings
    choices.update(a=same, b=same, c=change(same, {"epochs": 4}, "here"))
    assert [found.refit_in(name) for name in "abc"] == ["a", "a", "c"]
    choices["a"] = change(same, {"epochs": 9}, "here")
    assert found.refit_in("b") == "b"
    choices["c"] = choices["b"]
    assert found.refit_in("c") == "b"


def test_features_and_weights_are_found_by_name() -> None:
    experiments = {"a": {"grid": {"augment.zoom": [0, 0.1], "weights": ["none", "x/w.h5"]}}}
    found = plan(experiments)
    for trial in found.trials("a"):
        for features in (plain_features(trial.settings), training_features(trial.settings)):
            assert found.feature_set(features.id) == features
    spec = WeightsSpec("SqueezeNet", "x/w.h5")
    with pytest.raises(UserError, match="no trial of this study needs the features x"):
        found.feature_set("x")
    assert {t.weights for t in found.trials("a")} == {None, spec}
    assert found.weights(spec.id) == spec
    with pytest.raises(UserError, match="no trial of this study needs the weights x"):
        found.weights("x")


def test_layers_of_all_trials_that_could_be() -> None:
    choices = Choices()
    grid = {"cut": [None, "fire4_concat"], "weights": ["none", "x/w.h5"]}
    experiments = {"a": {"grid": grid}, "b": {"start_from": "a"}}
    experiments["b"]["overrides"] = {"remove_stages": 1}
    found = plan(experiments, choices)
    weights = WeightsSpec("SqueezeNet", "x/w.h5").id
    before = found.layers_needed(weights)
    assert len(before) == 4
    assert {"fire4_concat", "fire9_concat"} < set(before)
    # A choice is no reason to check the weights again.
    choices["a"] = found.trials("a")[0].settings
    assert plan(experiments, choices).layers_needed(weights) == before
    assert found.layers_needed(WeightsSpec("VGG16", "x/w.h5").id) == []


def test_layers_of_weights_of_an_own_network_are_those_of_the_chosen_one() -> None:
    grid = {"network.widths": [[8], [8, 4, 2]]}
    mlp = {"backbone": "MLP", "trainable": "scratch", "image_size": 16}
    inner = {"weights": "experiment:a", "trainable": "head"}
    choices = Choices()
    experiments = {
        "a": {"overrides": mlp, "grid": grid},
        "b": {"start_from": "a", "overrides": inner},
    }
    weights = WeightsSpec("MLP", "experiment:a").id
    for trial, layer in zip(plan(experiments).trials("a"), ("dense1", "dense3"), strict=True):
        choices["a"] = trial.settings
        assert plan(experiments, choices).layers_needed(weights) == [f"{layer}_activation"]


def test_what_may_be_chosen() -> None:
    only = {"choose": {"only": {"trainable": "head"}}}
    found = plan({"a": {**TWO_KINDS["a"], **only, "repeats": 2}})
    allowed = found.choosable("a")
    assert [t.settings.trainable == "head" for t in found.trials("a")] == allowed
    assert sum(allowed) == 6


def test_rows_of_the_trial_table() -> None:
    (trial,) = plan({"a": {"list": [{"head.dense": [8, 4]}]}}).trials("a")
    values = identity_columns(trial) | setting_columns(trial.settings)
    assert values["trial"] == trial.id
    assert (values["head.dense"], values["varied"]) == ("[8, 4]", '["head.dense"]')
    assert set(Settings().flat()) <= set(values)
