"""Checks of a study before anything runs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scenery.config.settings import NETWORK_ONLY, Settings, flatten
from scenery.config.study import Experiment, Study
from scenery.errors import UserError
from scenery.messages import short_repr, suggestions
from scenery.registry.custom_architectures import NATIVE_SIZES
from scenery.study.experiments import (
    base_settings,
    derive_settings,
    expand,
    matches,
    reference_results_of,
    with_effect,
)
from scenery.study.search_strategies import variations
from scenery.study.trial_network import check_network, cut_is_possible, cut_layer, image_size
from scenery.study.trials import ResolvedTrial


@dataclass(frozen=True)
class ExperimentStart:
    """An experiment after one possible choice of its predecessor.

    Attributes:
        experiment: Its name.
        start: The settings that it starts from; None where it starts from the study's base.
        trials: Its trials.
        choices: The settings that each experiment so far could choose, one for each network.
    """

    experiment: str
    start: Settings | None
    trials: list[ResolvedTrial]
    choices: Mapping[str, list[Settings]]


def experiment_starts(
    study: Study, source: str, expanded: Callable[[str, Settings | None], list[ResolvedTrial]]
) -> Iterator[ExperimentStart]:
    """Every experiment, from each start that it could have.

    The settings that an experiment starts from are known once its predecessor has chosen. Before
    that it is expanded from one trial of each network that the predecessor could choose.

    Args:
        expanded: Gives the trials of an experiment from a start, as `expand` does.

    Raises:
        UserError: For trials that cannot be.
    """
    choices: dict[str, list[Settings]] = {}
    for name, experiment in study.experiments.items():
        starts: list[Settings | None] = [None]
        if experiment.start_from is not None:
            starts = list(choices[experiment.start_from])
        networks: dict[tuple[Any, ...], Settings] = {}
        _refuse_impossible(study, name, [start for start in starts if start], source)
        for start in starts:
            trials = expanded(name, start)
            yield ExperimentStart(name, start, trials, choices)
            for trial in _choosable(experiment, trials, f"{source}: experiments.{name}"):
                networks.setdefault(_network(trial.settings), trial.settings)
        choices[name] = list(networks.values())


def check_study(study: Study, source: str) -> set[str]:
    """Check all that can be known before anything runs.

    Returns:
        Every value that the setting `weights` takes.

    Raises:
        UserError: For the first mistake found.
    """
    _check_order(study, source)
    _refuse_unused(study, source)
    weights: set[str] = set()
    for one in experiment_starts(
        study, source, lambda name, start: expand(study, name, start, source)
    ):
        reference_results_of(study, one.experiment, one.start, source)
        _refuse_untrained(one.trials, one.choices, f"{source}: experiments.{one.experiment}")
        weights |= {trial.settings.weights for trial in one.trials}
    return weights


def _refuse_untrained(
    trials: list[ResolvedTrial], choices: Mapping[str, list[Settings]], where: str
) -> None:
    """Refuse weights from an experiment in which no backbone learns."""
    for weights_from in {trial.settings.weights_from for trial in trials}:
        if weights_from is None:
            continue
        frozen = [settings for settings in choices[weights_from] if settings.frozen_backbone]
        if frozen:
            raise UserError(
                f"{where}: weights: experiment {weights_from} may choose a trial with trainable: "
                f"head ({frozen[0].backbone}), whose backbone learns nothing; let it choose among "
                "head+N, all or scratch"
            )


def _refuse_impossible(study: Study, name: str, starts: list[Settings], source: str) -> None:
    """Refuse a cut that no network has which the predecessor could choose."""
    experiment = study.experiments[name]
    where = f"{source}: experiments.{name}"
    if not starts:
        return
    bases = [base_settings(study, name, start, source) for start in starts]
    for values, place in variations(experiment, where, with_effect(study, bases[0])):
        if not {"backbone", "cut", "remove_stages", "trainable"} & set(flatten(values)):
            continue
        settings = [derive_settings(study, base, values, place) for base in bases]
        if not any(cut_is_possible(s) for s in settings):
            check_network(settings[0], place)


def _refuse_unused(study: Study, source: str) -> None:
    """Refuse what the base says of networks where all trials would be classical models."""
    said = sorted(study.base.model_fields_set.intersection(NETWORK_ONLY))
    if study.base.classifier is not None and said:
        raise UserError(
            f"{source}: base.{said[0]}: it is for networks and not used by base.classifier; leave "
            "it out, or set the classifier in experiments"
        )


def _check_order(study: Study, source: str) -> None:
    earlier: list[str] = []
    for name, experiment in study.experiments.items():
        after = experiment.start_from
        if after is not None and after not in earlier:
            key = f"{source}: experiments.{name}.start_from"
            if after not in study.experiments:
                raise UserError(
                    f"{key}: there is no experiment {short_repr(after)}; "
                    f"{suggestions(after, study.experiments)}"
                )
            if name == after or name in _all_before(study, after):
                raise UserError(f"{key}: {name} and {after} come after each other, in a circle")
            raise UserError(f"{key}: {after} must stand before {name} in the file")
        earlier.append(name)


def _all_before(study: Study, name: str) -> set[str]:
    """Like ancestors, for a study whose order is not checked yet."""
    found: set[str] = set()
    after = study.experiments[name].start_from
    while after is not None and after in study.experiments and after not in found:
        found.add(after)
        after = study.experiments[after].start_from
    return found


def _network(settings: Settings) -> tuple[Any, ...]:
    # Of Scenery's own networks the options and the image size decide which layers there are.
    own = (settings.network, image_size(settings)) if settings.backbone in NATIVE_SIZES else None
    classifier = settings.classifier and (settings.classifier.name, settings.classifier.kernel)
    network = (settings.backbone, settings.weights, cut_layer(settings), settings.trainable, own)
    return (*network, classifier)


def _choosable(
    experiment: Experiment, trials: list[ResolvedTrial], where: str
) -> list[ResolvedTrial]:
    """The trials among which the experiment's `choose.only` leaves the choice."""
    only = experiment.choose.only
    kept = [trial for trial in trials if matches(trial.settings, only, f"{where}.choose.only")]
    if not kept:
        raise UserError(f"{where}.choose.only: no trial of the experiment has {short_repr(only)}")
    return kept
