"""From a study's experiments to their trials. Pure functions of the config and of choices."""

from collections.abc import Container, Mapping
from typing import Any

from scenery.config.experiment import Choose, Experiment
from scenery.config.settings import NETWORK_ONLY, Settings, flatten, ineffective_settings
from scenery.config.study import Study
from scenery.config.training import LOSS
from scenery.errors import UserError
from scenery.study.descriptors import check_descriptors
from scenery.study.reference_results import reference_rows
from scenery.study.resampling import resampling
from scenery.study.search_strategies import (
    Keep,
    Variation,
    search_strategy,
    variations,
    varied_names,
)
from scenery.study.successive_halving import rungs
from scenery.study.trial_kinds import CLASSIFIER, FINE_TUNING
from scenery.study.trial_network import (
    check_fit,
    check_network,
    cut_is_possible,
    cut_layer,
    image_size,
)
from scenery.study.trials import (
    ResolvedTrial,
    change,
    check_names,
    of_epochs,
    read,
    reject_duplicates,
)


def expand(study: Study, name: str, chosen: Settings | None, source: str) -> list[ResolvedTrial]:
    """The trials of one experiment.

    Args:
        study: The study.
        name: The experiment.
        chosen: The settings chosen by the experiment that this one comes after; None where it
            starts from the study's base.
        source: Name of the config file, for messages.

    Returns:
        Trials in the order of the config; repeats of a setting stand together. Where an earlier
        experiment chose the network, combinations that this network cannot have (more stages
        removed than it has) are left out; `check_study` refuses those that none can have.

    Raises:
        UserError: For settings that are wrong, do not fit each other or are there twice.
    """
    experiment = study.experiments[name]
    where = f"{source}: experiments.{name}"
    start = base_settings(study, name, chosen, source)
    derived = DerivedSettings(study, start)
    trials: list[ResolvedTrial] = []
    for variation in variations(experiment, where, with_effect(derived)):
        trials += repeats_of(derived, name, variation, dependent=chosen is not None)
    if not trials:
        raise UserError(
            f"{where}: none of its settings fits {start.backbone}, which "
            f"{experiment.start_from} may choose"
        )
    reject_duplicates(trials, where)
    _check_halving(study, experiment, trials, where)
    return trials


def repeats_of(
    derived: "DerivedSettings", name: str, variation: Variation, dependent: bool
) -> list[ResolvedTrial]:
    """The trials of one variation of an experiment. Arguments as of `checked_settings`.

    Returns:
        One for each repeat; none for a network that cannot have the stages.
    """
    experiment = derived.study.experiments[name]
    settings = checked_settings(derived, name, variation, dependent)
    if settings is None:
        return []
    varied = tuple((key, read(settings, key)) for key in flatten(variation[0]))
    used = with_monitor(settings.without_unused(), experiment.choose)
    return [
        ResolvedTrial(
            experiment=name,
            settings=used.model_copy(update={"seed": used.seed + repeat}) if repeat else used,
            varied=varied,
            repeat=repeat,
        )
        for repeat in range(experiment.repeats)
    ]


class DerivedSettings:
    """Settings that start from the same ones, each derived and validated once.

    Args:
        study: The study.
        start: The settings to start from.
    """

    def __init__(self, study: Study, start: Settings) -> None:
        self.study = study
        self._start = start
        self._known: dict[str, Settings] = {}

    def of(self, changes: Mapping[str, Any], place: str) -> Settings:
        """The settings with some of them overridden. Arguments and errors as of `derive_settings`.

        Sampled values are looked at before it is known which of them have an effect.
        """
        key = repr(changes)
        if key not in self._known:
            self._known[key] = derive_settings(self.study, self._start, changes, place)
        return self._known[key]


def checked_settings(
    derived: DerivedSettings, name: str, variation: Variation, dependent: bool
) -> Settings | None:
    """The settings of a trial, checked as far as it goes without the other trials.

    Args:
        derived: Gives the settings from what the trial varies.
        name: The experiment.
        variation: What the trial varies, and where it was written.
        dependent: Whether an earlier experiment chose the start.

    Returns:
        None for a network that cannot have the stages, where an earlier experiment chose it.

    Raises:
        UserError: For settings that are wrong or do not fit each other.
    """
    values, place = variation
    study, settings = derived.study, derived.of(values, place)
    if search_strategy(study.experiments[name].strategy).refuses_ineffective:
        _refuse_ineffective(settings, values, place)
    check_fit(study, settings, place)
    if dependent and not cut_is_possible(settings):
        return None
    check_network(settings, place)
    check_descriptors(settings, cut_layer(settings), image_size(settings), place)
    check_weights_source(study, name, settings, place)
    return settings


