"""From experiments to trials."""

from typing import Any

import pytest

from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.checks import check_study
from scenery.study.experiments import ancestors, expand
from scenery.study.trial_network import cut_layer, image_size
from scenery.study.trials import ResolvedTrial


def study(base: dict[str, Any] | None = None, **experiments: Any) -> Study:
    subsets = {"small": {"per_class": 5}}
    return read_study(
        {"base": base or {}, "subsets": subsets, "experiments": experiments}, "study.yaml"
    )


def trials(
    chosen: Settings | None = None, base: Any = None, **experiment: Any
) -> list[ResolvedTrial]:
    if chosen is not None:
        whole = study(base, a={}, b={"start_from": "a", **experiment})
        return expand(whole, "b", chosen, "study.yaml")
    return expand(study(base, b=experiment), "b", None, "study.yaml")


def test_a_grid_is_every_combination_in_the_order_of_the_config() -> None:
    found = trials(grid={"head.dropout": [0.5, 0], "epochs": [7, 3]})
    assert [(t.settings.head.dropout, t.settings.epochs) for t in found] == [
        (0.5, 7), (0.5, 3), (0, 7), (0, 3)
    ]  # fmt: skip
    assert found[1].name == "head.dropout=0.5, epochs=3"


def test_values_of_a_grid_may_be_groups() -> None:
    found = trials(grid={"early_stopping": [None, {}, {"patience": 3}]})
    assert [t.settings.early_stopping and t.settings.early_stopping.patience for t in found] == [
        None, 10, 3
    ]  # fmt: skip
    assert [dict(t.varied) for t in found][::2] == [
        {"early_stopping": None}, {"early_stopping.patience": 3}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("experiment", "monitor"),
    [
        ({"choose": {"by": "validation_loss"}}, "validation_loss"),
        ({"choose": {"by": "validation_accuracy"}}, "validation_accuracy"),
        (
            {
                "choose": {"by": "validation_loss"},
                "overrides": {"checkpoint.monitor": "validation_accuracy"},
            },
            "validation_accuracy",
        ),
        (
            {"overrides": {"early_stopping": {"monitor": "validation_loss"}}},
            "validation_loss",
        ),
    ],
)
def test_best_epoch_follows_the_rule_of_choice_unless_the_config_says(
    experiment: dict[str, Any], monitor: str
) -> None:
    (trial,) = trials(base={"epochs": 3}, **experiment)
    assert trial.settings.monitor == monitor


def test_monitor_that_a_rule_of_choice_implies_is_not_passed_on() -> None:
    base = {"epochs": 3}
    (first,) = trials(base=base, choose={"by": "validation_loss"})
    assert trials(first.settings, base=base)[0].settings.monitor == "validation_accuracy"
    written = {"epochs": 3, "checkpoint": {"monitor": "validation_loss"}}
    (first,) = trials(base=written)
    assert trials(first.settings, base=written)[0].settings.monitor == "validation_loss"


def test_exact_head_has_no_best_epoch() -> None:
    (trial,) = trials(choose={"by": "validation_loss"})
    assert trial.settings.head.solver == "lbfgs"
    assert trial.id == trials()[0].id


def test_a_list_is_as_it_stands_and_a_bare_experiment_is_one_trial() -> None:
    found = trials(
        list=[{}, {"epochs": 3, "head": {"dense": [8]}}], overrides={"head.dropout": 0.5}
    )
    assert [t.name for t in found] == ["unchanged", "epochs=3, head.dense=[8]"]
    assert all(t.settings.head.dropout == 0.5 for t in found)
    assert [t.settings.epochs for t in trials(overrides={"epochs": 2})] == [2]


def test_adding_a_value_to_a_grid_keeps_the_old_ids() -> None:
    old = {t.id for t in trials(grid={"epochs": [3, 5], "head.dropout": [0]})}
    new = {t.id for t in trials(grid={"head.dropout": [0.5, 0], "epochs": [1, 3, 4, 5]})}
    assert old < new
    assert len(new) == 8


def test_spelling_out_a_default_keeps_the_ids() -> None:
    assert trials(base={"image_size": "native"})[0].id == trials()[0].id
    assert trials(overrides={"class_weights": "none"})[0].id == trials()[0].id
    # Whoever says something about epochs wants them.
    by_epochs = trials(base={"head": {"solver": "epochs"}})[0].id
    assert trials(overrides={"label_smoothing": 0})[0].id == by_epochs


