"""Reading a config: a checked study, or messages that name key, value and what is allowed."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from forms import form
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenery.config.settings import OPTIMIZERS, Settings
from scenery.config.study import Study
from scenery.config.validation import check_files, read_study
from scenery.errors import UserError
from scenery.messages import suggestions
from scenery.study.checks import check_study

GOOD: dict[str, Any] = {
    "title": "A study",
    "dataset": {"path": "generated"},
    "subsets": {"small": {"per_class": 5}},
    "base": {"backbone": "MobileNet", "epochs": 5},
    "experiments": {
        "first": {"grid": {"head.dropout": [0, 0.5]}},
        "second": {"start_from": "first", "list": [{"subset": "small"}, {"remove_stages": 1}]},
        "third": {
            "start_from": "second",
            "random": {
                "n_trials": 3,
                "space": {"optimizer.learning_rate": {"loguniform": [1e-5, 1]}},
            },
        },
    },
}

# A path of keys, the value put there, and what the message says after the file's name.
MISTAKES: list[tuple[str, Any, str]] = [
    ("titel", "x", "titel: unknown key; did you mean title?"),
    ("zzz", 1, "zzz: unknown key; known are title, results, dataset"),
    ("title", 5, "title: input should be a valid string; found 5"),
    ("results", "/tmp/x", "results: it is results or a folder below it"),
    ("results", "results/../x", "results: it is results or a folder below it"),
    ("results", "outcomes", "such as results/mit_scenes; found 'outcomes'"),
    ("results", "results/{x}", "results: its parts have letters, digits"),
    ("results", "results/a b", "results: its parts have letters, digits"),
    ("refit", "yes", "refit: true or false is needed; found 'yes'"),
    ("trials_per_job", 0, "trials_per_job: input should be greater than or equal to 1; found 0"),
    ("trials_per_job", True, "trials_per_job: a number is needed, not true or false; found True"),
    ("gpu_missing", "wait", "gpu_missing: input should be 'continue' or 'stop'; found 'wait'"),
    ("dataset.pth", "x", "dataset.pth: unknown key; did you mean path?"),
    ("dataset", None, "dataset: lines of `name: value` are needed below it; found None"),
    ("dataset.resize", "fit", "dataset.resize: input should be 'stretch', 'crop' or 'pad'; found"),
    ("dataset.duplicates.leaks", "ignore", "dataset.duplicates.leaks: input should be 'drop'"),
    ("dataset.generated.per_class", 2, "dataset.generated.per_class: input should be greater"),
    ("dataset.max_pixels", 1.5, "dataset.max_pixels: input should be a valid integer"),
    ("split.validation", 1, "split.validation: input should be less than 1; found 1"),
    ("split.validation", 0, "split.validation: input should be greater than 0; found 0"),
    ("split.test", float("nan"), "split.test: input should be a finite number; found nan"),
    ("split.seed", -1, "split.seed: input should be greater than or equal to 0; found -1"),
    ("split.seed", 2**31, "split.seed: input should be less than 2147483648"),
    ("subsets.small.per_class", 0, "subsets.small.per_class: input should be greater"),
    ("subsets.small", {}, "subsets.small: a subset has one of per_class, total and files"),
    ("subsets.small.seeds", 3, "subsets.small.seeds: unknown key; did you mean seed?"),
    ("subsets.2nd", {"per_class": 3}, "subsets.2nd: a name starts with a letter"),
    ("subsets.full", {"per_class": 3}, "subsets.full: full is the name of the whole training set"),
    ("base", [], "base: lines of `name: value` are needed below it; found []"),
    ("base.backbon", "x", "base.backbon: unknown key; did you mean backbone?"),
    ("base.backbone", "MobilNet", "backbone: 'MobilNet' is not known; did you mean MobileNet"),
    ("base.image_size", 8, "base.image_size: input should be 'native', or input should be greater"),
    ("base.head.dropout", 1, "base.head.dropout: input should be less than 1; found 1"),
    ("base.head.dense", [0], "base.head.dense.0: input should be greater than or equal to 1"),
    ("base.head.activation", "rel", "base.head.activation: input should be 'relu', 'elu'"),
    ("base.head.dense", 64, "base.head.dense: input should be a list; found 64"),
    ("base.head.pooling", "mean", "base.head.pooling: input should be 'average', 'max', 'flatten'"),
    ("base.optimizer.name", "adam", "base.optimizer.name: input should be 'SGD', 'RMSprop'"),
    ("base.optimizer.learning_rate", 0, "base.optimizer.learning_rate: input should be greater"),
    ("base.optimizer.momentum", 0.9, "base.optimizer: momentum is not used by Adam, only by SGD"),
    ("base.schedule.every", 3, "base.schedule: every is not used by constant, only by step"),
    ("base.schedule.warmup_epochs", 5, "base: schedule.warmup_epochs (5) must be below epochs (5)"),
    ("base.augment.rotation", 181, "base.augment.rotation: input should be less than or equal to"),
    ("base.trainable", "head+0", "base.trainable: allowed are head, head+N"),
    ("base.first_step", {"epochs": 2}, "base: first_step is for head+N, from:LAYER and all"),
    ("base.subset", "smal", "subset: there is no subset 'smal'; did you mean small?"),
    ("base.cut", "conv_pw_99", "cut: MobileNet has no layer 'conv_pw_99'"),
    ("base.seed", 1.5, "base.seed: input should be a valid integer"),
    ("experiments", {}, "experiments: dictionary should have at least 1 item"),
    (
        "experiments.first.choose",
        {"ensemble": 1},
        "experiments.first.choose.ensemble: input should be greater than or equal to 2; found 1",
    ),
    (
        "experiments.first.choose",
        {"soup": 21},
        "experiments.first.choose.soup: input should be less than or equal to 20; found 21",
    ),
    ("experiments", ["first"], "experiments: lines of `name: value` are needed below it"),
    ("experiments.a/b", {}, "experiments.a/b: a name starts with a letter and has letters"),
    ("experiments.first.grid", {}, "experiments.first: grid is empty: name at least one setting"),
    ("experiments.first.grid.seed", [], "experiments.first.grid.seed: list should have at least 1"),
    ("experiments.first.grid.seed", 3, "experiments.first.grid.seed: input should be a valid list"),
    ("experiments.first.gird", {}, "experiments.first.gird: unknown key; did you mean grid?"),
    ("experiments.first.list", [{}], "experiments.first: give one of grid, list, random and"),
    ("experiments.first.grid.epoch", [1], "experiments.first.grid.epoch: unknown setting; did you"),
    ("experiments.first.grid.seed", ["x"], "experiments.first.grid: seed: input should be a valid"),
    ("experiments.first.overrides", {"epochs": 0}, "experiments.first.overrides: epochs: input sh"),
    ("experiments.first.repeats", 0, "experiments.first.repeats: input should be greater than or"),
    ("experiments.first.start_from", "nobody", "experiments.first.start_from: there is no experim"),
    ("experiments.first.start_from", "second", "experiments.first.start_from: first and second co"),
    ("experiments.first.start_from", "first", "experiments.first.start_from: first and first come"),
    ("experiments.second.list", [{"epochs": 1}, {"epochs": 1}], "experiments.second: the trials"),
    ("experiments.second.list", [{"remove_stages": 99}], "so at most 4 can be removed; found 99"),
    ("experiments.third.start_from", "thrid", "there is no experiment 'thrid'; did you mean third"),
    ("experiments.third.random.n_trials", 0, "experiments.third.random.n_trials: input should be"),
    ("experiments.third.random.space", {}, "experiments.third.random.space: dictionary should"),
    ("experiments.third.random.space.epochs", [], "experiments.third.random.space.epochs: give ex"),
    (
        "experiments.third.random.space.epochs",
        {"integer": [5, 5]},
        "experiments.third.random.space.epochs: the first number must be below the second",
    ),
    (
        "experiments.third.random.space.epochs",
        {"integer": [1, 5], "uniform": [1, 5]},
        "experiments.third.random.space.epochs: give exactly one of uniform, loguniform, integer",
    ),
    (
        "experiments.third.random.space.head.l2",
        {"loguniform": [0, 1]},
        "experiments.third.random.space.head.l2: loguniform needs numbers above 0; found 0.0",
    ),
    (
        "experiments.third.random.space.epoch",
        [3, 4],
        "experiments.third.random.space.epoch: unknown setting; did you mean epochs?",
    ),
    ("experiments.first.choose.by", "test_accuracy", "experiments.first.choose.by: input should"),
    ("experiments.first.choose.smallest_within", 0, "experiments.first.choose.smallest_within: in"),
    (
        "experiments.first.choose",
        {"smallest_within": 0.1, "one_standard_error": True},
        "experiments.first.choose: smallest_within and one_standard_error exclude each other",
    ),
    (
        "experiments.first.choose",
        {"by": "validation_loss", "one_standard_error": True},
        "experiments.first.choose: one_standard_error compares validation_accuracy only",
    ),
    (
        "experiments.first.choose.one_standard_error",
        True,
        "experiments.first: choose.one_standard_error needs repeats of at least 2",
    ),
    ("experiments.first.choose.only", {"epochs": 7}, "no trial of the experiment has"),
    ("experiments.first.choose.only", {"epoch": 7}, "experiments.first.choose.only.epoch: unknown"),
]  # fmt: skip


def put(config: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at dotted keys; the names of settings keep their dots."""
    for settings_name in ("head.l2",):
        path = path.replace(settings_name, settings_name.replace(".", "\0"))
    *parents, last = path.split(".")
    place = config
    for parent in parents:
        place = place.setdefault(parent.replace("\0", "."), {})
    place[last.replace("\0", ".")] = value