def with_monitor(settings: Settings, how: Choose) -> Settings:
    """Settings that keep the best epoch by the measure by which the experiment chooses.

    What the config says about the measure holds instead. A model without epochs has none.
    """
    by_epochs = settings.classifier is None and settings.head.solver != "lbfgs"
    if how.measure != LOSS or settings.monitor_is_set or not by_epochs:
        return settings
    checkpoint = settings.checkpoint.model_copy(update={"monitor": LOSS})
    return settings.model_copy(update={"checkpoint": checkpoint})


def _without_implied_monitor(study: Study, name: str, start: Settings) -> Settings:
    """The settings that an experiment chose, without the measure that its rule of choice implied.

    Args:
        study: The study.
        name: The experiment that starts from them.
        start: The chosen settings.
    """
    if start.checkpoint.monitor is None:
        return start
    chain = [name, *ancestors(study, name)]
    said: set[str] = set()
    for experiment in (study.experiments[one] for one in chain):
        said |= flatten(experiment.overrides).keys() | varied_names(experiment)
    if study.base.checkpoint.monitor or said & {"checkpoint", "checkpoint.monitor"}:
        return start
    checkpoint = start.checkpoint.model_copy(update={"monitor": None})
    return start.model_copy(update={"checkpoint": checkpoint})


def derive_settings(
    study: Study, start: Settings, changes: Mapping[str, Any], place: str
) -> Settings:
    """Settings with some of them overridden.

    A classical model has no settings of networks, and an exact linear head has none of epochs.
    Where the start has a classifier or such a head, they are those of the study's base.

    Args:
        study: The study.
        start: The settings to start from.
        changes: New values by setting.
        place: Where the changes were written, for messages.
    """
    if start.classifier is not None or start.head.solver == "lbfgs":
        # A frozen network has no first of two steps, unless overrides give one to other trials.
        names = (name for name in NETWORK_ONLY if name != "first_step")
        of_base = {name: getattr(study.base, name) for name in names}
        if start.classifier is not None:
            of_base["head"] = study.base.head.model_copy(update={"pooling": start.head.pooling})
            of_base["first_step"] = None
        start = start.model_copy(update=of_base)
    return _of_color_mode(study, change(start, changes, place))


def _of_color_mode(study: Study, settings: Settings) -> Settings:
    """Settings whose own network reads one channel if the images have no colors."""
    gray = study.dataset.color_mode == "grayscale"
    if not gray or getattr(settings.network, "color_mode", None) != "rgb":
        return settings
    network = settings.network.model_copy(update={"color_mode": "grayscale"})
    return settings.model_copy(update={"network": network})


def base_settings(study: Study, name: str, chosen: Settings | None, source: str) -> Settings:
    """The settings that the trials of an experiment vary. Arguments as of `expand`."""
    # The chosen trial may be a repeat with another seed. The experiment starts from the first one.
    start = (chosen or study.base).model_copy(update={"seed": study.base.seed})
    start = _without_implied_monitor(study, name, start)
    place = f"{source}: experiments.{name}.overrides"
    overrides = study.experiments[name].overrides
    others = {key: value for key, value in overrides.items() if not _of_first_step(key)}
    deferred = len(others) < len(overrides) and "trainable" not in overrides
    if (
        deferred
        and start.trainable in ("head", "scratch")
        and "trainable" in varied_names(study.experiments[name])
    ):
        # The first step is for those trials that fine-tune. `change` drops it for the others.
        tuned = derive_settings(study, start, {**overrides, "trainable": "all"}, place)
        start = derive_settings(study, start, others, place)
        return start.model_copy(update={"first_step": tuned.first_step})
    start = derive_settings(study, start, overrides, place)
    if start.head.solver == "lbfgs" and _varies_epochs(study.experiments[name]):
        return derive_settings(study, start, {"head.solver": "epochs"}, place)
    return start


def _varies_epochs(experiment: Experiment) -> bool:
    """Whether all trials say something about training in epochs; those of a list differ."""
    names = varied_names(experiment)
    if "head.solver" in names | flatten(experiment.overrides).keys():
        return False
    arrangement = search_strategy(experiment.strategy).arrangement
    return arrangement != "list" and any(of_epochs(name) for name in names)


