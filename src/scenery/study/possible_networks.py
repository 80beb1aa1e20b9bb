"""The networks that an experiment may train and choose, whatever its predecessors choose.

The settings that an experiment starts from are known once its predecessor has chosen. Before that,
the experiment is checked from one start for each network that the predecessor could choose. Starts
often differ in nothing but the network. The trials are then expanded from the first of them alone.
From the others, one trial is derived for each combination of settings on which the network or its
checks depend.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scenery.config.experiment import Experiment
from scenery.config.settings import Settings, flatten
from scenery.config.study import Study
from scenery.errors import UserError
from scenery.messages import short_repr
from scenery.study.expansions import Expansions
from scenery.study.experiments import (
    DerivedSettings,
    base_settings,
    checked_settings,
    derive_settings,
    matches,
    with_effect,
)
from scenery.study.search_strategies import Variation, variations, varied_names
from scenery.study.trial_network import (
    OwnNetwork,
    check_network,
    cut_is_possible,
    cut_layer,
    own_network,
)
from scenery.study.trials import ResolvedTrial

# Settings that name the network and its input.
NETWORK = frozenset({"backbone", "weights", "image_size", "cut", "remove_stages", "network"})
# Settings that a check compares with the network: stages to train, descriptors, batch norm.
_WITH_NETWORK = NETWORK | {"trainable", "classifier", "encoding", "batch_size"}
_CUTS = {"backbone", "cut", "remove_stages", "trainable"}


@dataclass(frozen=True)
class ExperimentStart:
    """An experiment after one possible choice of its predecessor.

    Attributes:
        experiment: Its name.
        start: The settings that it starts from; None where it starts from the study's base.
        networks: Settings of its trials, one for each network.
        choices: The settings that each experiment so far could choose, one for each network.
    """

    experiment: str
    start: Settings | None
    networks: list[Settings]
    choices: Mapping[str, list[Settings]]


@dataclass(frozen=True)
class _Kind:
    """The variations of an experiment that agree in all settings of `_WITH_NETWORK`.

    Attributes:
        first: The first of them.
        candidate: The first one that `choose.only` allows, as far as it concerns other settings
            than those of the network; None if it allows none.
    """

    first: Variation
    candidate: Variation | None


def experiment_starts(expansions: Expansions) -> Iterator[ExperimentStart]:
    """Every experiment, from each start that it could have.

    Raises:
        UserError: For trials that cannot be.
    """
    study, source = expansions.study, expansions.source
    choices: dict[str, list[Settings]] = {}
    for name, experiment in study.experiments.items():
        starts: list[Settings | None] = [None]
        if experiment.start_from is not None:
            starts = list(choices[experiment.start_from])
        _refuse_impossible(study, name, [start for start in starts if start], source)
        found: dict[tuple[Any, ...], Settings] = {}
        known: dict[str, list[_Kind]] | None = {} if len(starts) > 1 else None
        for start in starts:
            networks, candidates = _networks(expansions, name, start, known)
            yield ExperimentStart(name, start, networks, choices)
            for settings in candidates:
                found.setdefault(_network(settings), settings)
        choices[name] = list(found.values())


def possible_layers(starts: Iterable[ExperimentStart]) -> dict[str, dict[OwnNetwork, set[str]]]:
    """The layers at which trials could end their backbones, by weights and own network."""
    found: dict[str, dict[OwnNetwork, set[str]]] = {}
    for one in starts:
        for settings in one.networks:
            trial = ResolvedTrial(one.experiment, settings)
            if trial.weights is not None:
                of_weights = found.setdefault(trial.weights.id, {})
                of_weights.setdefault(own_network(settings), set()).add(trial.layer)
    return found


def _networks(
    expansions: Expansions,
    name: str,
    start: Settings | None,
    known: dict[str, list[_Kind]] | None,
) -> tuple[list[Settings], list[Settings]]:
    """Settings of the trials from a start, one for each network: of all, and of the choosable.

    Args:
        known: The kinds of variations by the settings that earlier starts have beside their
            networks. Those of this start are added. None: there is one start.
    """
    study, source = expansions.study, expansions.source
    if known is not None:
        base = base_settings(study, name, start, source)
        beside = base.digest(without=NETWORK)
        if beside in known:
            derived = _derived(study, name, base, known[beside], source)
            if derived is not None:
                return derived
    trials = [trial for trial in expansions.of(name, start).trials if not trial.repeat]
    if known is not None and beside not in known:
        known[beside] = _kinds(study, name, base, trials, source)
    experiment, where = study.experiments[name], f"{source}: experiments.{name}"
    every = [trial.settings for trial in trials]
    return _one_each(every), _one_each(_choosable(experiment, every, where))


def _kinds(
    study: Study, name: str, base: Settings, trials: list[ResolvedTrial], source: str
) -> list[_Kind]:
    """The kinds of variations of an experiment, in the order of their first ones."""
    where = f"{source}: experiments.{name}"
    experiment = study.experiments[name]
    only = {
        key: value
        for key, value in experiment.choose.only.items()
        if key.partition(".")[0] not in NETWORK
    }
    all_variations = list(variations(experiment, where, with_effect(DerivedSettings(study, base))))
    # Variations that the network of this start cannot have gave no trial.
    complete = len(all_variations) == len(trials)
    kinds: dict[tuple[Any, ...], _Kind] = {}
    for number, variation in enumerate(all_variations):
        key = _key(variation[0])
        kind = kinds.get(key)
        if kind is not None and kind.candidate is not None:
            continue
        settings = trials[number].settings if complete else None
        allowed = not only or (
            settings is not None and matches(settings, only, f"{where}.choose.only")
        )
        candidate = variation if allowed else None
        kinds[key] = _Kind(kind.first if kind else variation, candidate)
    return list(kinds.values())


def _key(values: Mapping[str, Any]) -> tuple[Any, ...]:
    """The part of a variation on which the network and its checks depend."""
    flat = flatten(dict(values))
    return tuple(
        (name, repr(flat[name])) for name in sorted(flat) if name.partition(".")[0] in _WITH_NETWORK
    )


def _derived(
    study: Study, name: str, base: Settings, kinds: list[_Kind], source: str
) -> tuple[list[Settings], list[Settings]] | None:
    """The same as `_networks`, from one variation of each kind.

    Returns:
        None if this start has to be expanded, since two kinds may be the same trial, or to find
        the message on an experiment without trials.
    """
    only = study.experiments[name].choose.only
    where = f"{source}: experiments.{name}.choose.only"
    every: list[Settings] = []
    candidates: list[Settings] = []
    derived = DerivedSettings(study, base)
    for kind in kinds:
        settings = checked_settings(derived, name, kind.first, dependent=True)
        if settings is None:
            continue
        every.append(settings.without_unused())
        if kind.candidate is not None and kind.candidate is not kind.first:
            settings = checked_settings(derived, name, kind.candidate, dependent=True)
        if kind.candidate is not None and settings is not None:
            settings = settings.without_unused()
            if matches(settings, only, where):
                candidates.append(settings)
    distinct = {tuple(getattr(one, field) for field in sorted(_WITH_NETWORK)) for one in every}
    if not candidates or len(distinct) < len(every):
        return None
    return _one_each(every), _one_each(candidates)


def _one_each(settings: Iterable[Settings]) -> list[Settings]:
    """The first settings of each network."""
    found: dict[tuple[Any, ...], Settings] = {}
    for one in settings:
        found.setdefault(_network(one), one)
    return list(found.values())


def _network(settings: Settings) -> tuple[Any, ...]:
    # Of these the options and the image size decide which layers and weights there are.
    own = own_network(settings)
    classifier = settings.classifier and (settings.classifier.name, settings.classifier.kernel)
    network = (settings.backbone, settings.network.width, settings.weights, cut_layer(settings))
    return (*network, settings.trainable, own, classifier)


def _choosable(experiment: Experiment, settings: list[Settings], where: str) -> list[Settings]:
    """The settings among which the experiment's `choose.only` leaves the choice."""
    only = experiment.choose.only
    kept = [one for one in settings if matches(one, only, f"{where}.choose.only")]
    if not kept:
        raise UserError(f"{where}.choose.only: no trial of the experiment has {short_repr(only)}")
    return kept


def _refuse_impossible(study: Study, name: str, starts: list[Settings], source: str) -> None:
    """Refuse a cut that no network has which the predecessor could choose."""
    experiment = study.experiments[name]
    where = f"{source}: experiments.{name}"
    if not starts or not _CUTS & varied_names(experiment):
        return
    bases = [base_settings(study, name, start, source) for start in starts]
    seen: set[tuple[Any, ...]] = set()
    keep = with_effect(DerivedSettings(study, bases[0]))
    for values, place in variations(experiment, where, keep):
        key = _key(values)
        if key in seen or not _CUTS & set(flatten(values)):
            continue
        seen.add(key)
        settings = [derive_settings(study, base, values, place) for base in bases]
        if not any(cut_is_possible(s) for s in settings):
            check_network(settings[0], place)