def checked(config: dict[str, Any]) -> tuple[Study, set[str]]:
    study = read_study(config, "study.yaml")
    return study, check_study(study, "study.yaml")


def test_the_good_one_is_good() -> None:
    study, weights = checked(GOOD)
    assert list(study.experiments) == ["first", "second", "third"]
    assert weights == {"imagenet"}
    assert study.subset_names == ("full", "small")
    assert [e.strategy for e in study.experiments.values()] == ["grid", "list", "random"]


@pytest.mark.parametrize(("path", "value", "message"), MISTAKES, ids=lambda v: str(v)[:40])
def test_a_mistake_is_one_line(path: str, value: Any, message: str) -> None:
    config = copy.deepcopy(GOOD)
    put(config, path, value)
    with pytest.raises(UserError) as error:
        checked(config)
    text = str(error.value)
    assert message in text
    assert text.startswith("study.yaml: ")
    assert "\n" not in text
    assert not any(word in text for word in ("pydantic", "Optional", "literal[", "function-"))


def test_each_mistake_has_a_line_and_none_stands_twice() -> None:
    config = copy.deepcopy(GOOD)
    put(config, "base.epochs", 0)
    put(config, "split.test", 2)
    put(config, "titel", "x")
    with pytest.raises(UserError) as error:
        checked(config)
    lines = str(error.value).splitlines()
    assert len(lines) == len(set(lines)) == 3
    assert all(line.startswith("study.yaml: ") for line in lines)


