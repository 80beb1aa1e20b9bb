"""Checks of a study before anything runs."""

from collections.abc import Mapping

from scenery.config.settings import NETWORK_ONLY, Settings
from scenery.config.study import Study
from scenery.errors import UserError
from scenery.messages import short_repr, suggestions
from scenery.registry.custom_architectures import HANDCRAFTED
from scenery.study.expansions import Expansions
from scenery.study.experiments import matches, reference_results_of
from scenery.study.possible_networks import ExperimentStart, experiment_starts
from scenery.study.rounds import searches_in_rounds
from scenery.study.selection import MILLISECONDS
from scenery.study.soups import soup_problem


def check_study(study: Study, source: str, expansions: Expansions | None = None) -> set[str]:
    """Check all that can be known before anything runs.

    Args:
        study: The study.
        source: Name of its config file, for messages.
        expansions: Keeps the trials that are expanded for the check; None: they are dropped.

    Returns:
        Every value that the setting `weights` takes.

    Raises:
        UserError: For the first mistake found.
    """
    _check_order(study, source)
    _check_warm_starts(study, source)
    _refuse_unused(study, source)
    weights: set[str] = set()
    expansions = expansions or Expansions(study, source)
    soups: dict[str, list[str | None]] = {}
    for one in experiment_starts(expansions):
        reference_results_of(study, one.experiment, one.start, source)
        _refuse_untimed(study, one.experiment, one.networks, source)
        _refuse_untrained(one.networks, one.choices, f"{source}: experiments.{one.experiment}")
        weights |= {settings.weights for settings in one.networks}
        if study.experiments[one.experiment].choose.soup is not None:
            soups.setdefault(one.experiment, []).append(_soup_problem(expansions, one))
    _refuse_soups(soups, source)
    return weights


def _soup_problem(expansions: Expansions, one: ExperimentStart) -> str | None:
    """Why an experiment cannot make the soup that it asks for; None: it may."""
    study, name = expansions.study, one.experiment
    only = study.experiments[name].choose.only
    where = f"{expansions.source}: experiments.{name}.choose.only"
    trials = [
        trial
        for trial in expansions.of(name, one.start).trials
        if not trial.repeat and matches(trial.settings, only, where)
    ]
    return soup_problem(trials, all_known=not searches_in_rounds(study, name))


def _refuse_soups(soups: Mapping[str, list[str | None]], source: str) -> None:
    """Refuse a soup that cannot be made, whatever the experiment starts from."""
    for name, problems in soups.items():
        if None not in problems:
            raise UserError(f"{source}: experiments.{name}.choose.soup: {problems[0]}")


def _refuse_untrained(
    networks: list[Settings], choices: Mapping[str, list[Settings]], where: str
) -> None:
    """Refuse weights from an experiment in which no backbone learns."""
    for weights_from in {settings.weights_from for settings in networks}:
        if weights_from is None:
            continue
        frozen = [settings for settings in choices[weights_from] if settings.frozen_backbone]
        if frozen:
            raise UserError(
                f"{where}: weights: experiment {weights_from} may choose a trial with trainable: "
                f"head ({frozen[0].backbone}), whose backbone learns nothing; let it choose among "
                "head+N, from:LAYER, lora, all or scratch"
            )


def _refuse_untimed(study: Study, name: str, networks: list[Settings], source: str) -> None:
    """Refuse to time what is no network."""
    timed = MILLISECONDS in study.experiments[name].choose.aims
    made_by_hand = [one.backbone for one in networks if one.backbone in HANDCRAFTED]
    if timed and made_by_hand:
        raise UserError(
            f"{source}: experiments.{name}.choose.by: milliseconds are measured for networks; "
            f"{made_by_hand[0]} is made by hand"
        )


def _refuse_unused(study: Study, source: str) -> None:
    """Refuse what the base says of networks where all trials would be classical models."""
    said = sorted(study.base.model_fields_set.intersection(NETWORK_ONLY))
    if study.base.classifier is not None and said:
        raise UserError(
            f"{source}: base.{said[0]}: it is for networks and not used by base.classifier; leave "
            "it out, or set the classifier in experiments"
        )


def _check_warm_starts(study: Study, source: str) -> None:
    """Refuse a search that is to know the trials of an experiment which does not come before it."""
    earlier: list[str] = []
    for name, experiment in study.experiments.items():
        known = None if experiment.rounds is None else experiment.rounds.warm_experiment
        if known is not None and known not in earlier:
            raise UserError(
                f"{source}: experiments.{name}.search.warm_start: there is no experiment "
                f"{short_repr(known)} before it; {suggestions(known, earlier)}; or give the path "
                "of a trials.csv"
            )
        earlier.append(name)


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