def test_a_longer_search_keeps_the_first_trials() -> None:
    space = {"optimizer.learning_rate": {"loguniform": [1e-4, 1e-1]}}
    short = trials(random={"n_trials": 3, "space": space})
    long = trials(random={"n_trials": 6, "space": space})
    assert [t.id for t in long[:3]] == [t.id for t in short]


def test_repeats_have_seeds_of_their_own_and_stand_together() -> None:
    found = trials(base={"seed": 0}, grid={"epochs": [3, 5]}, repeats=3)
    assert [(t.settings.epochs, t.settings.seed, t.repeat) for t in found] == [
        (3, 0, 0), (3, 1, 1), (3, 2, 2), (5, 0, 0), (5, 1, 1), (5, 2, 2)
    ]  # fmt: skip
    assert len({t.setting for t in found}) == 2
    assert len({t.id for t in found}) == 6
    # More repeats keep the trials there are.
    more = trials(base={"seed": 0}, grid={"epochs": [3, 5]}, repeats=5)
    assert {t.id for t in found} < {t.id for t in more}


def test_repeats_of_a_varied_seed_may_meet_each_other() -> None:
    with pytest.raises(UserError, match="have the same settings"):
        trials(grid={"seed": [1, 2]}, repeats=2)


def test_an_heir_starts_from_the_choice_but_from_the_first_seed() -> None:
    chosen = Settings(seed=3, epochs=7, head={"dropout": 0.5})
    (found,) = trials(chosen, base={"seed": 1}, overrides={"epochs": 9})
    assert (found.settings.seed, found.settings.epochs, found.settings.head.dropout) == (1, 9, 0.5)


def test_cuts_that_the_chosen_network_cannot_have_are_left_out() -> None:
    chosen = Settings(backbone="MobileNet", cut="conv_pw_3_relu")
    found = trials(chosen, grid={"remove_stages": [0, 1, 2, 3, 4]})
    assert [t.settings.remove_stages for t in found] == [0, 1]
    assert [cut_layer(t.settings) for t in found] == ["conv_pw_3_relu", "conv_pw_1_relu"]
    kept = trials(chosen, grid={"trainable": ["head+1", "head+2", "head+9"]})
    assert [t.settings.trainable for t in kept] == ["head+1", "head+2"]
    with pytest.raises(UserError, match="none of its settings fits MobileNet, which a may choose"):
        trials(chosen, grid={"remove_stages": [7, 8]})


def test_impossible_cuts_of_ones_own_network_are_refused() -> None:
    with pytest.raises(UserError, match="at most 4 can be removed; found 5"):
        trials(grid={"remove_stages": [0, 5]})
    with pytest.raises(UserError, match=r"trainable: head\+6 asks for 6 stages, but MobileNet"):
        trials(grid={"trainable": ["head+6"]})


def test_layer_from_which_a_network_is_trained_must_be_there() -> None:
    base = {"backbone": "VGG16"}
    (found,) = trials(base=base, overrides={"trainable": "from:block5_conv1"})
    assert found.id.startswith("VGG16-from-block5-conv1-")
    assert found.kind.rule == "fine_tune"
    with pytest.raises(UserError, match="VGG16 up to block5_pool has no layer 'block6_conv1'"):
        trials(base=base, overrides={"trainable": "from:block6_conv1"})
    with pytest.raises(UserError, match="up to block4_pool has no layer 'block5_conv1'"):
        cut = {**base, "cut": "block4_pool"}
        trials(base=cut, overrides={"trainable": "from:block5_conv1"})
    # The cells of NASNetMobile, one by one.
    cells = [f"from:normal_concat_{cell}" for cell in (11, 10, 9)]
    nasnet = trials(base={"backbone": "NASNetMobile"}, grid={"trainable": cells})
    assert [trial.settings.first_trained_layer for trial in nasnet] == [
        cell.removeprefix("from:") for cell in cells
    ]
    with pytest.raises(UserError, match=r"allowed are head, head\+N .*from:LAYER"):
        trials(overrides={"trainable": "from:"})


def test_a_cut_that_none_of_the_possible_networks_has_is_refused() -> None:
    networks = {"grid": {"backbone": ["MobileNet", "VGG16"]}}
    check_study(
        study(a=networks, b={"start_from": "a", "grid": {"remove_stages": [0, 4]}}), "study.yaml"
    )
    late = study(a=networks, b={"start_from": "a", "grid": {"remove_stages": [0, 9]}})
    with pytest.raises(UserError, match=r"experiments.b.grid: remove_stages: .* found 9"):
        check_study(late, "study.yaml")