def test_many_mistakes_are_counted() -> None:
    with pytest.raises(UserError) as error:
        checked({**GOOD, **{f"key_{number}": 1 for number in range(50)}})
    lines = str(error.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 30 more mistakes"


def test_long_values_are_cut() -> None:
    with pytest.raises(UserError) as error:
        checked({**GOOD, "gpu_missing": "x" * 1000})
    assert len(str(error.value)) < 200


def test_too_many_trials_are_refused_before_they_are_made() -> None:
    many = list(range(2000))
    config = {"experiments": {"huge": {"grid": {"seed": many, "epochs": many[1:], "views": many}}}}
    with pytest.raises(
        UserError, match=r"experiments.huge: 7996000000 trials are too many .* 100000"
    ):
        checked(config)
    # One that comes after another is looked at before it is expanded, too.
    config["experiments"] = {
        "first": {},
        "huge": {"start_from": "first", **config["experiments"]["huge"]},
    }
    with pytest.raises(UserError, match=r"experiments.huge: 7996000000 trials are too many"):
        checked(config)
    repeated = {"experiments": {"huge": {"grid": {"seed": many}, "repeats": 51}}}
    with pytest.raises(UserError, match="102000 trials are too many"):
        checked(repeated)


def test_keys_of_another_shape() -> None:
    with pytest.raises(UserError, match=r"experiments.1: input should be a valid string"):
        checked({"experiments": {1: {}}})
    with pytest.raises(UserError, match="bad key: unknown key"):
        checked({**GOOD, "bad\nkey": 1})
    with pytest.raises(UserError, match="experiments: it is needed and is not there"):
        checked({})


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ("dataset.path", {"dataset": {"path": "nowhere"}}, "there is no file or folder 'nowhere'"),
        ("dataset.root", {"dataset": {"root": "nowhere"}}, "there is no folder 'nowhere'"),
        ("weights", {"base": {"weights": "a.h5"}}, "there is no file 'a.h5'"),
        ("weights", {"base": {"weights": ""}}, "there is no file ''"),
    ],
)
def test_files_that_are_not_there(key: str, change: dict[str, Any], message: str) -> None:
    study, weights = checked({**GOOD, **change})
    with pytest.raises(UserError) as error:
        check_files(study, weights, "study.yaml")
    assert str(error.value).startswith(f"study.yaml: {key}: {message}")


