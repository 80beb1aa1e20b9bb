"""Settings of classical models: what is refused, what goes with what, and what names them."""

from typing import Any

import pytest
from pydantic import ValidationError

from scenery.config.classifier import CLASSIFIER_OPTIONS, CLASSIFIERS, KERNELS, Classifier
from scenery.config.head import Head
from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.checks import check_study
from scenery.study.experiments import expand
from scenery.study.trial_kinds import CLASSIFIER, FINE_TUNING, HEAD, trial_kind
from scenery.study.trials import ResolvedTrial, change, setting_names

VALUES: dict[str, Any] = {
    "kernel": "linear", "gamma": 0.1, "C": 2, "n_neighbors": 3, "n_estimators": 9, "max_depth": 4,
    "max_iter": 50, "learning_rate": 0.3,
}  # fmt: skip
SVM = Settings(classifier={"name": "svm", "C": 10, "gamma": 0.01})


def classifier(**values: Any) -> Classifier:
    """A classifier as it is among settings, with its scaling."""
    return Settings(classifier=values).classifier


def study(experiments: dict[str, Any], **base: Any) -> Study:
    start = {"backbone": "SqueezeNet", "weights": "none", **base}
    return read_study({"base": start, "experiments": experiments}, "study.yaml")


def trials(experiments: dict[str, Any], **base: Any) -> list[ResolvedTrial]:
    made = study(experiments, **base)
    check_study(made, "study.yaml")
    return expand(made, next(iter(experiments)), None, "study.yaml")


@pytest.mark.parametrize("option", CLASSIFIER_OPTIONS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier_with_an_option_of_another_is_refused(name: str, option: str) -> None:
    values = {"name": name, option: VALUES[option]}
    if name in CLASSIFIER_OPTIONS[option]:
        assert getattr(Classifier(**values), option) == VALUES[option]
    else:
        with pytest.raises(ValidationError, match=f"{option} is not used by {name}, only by"):
            Classifier(**values)


@pytest.mark.parametrize("kernel", KERNELS)
def test_gamma_with_another_kernel_is_refused(kernel: str) -> None:
    if kernel == "rbf":
        assert Classifier(kernel=kernel, gamma=3).gamma == 3
    else:
        with pytest.raises(ValidationError, match=f"gamma is not used by {kernel}"):
            Classifier(kernel=kernel, gamma=3)


def test_classifier_with_defaults_written_out_is_the_same_trial() -> None:
    said = Settings(classifier={"name": "svm", "kernel": "rbf", "C": 1, "gamma": "scale"})
    assert Settings(classifier={}) == said
    assert Settings(classifier={}).digest() == said.digest()
    assert Classifier(name="nearest_neighbors").n_neighbors == 5
    assert Classifier(name="random_forest").max_depth is None


SCALINGS: list[tuple[dict[str, Any], str]] = [
    ({}, "standard"),
    ({"kernel": "histogram_intersection"}, "l1"),
    ({"name": "random_forest"}, "none"),
    ({"name": "gradient_boosting"}, "none"),
    ({"scaling": "l2"}, "l2"),
]


@pytest.mark.parametrize(("values", "scaling"), SCALINGS)
def test_settings_with_a_classifier_have_the_scaling_that_suits_it(
    values: dict[str, Any], scaling: str
) -> None:
    assert classifier(**values).scaling == scaling


def test_scaling_of_an_encoding_is_none_unless_written() -> None:
    # An encoding normalizes its vectors itself.
    encoded = Settings(classifier={}, encoding={})
    assert encoded.classifier.scaling == "none"
    # A default follows what it depends on; a written value stays.
    assert change(Settings(classifier={}), {"encoding": {}}, "x") == encoded
    assert change(encoded, {"encoding": None}, "x") == Settings(classifier={})
    written = Settings(classifier={"scaling": "l2"})
    assert change(written, {"encoding": {}}, "x").classifier.scaling == "l2"


def test_classifier_with_standard_scaling_of_histograms_is_refused() -> None:
    with pytest.raises(ValidationError, match="values from 0, which scaling: standard does not"):
        Classifier(kernel="histogram_intersection", scaling="standard")


def test_classifier_with_fine_tuning_is_refused() -> None:
    with pytest.raises(ValidationError, match="trainable must be head, not all"):
        Settings(trainable="all", classifier={})


def test_neighbors_with_class_weights_are_refused() -> None:
    with pytest.raises(ValidationError, match="class_weights are not used by nearest_neighbors"):
        Settings(class_weights="balanced", classifier={"name": "nearest_neighbors"})
    assert Settings(class_weights="balanced", classifier={}).class_weights == "balanced"


def test_classifier_with_network_settings_is_the_same_trial() -> None:
    head = Head(pooling="max", dense=(8,), dropout=0.5)
    one = Settings(classifier={}, epochs=7, batch_size=3, head=head, early_stopping={})
    assert one == Settings(classifier={}, head=Head(pooling="max"))
    assert one.digest() == Settings(classifier={}, head=Head(pooling="max")).digest()


def test_settings_give_their_rules() -> None:
    assert trial_kind(SVM) is CLASSIFIER
    assert trial_kind(Settings()) is HEAD
    tuned = Settings(trainable="all")
    assert trial_kind(tuned) is FINE_TUNING


def test_digest_without_a_classifier_is_unchanged() -> None:
    assert Settings().digest() == "44136fa355"
    assert ResolvedTrial("e", SVM).id == "MobileNet-head-" + SVM.digest()


def changed(settings: Settings, **changes: Any) -> Classifier | None:
    return change(settings, {k.replace("__", "."): v for k, v in changes.items()}, "x").classifier


def test_change_of_the_classifier_drops_its_own_options() -> None:
    assert changed(SVM, classifier__name="random_forest") == classifier(name="random_forest")
    assert changed(SVM, classifier__kernel="linear") == classifier(kernel="linear", C=10)
    assert changed(SVM, classifier__C=3) == classifier(C=3, gamma=0.01)
    both = changed(SVM, classifier__name="logistic_regression", classifier__C=3)
    assert both == classifier(name="logistic_regression", C=3)
    scaled = Settings(classifier={"scaling": "l2"})
    assert changed(scaled, classifier__name="nearest_neighbors") == classifier(
        name="nearest_neighbors", scaling="l2"
    )


def test_change_adds_and_removes_a_classifier() -> None:
    assert changed(Settings(), classifier__C=3) == classifier(C=3)
    assert changed(Settings(), classifier={}) == classifier()
    assert changed(SVM, classifier=None) is None
    # A network that learns has a softmax head.
    assert changed(SVM, trainable="all") is None
    with pytest.raises(UserError, match="trainable must be head, not all"):
        changed(SVM, trainable="all", classifier__C=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", 3), ("optimizer.name", "SGD"), ("head.dropout", 0.5), ("head", {"dense": [3]}),
     ("early_stopping", {}), ("label_smoothing", 0.1), ("first_step.epochs", 2)],
)  # fmt: skip
def test_change_of_a_network_setting_with_a_classifier_is_refused(name: str, value: Any) -> None:
    with pytest.raises(UserError, match=r"is for networks and not used by a classifier"):
        change(SVM, {name: value}, "x")
    change(SVM, {name: value, "classifier": None, "trainable": "head+1"}, "x")


