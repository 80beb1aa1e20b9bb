"""Possible networks: the same as by an expansion from each start, without that expansion."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study import expansions as expansions_module
from scenery.study import possible_networks
from scenery.study.checks import check_study
from scenery.study.expansions import Expansions
from scenery.study.experiments import expand, matches
from scenery.study.plan import Plan
from scenery.study.possible_networks import experiment_starts, possible_layers
from scenery.study.trial_network import SIZED, OwnNetwork

CONFIGS = Path(__file__).parents[3] / "config"
NETWORKS = {"grid": {"backbone": ["MobileNet", "VGG16", "ResNet50", "MobileNetV2"]}}
CUTS = {"start_from": "a", "grid": {"remove_stages": [0, 1], "head.dense": [[], [8]]}}
STUDIES: dict[str, dict[str, Any]] = {
    "depths": {"a": NETWORKS, "b": {"start_from": "a", "grid": {
        "trainable": ["head+1", "head+5", "scratch"], "epochs": [3, 5]}}},
    "only": {"a": NETWORKS, "b": {**CUTS, "choose": {"only": {"head.dense": [8]}}},
             "c": {"start_from": "b", "grid": {"epochs": [3, 4]}}},
    "only a network": {"a": NETWORKS, "b": {"start_from": "a", "list": [
        {"backbone": "MobileNet", "epochs": 2}, {"cut": None, "epochs": 3},
        {"backbone": "VGG16", "epochs": 4}],
        "choose": {"only": {"backbone": "VGG16", "epochs": 4}}}},
    "other epochs": {"a": {"list": [{"backbone": "VGG16", "epochs": 20}, {"epochs": 5}]},
                     "b": {"start_from": "a", "grid": {"schedule.warmup_epochs": [0, 4]}}},
    "random": {"a": NETWORKS, "b": {**CUTS}, "c": {"start_from": "b", "random": {
        "n_trials": 6, "space": {"optimizer.name": ["SGD", "Adam"], "trainable": ["head", "all"],
                                 "optimizer.learning_rate": {"loguniform": [1e-4, 1e-1]}}}}},
    "classifiers": {"a": NETWORKS, "b": {"start_from": "a", "list": [
        {}, {"classifier": {"name": "svm"}}, {"classifier": {"name": "svm", "kernel": "linear"}}]},
        "c": {"start_from": "b", "grid": {"head.pooling": ["average", "max"]}}},
}  # fmt: skip


def study(experiments: dict[str, Any]) -> Study:
    base = {"backbone": "MobileNet", "weights": "none", "image_size": 64}
    return read_study({"base": base, "experiments": experiments}, "s")


def by_expansion(
    study: Study,
) -> Iterator[tuple[str, Settings | None, list[Settings], list[Settings]]]:
    """The networks and choices of each experiment, with all trials of each start."""
    choices: dict[str, list[Settings]] = {}
    for name, experiment in study.experiments.items():
        parent, found = experiment.start_from, {}
        for start in [None] if parent is None else choices[parent]:
            trials = [trial.settings for trial in expand(study, name, start, "s")]
            first: dict[Any, Settings] = {}
            for settings in trials:
                first.setdefault(possible_networks._network(settings), settings)
            yield name, start, list(first.values()), choices.get(str(parent), [])
            for settings in trials:
                if matches(settings, experiment.choose.only, "s"):
                    found.setdefault(possible_networks._network(settings), settings)
        choices[name] = list(found.values())


def shipped() -> dict[str, Study]:
    configs = {path.stem: yaml.safe_load(path.read_text()) for path in CONFIGS.glob("*.yaml")}
    return {name: read_study(config, name) for name, config in configs.items()}


CASES = {name: study(experiments) for name, experiments in STUDIES.items()}
# The reference expands 15,000 trials of this study. Its first two experiments are enough.
SHIPPED = shipped()
SHIPPED["mit_scenes"] = SHIPPED["mit_scenes"].model_copy(
    update={"experiments": dict(list(SHIPPED["mit_scenes"].experiments.items())[:3])}
)


@pytest.mark.parametrize("whole", [*CASES.values(), *SHIPPED.values()], ids=[*CASES, *SHIPPED])
def test_experiment_starts_give_what_all_trials_give(whole: Study) -> None:
    reference = list(by_expansion(whole))
    found = list(experiment_starts(Expansions(whole, "s")))
    assert [(one.experiment, one.start, one.networks) for one in found] == [
        (name, start, networks) for name, start, networks, _ in reference
    ]
    for one, (_, _, _, choices) in zip(found, reference, strict=True):
        parent = whole.experiments[one.experiment].start_from
        assert one.choices.get(str(parent), []) == choices
    layers: dict[str, dict[OwnNetwork, set[str]]] = {}
    for name, start, _, _ in reference:
        for features in Expansions(whole, "s").of(name, start).feature_sets.values():
            if features.weights_spec is not None:
                sized = features.backbone in SIZED
                own = (features.image_size, features.network) if sized else None
                of_weights = layers.setdefault(features.weights_spec.id, {})
                of_weights.setdefault(own, set()).add(features.layer)
    assert possible_layers(found) == layers


def test_experiment_starts_with_settings_that_one_start_cannot_have_are_refused() -> None:
    wrong = {**STUDIES["other epochs"]}
    wrong["b"] = {"start_from": "a", "grid": {"schedule.warmup_epochs": [0, 6]}}
    with pytest.raises(UserError, match=r"warmup_epochs \(6\) must be below epochs \(5\)"):
        check_study(study(wrong), "s")


def test_experiment_starts_with_two_equal_trials_after_one_choice_are_refused() -> None:
    twice = {"a": NETWORKS, "b": {"start_from": "a", "list": [{"backbone": "VGG16"}, {}]}}
    with pytest.raises(UserError, match="have the same settings"):
        check_study(study(twice), "s")


def test_large_study_is_expanded_once_from_each_kind_of_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Six chained experiments after 12 networks; trials, not seconds, are counted.
    names = ["MobileNet", "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152", "ResNet50V2",
             "DenseNet121", "DenseNet169", "Xception", "InceptionV3", "MobileNetV2"]  # fmt: skip
    grid = {"head.dropout": [0, 0.1, 0.2], "batch_size": [8, 16], "epochs": [1, 2, 3]}
    experiments: dict[str, Any] = {"a": {"overrides": {"image_size": 96}, "grid": {
        "backbone": names}}}  # fmt: skip
    for name, before in zip("bcdef", "abcde", strict=True):
        experiments[name] = {"start_from": before, "grid": grid}
    whole = study(experiments)
    calls: list[str] = []

    def counted(study: Study, name: str, *rest: Any) -> Any:
        calls.append(name)
        return expand(study, name, *rest)

    monkeypatch.setattr(expansions_module, "expand", counted)
    expansions = Expansions(whole, "s")
    check_study(whole, "s", expansions)
    plan = Plan(whole, "s", chosen={}.__getitem__, known={}.__getitem__, expansions=expansions)
    assert len(plan.trials("a")) == len(names)
    assert plan.layers_needed("VGG16-imagenet") == []
    assert calls == list("abcdef")