def test_a_layer_that_only_one_of_the_possible_networks_has_is_allowed() -> None:
    after = {"start_from": "a", "grid": {"cut": [None, "conv_pw_12_relu"]}}
    check_study(study(a={"grid": {"backbone": ["MobileNet", "VGG16"]}}, b=after), "study.yaml")


def test_only_narrows_what_an_heir_is_checked_for() -> None:
    networks = {"grid": {"backbone": ["MobileNet", "VGG16"]}}
    pinned = {**networks, "choose": {"only": {"backbone": "VGG16"}}}
    dependent_experiment = {"start_from": "a", "overrides": {"cut": "block4_pool"}}
    check_study(study(a=pinned, b=dependent_experiment), "study.yaml")
    with pytest.raises(UserError, match=r"fits MobileNet, which a may choose"):
        check_study(study(a=networks, b=dependent_experiment), "study.yaml")
    with pytest.raises(UserError, match=r"choose.only: no trial of the experiment has"):
        check_study(study(a={**networks, "choose": {"only": {"epochs": 3}}}), "study.yaml")


@pytest.mark.parametrize(
    ("experiments", "message"),
    [
        (
            {"a": {"start_from": "b"}, "b": {}},
            "experiments.a.start_from: b must stand before a in the file",
        ),
        ({"a": {"start_from": "a"}}, "a and a come after each other, in a circle"),
        (
            {"a": {"start_from": "b"}, "b": {"start_from": "a"}},
            "a and b come after each other, in a circle",
        ),
        (
            {"a": {"start_from": "c"}, "b": {"start_from": "a"}, "c": {"start_from": "b"}},
            "a and c come after each other, in a circle",
        ),
        # a is not part of the circle behind it, but can never start either
        (
            {"a": {"start_from": "b"}, "b": {"start_from": "c"}, "c": {"start_from": "b"}},
            "b must stand before a",
        ),
    ],
)
def test_orders_that_cannot_be(experiments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_study(study(**experiments), "study.yaml")


def test_ancestors_nearest_first() -> None:
    line = study(a={}, b={"start_from": "a"}, c={"start_from": "b"}, d={"start_from": "a"})
    assert ancestors(line, "c") == ["b", "a"]
    assert ancestors(line, "d") == ["a"]
    assert ancestors(line, "a") == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backbone": "SqueezeNet"}, "weights: Keras has no ImageNet weights for SqueezeNet"),
        ({"backbone": "Xception", "image_size": 64}, "image_size: Xception needs at least 71 pix"),
        ({"subset": "smal"}, "there is no subset 'smal'; did you mean small?"),
    ],
)
def test_settings_that_do_not_fit_each_other(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=r"study.yaml: experiments\.b") as error:
        trials(overrides=settings)
    assert message in str(error.value)


def test_image_sizes() -> None:
    assert image_size(Settings()) == 224
    assert image_size(Settings(backbone="Xception")) == 299
    assert image_size(Settings(image_size=64)) == 64


def learned(trainable: str, after: str | None = "a", weights: str = "experiment:a") -> Study:
    first = {"overrides": {"backbone": "SqueezeNet", "weights": "none", "trainable": trainable}}
    second = {"start_from": after, "overrides": {"weights": weights, "trainable": "head"}}
    return study(a=first, b=second)


def test_weights_may_be_learned_in_an_experiment_before() -> None:
    assert check_study(learned("head+1"), "study.yaml") == {"none", "experiment:a"}
    grandparent = study(
        a={"overrides": {"trainable": "all", "backbone": "SqueezeNet", "weights": "none"}},
        b={"start_from": "a", "overrides": {"epochs": 3}},
        c={"start_from": "b", "overrides": {"weights": "experiment:a", "trainable": "head"}},
    )
    assert "experiment:a" in check_study(grandparent, "study.yaml")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (learned("head"), "experiment a may choose a trial with trainable: head"),
        (
            learned("all", after=None),
            "needs an experiment that b comes after; it has no `start_from`",
        ),
        (learned("all", weights="experiment:c"), "experiment:c .* it comes after a"),
        (learned("all", weights="experiment:b"), "experiment:b .* it comes after a"),
    ],
)
def test_weights_that_no_experiment_before_has_learned_are_refused(
    wrong: Study, message: str
) -> None:
    with pytest.raises(UserError, match=rf"study.yaml: experiments.b.*: weights: .*{message}"):
        check_study(wrong, "study.yaml")