def test_change_of_pooling_with_a_classifier_is_kept() -> None:
    assert change(SVM, {"head.pooling": "max"}, "x").head == Head(pooling="max")
    assert change(SVM, {"early_stopping": None, "views": 3}, "x").views == 3


def test_setting_names_contain_those_of_classifiers() -> None:
    names = {"classifier", *(f"classifier.{field}" for field in Classifier.model_fields)}
    assert names <= set(setting_names())


def test_grid_and_random_search_vary_the_classifier() -> None:
    grid = {"classifier.C": [1, 10], "classifier.kernel": ["linear", "rbf"]}
    found = trials({"a": {"grid": grid}})
    assert [t.name for t in found[:2]] == [
        "classifier.C=1, classifier.kernel=linear",
        "classifier.C=1, classifier.kernel=rbf",
    ]
    space = {
        "classifier.name": ["svm", "nearest_neighbors"],
        "classifier.C": {"loguniform": [0.01, 100], "when": {"classifier.name": ["svm"]}},
    }
    found = trials({"a": {"random": {"n_trials": 12, "space": space}}})
    kinds = {t.settings.classifier.name for t in found if t.settings.classifier}
    assert kinds == {"svm", "nearest_neighbors"}


def test_experiment_after_a_classifier_trains_as_the_base() -> None:
    experiments = {
        "a": {"overrides": {"classifier": {"C": 3}}},
        "b": {
            "start_from": "a",
            "overrides": {"classifier": None},
            "grid": {"trainable": ["head", "all"]},
        },
    }
    made = study(experiments, epochs=7, head={"dropout": 0.25, "pooling": "max"})
    check_study(made, "study.yaml")
    chosen = expand(made, "a", None, "study.yaml")[0].settings
    assert chosen.epochs == Settings().epochs
    for trial in expand(made, "b", chosen, "study.yaml"):
        assert (trial.settings.epochs, trial.settings.head.dropout) == (7, 0.25)
        assert trial.settings.head.pooling == "max"


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {
            "a": {"list": [{}, {"classifier": {}}]},
            "b": {"start_from": "a", "grid": {"epochs": [1, 2]}},
        },
        {},
        r"experiments.b.grid: epochs is for networks",
    ),
    (
        {
            "a": {"grid": {"classifier.kernel": ["linear", "rbf"]}},
            "b": {"start_from": "a", "grid": {"classifier.gamma": [1, 2]}},
        },
        {},
        r"gamma is not used by linear",
    ),
    ({"a": {}}, {"classifier": {}, "epochs": 5}, r"base.epochs: it is for networks"),
    ({"a": {"grid": {"classifier.K": [1]}}}, {}, r"did you mean classifier"),
]


@pytest.mark.parametrize(("experiments", "base", "message"), REFUSED)
def test_study_with_wrong_classifier_settings_is_refused(
    experiments: dict[str, Any], base: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        trials(experiments, **base)