def _of_first_step(key: str) -> bool:
    return key.partition(".")[0] == "first_step"


def with_effect(derived: DerivedSettings) -> Keep:
    """A function that leaves out of sampled values those that have no effect on the trial."""

    def keep(values: dict[str, Any], place: str) -> dict[str, Any]:
        unused = ineffective_settings(derived.of(values, place))
        return {name: value for name, value in values.items() if not _group_in(name, unused)}

    return keep


def _refuse_ineffective(settings: Settings, values: Mapping[str, Any], place: str) -> None:
    """Refuse a grid over a setting that has no effect on a trial, which would be a repeat."""
    unused = ineffective_settings(settings)
    for name in flatten(dict(values)):
        group = _group_in(name, unused)
        if group is not None:
            raise UserError(
                f"{place}: {name} has an effect only {unused[group]}; take it out of the grid, or "
                "give the trials as a list"
            )


def _group_in(name: str, groups: Container[str]) -> str | None:
    """The setting or its group, whichever is among `groups`; None if neither is."""
    return next((part for part in (name, name.partition(".")[0]) if part in groups), None)


def reference_results_of(
    study: Study, name: str, chosen: Settings | None, source: str
) -> list[dict[str, Any]]:
    """The reference results of an experiment, as of `reference_rows`. Arguments as of `expand`."""
    start, how = base_settings(study, name, chosen, source), study.experiments[name].choose
    return reference_rows(
        study.experiments[name],
        lambda values, place: with_monitor(derive_settings(study, start, values, place), how),
        f"{source}: experiments.{name}",
    )


def _check_halving(
    study: Study, experiment: Experiment, trials: list[ResolvedTrial], where: str
) -> None:
    """Refuse successive halving among trials that cannot be compared half-way."""
    halving = experiment.halving
    if halving is None:
        return
    where = f"{where}.{experiment.strategy}.halving"
    for what, values in (
        ("epochs", {str(trial.settings.epochs) for trial in trials}),
        ("jobs", {trial.kind.rule for trial in trials}),
    ):
        if len(values) > 1:
            raise UserError(
                f"{where}: trials can be compared half-way only if all have the same {what}; "
                f"found {' and '.join(sorted(values))}"
            )
    if trials[0].kind is FINE_TUNING and resampling(study, [one.settings for one in trials]):
        raise UserError(
            f"{where}: networks that are fine-tuned in folds cannot be compared half-way, since "
            "each fold is a job of its own; set validation.trials: features"
        )
    if trials[0].kind is CLASSIFIER:
        raise UserError(f"{where}: a classical model has no epochs after which it could end")
    if any(trial.settings.head.solver == "lbfgs" for trial in trials):
        raise UserError(
            f"{where}: with head.solver: lbfgs there are no epochs after which a trial could end; "
            "set head.solver: epochs"
        )
    if not rungs(trials[0].settings.epochs, halving):
        raise UserError(
            f"{where}: with epochs: {trials[0].settings.epochs} and factor: {halving.factor} no "
            f"trial could end early and still have first_epochs: {halving.first_epochs}"
        )


def check_weights_source(study: Study, name: str, settings: Settings, place: str) -> None:
    """Refuse weights of an experiment that is no predecessor of this one.

    Raises:
        UserError: Naming the experiments that do.
    """
    source = settings.weights_from
    before = ancestors(study, name)
    if source is None or source in before:
        return
    known = f"it comes after {', '.join(before)}" if before else "it has no `start_from`"
    raise UserError(
        f"{place}: weights: {settings.weights} needs an experiment that {name} comes after; {known}"
    )


def ancestors(study: Study, name: str) -> list[str]:
    """The experiments whose choices an experiment builds on, nearest first."""
    found: list[str] = []
    while (parent := study.experiments[name].start_from) is not None:
        found.append(parent)
        name = parent
    return found


def matches(settings: Settings, only: Mapping[str, Any], source: str) -> bool:
    """Whether settings have the values of `only`.

    Raises:
        UserError: For an unknown setting.
    """
    if not only:
        return True
    check_names(flatten(dict(only)), source)
    try:
        return change(settings, only, source) == settings
    except UserError:
        # A value that these settings cannot have, such as a momentum of Adam.
        return False