def test_files_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "w.h5").touch()
    config = {**GOOD, "dataset": {"path": str(tmp_path)}, "base": {"weights": f"{tmp_path}/w.h5"}}
    check_files(*checked(config), "study.yaml")


def test_weights_of_every_experiment_are_looked_for() -> None:
    config = {
        "experiments": {"a": {"grid": {"weights": ["none", "x.h5"]}}, "b": {"start_from": "a"}}
    }
    assert checked(config)[1] == {"none", "x.h5"}


def test_nearest() -> None:
    assert suggestions("epoch", ["epochs", "seed"]) == "did you mean epochs?"
    assert suggestions("zzz", ["epochs", "seed"]) == "known are epochs, seed"


def test_a_kept_config_reads_as_the_study_it_came_from() -> None:
    study, _ = checked(GOOD)
    text = yaml.safe_dump(study.model_dump(mode="json", by_alias=True))
    again, _ = checked(yaml.safe_load(text))
    assert again == study


KEYS = [*sorted(Settings.model_fields), "head.dropout", "optimizer.name", "early_stopping.patience"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.dates(),
    st.sampled_from(["native", "full", "none", "imagenet", "all", "head+1", "1e-3", *OPTIMIZERS]),
    st.sampled_from(["MobileNet", "SqueezeNet", "small", "first", "conv_pw_12_relu"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=3)), inner, max_size=3),
    ),
    max_leaves=5,
)
CHANGES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3)
SPACES = st.dictionaries(
    st.sampled_from(KEYS),
    st.one_of(
        st.lists(VALUES, min_size=1, max_size=3),
        st.fixed_dictionaries(
            {},
            optional={
                "uniform": st.lists(SCALARS, max_size=3),
                "loguniform": st.lists(st.floats(), min_size=2, max_size=2),
                "integer": st.lists(st.integers(), min_size=2, max_size=2),
                "choice": st.lists(VALUES, max_size=3),
                "when": st.dictionaries(st.sampled_from(KEYS), st.lists(SCALARS), max_size=2),
            },
        ),
        VALUES,
    ),
    min_size=1,
    max_size=3,
)
EXPERIMENTS = st.fixed_dictionaries(
    {},
    optional={
        "start_from": st.one_of(st.sampled_from(["first", "second", "third"]), SCALARS),
        "overrides": st.one_of(CHANGES, VALUES),
        "grid": st.dictionaries(
            st.sampled_from(KEYS), st.one_of(st.lists(VALUES, max_size=3), VALUES), max_size=2
        ),
        "list": st.lists(st.one_of(CHANGES, VALUES), max_size=2),
        "random": st.fixed_dictionaries({"n_trials": st.integers(-1, 5), "space": SPACES}),
        "repeats": st.integers(0, 3),
        "choose": st.one_of(st.fixed_dictionaries({"only": CHANGES}), VALUES),
    },
)
CONFIGS = st.fixed_dictionaries(
    {"experiments": st.dictionaries(st.sampled_from(["first", "second"]), EXPERIMENTS)},
    optional={
        "title": VALUES,
        "results": st.one_of(st.just("results/x"), SCALARS),
        "dataset": VALUES,
        "split": VALUES,
        "subsets": st.one_of(st.just({"small": {"per_class": 3}}), VALUES),
        "base": st.one_of(CHANGES, VALUES),
        "zzz": VALUES,
    },
)


@given(config=CONFIGS)
@settings(max_examples=form(80, 300), deadline=None, suppress_health_check=list(HealthCheck))
def test_any_config_gives_a_study_or_a_message(config: dict[str, Any]) -> None:
    try:
        study, weights = checked(config)
    except UserError as error:
        assert str(error)
        for line in str(error).split("\n"):
            assert line.startswith(("study.yaml: ", "and ")), line
        return
    assert study.experiments
    assert weights


@pytest.mark.parametrize("choose", [{"by": "cost"}, {"costs": {"a": {"b": 2}}}])
def test_cost_and_costs_belong_together(choose: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="by: cost and costs belong together"):
        read_study({"experiments": {"one": {"choose": choose}}}, "study.yaml")


@pytest.mark.parametrize("key", ["ensemble", "soup"])
def test_an_ensemble_or_a_soup_needs_tests_of_its_members(key: str) -> None:
    config = copy.deepcopy(GOOD) | {"compare": False}
    config["experiments"]["second"]["choose"] = {key: 2}
    with pytest.raises(UserError, match=rf"experiments\.second\.choose\.{key} needs compare: true"):
        read_study(config, "study.yaml")
