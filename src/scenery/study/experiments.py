"""From a study's experiments to their trials: a pure function of the config and of choices."""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from scenery.config.settings import NETWORK_ONLY, Settings, flatten
from scenery.config.study import Experiment, Study
from scenery.errors import UserError
from scenery.study.descriptors import check_descriptors
from scenery.study.random_search import draw
from scenery.study.reference_results import published_rows
from scenery.study.successive_halving import rungs
from scenery.study.trial_kinds import CLASSIFIER
from scenery.study.trial_network import (
    check_fit,
    check_network,
    cut_is_possible,
    cut_layer,
    image_size,
)
from scenery.study.trials import ResolvedTrial, change, check_names, read, reject_duplicates

MAX_TRIALS = 100_000


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
    start = start_of(study, name, chosen, source)
    trials: list[ResolvedTrial] = []
    for values, place in variations(experiment, where):
        settings = changed(study, start, values, place)
        check_fit(study, settings, place)
        if chosen is not None and not cut_is_possible(settings):
            continue
        check_network(settings, place)
        check_descriptors(settings, cut_layer(settings), image_size(settings), place)
        check_learned(study, name, settings, place)
        varied = tuple((key, read(settings, key)) for key in flatten(values))
        trials += [
            ResolvedTrial(
                experiment=name,
                settings=settings.model_copy(update={"seed": settings.seed + repeat}),
                varied=varied,
                repeat=repeat,
            )
            for repeat in range(experiment.repeats)
        ]
    if not trials:
        raise UserError(
            f"{where}: none of its settings fits {start.backbone}, which "
            f"{experiment.start_from} may choose"
        )
    reject_duplicates(trials, where)
    _check_halving(experiment, trials, where)
    return trials


def changed(study: Study, start: Settings, changes: Mapping[str, Any], place: str) -> Settings:
    """Changed settings; what a classical model knows nothing of is as the study's base has it."""
    if start.classifier is not None:
        head = study.base.head.model_copy(update={"pooling": start.head.pooling})
        of_base = {name: getattr(study.base, name) for name in NETWORK_ONLY} | {"head": head}
        # As when a frozen network was chosen: it has no first of two steps.
        start = start.model_copy(update=of_base | {"first_step": None})
    return change(start, changes, place)


def start_of(study: Study, name: str, chosen: Settings | None, source: str) -> Settings:
    """The settings that the trials of an experiment vary; arguments as of `expand`."""
    # A chosen setting may be the third repeat of its kind; its heirs start from the first seed.
    start = (chosen or study.base).model_copy(update={"seed": study.base.seed})
    place = f"{source}: experiments.{name}.overrides"
    return changed(study, start, study.experiments[name].overrides, place)


def published(
    study: Study, name: str, chosen: Settings | None, source: str
) -> list[dict[str, Any]]:
    """What others published for an experiment, as `published_rows`; arguments as of `expand`."""
    start = start_of(study, name, chosen, source)
    return published_rows(
        study.experiments[name],
        lambda values, place: changed(study, start, values, place),
        f"{source}: experiments.{name}",
    )


def _check_halving(experiment: Experiment, trials: list[ResolvedTrial], where: str) -> None:
    """Refuse successive halving among trials that cannot be compared half-way."""
    halving = experiment.halving
    if halving is None:
        return
    where = f"{where}.random.halving"
    for what, values in (
        ("epochs", {str(trial.settings.epochs) for trial in trials}),
        ("jobs", {trial.kind.rule for trial in trials}),
    ):
        if len(values) > 1:
            raise UserError(
                f"{where}: trials can be compared half-way only if all have the same {what}; "
                f"found {' and '.join(sorted(values))}"
            )
    if trials[0].kind is CLASSIFIER:
        raise UserError(f"{where}: a classical model has no epochs after which it could end")
    if not rungs(trials[0].settings.epochs, halving):
        raise UserError(
            f"{where}: with epochs: {trials[0].settings.epochs} and factor: {halving.factor} no "
            f"trial could end early and still have first_epochs: {halving.first_epochs}"
        )


def _refuse_too_many(experiment: Experiment, where: str) -> None:
    count = len(experiment.list_) if experiment.list_ else 1
    if experiment.grid is not None:
        count = math.prod(len(values) for values in experiment.grid.values())
    elif experiment.random is not None:
        count = experiment.random.n_trials
    if count * experiment.repeats > MAX_TRIALS:
        raise UserError(
            f"{where}: {count * experiment.repeats} trials are too many for one experiment; "
            f"allowed are {MAX_TRIALS}"
        )


def variations(experiment: Experiment, where: str) -> Iterator[tuple[dict[str, Any], str]]:
    """What each trial changes, with the place in the config that says so; repeats not counted.

    Raises:
        UserError: Before the first, where there are too many to be counted one by one.
    """
    _refuse_too_many(experiment, where)
    if experiment.grid is not None:
        for combination in itertools.product(*experiment.grid.values()):
            yield dict(zip(experiment.grid, combination, strict=True)), f"{where}.grid"
    elif experiment.list_ is not None:
        for number, values in enumerate(experiment.list_, start=1):
            yield values, f"{where}.list, trial {number}"
    elif experiment.random is not None:
        for values in draw(experiment.random, f"{where}.random"):
            yield values, f"{where}.random.space"
    else:
        yield {}, where


def check_learned(study: Study, name: str, settings: Settings, place: str) -> None:
    """Refuse weights that were learned in an experiment which does not come before this one.

    Raises:
        UserError: Naming the experiments that do.
    """
    source = settings.weights_from
    before = ancestors(study, name)
    if source is None or source in before:
        return
    known = f"it comes after {', '.join(before)}" if before else "it has no `after`"
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
    """Whether settings already are what `only` says; UserError for an unknown setting."""
    check_names(flatten(dict(only)), source)
    try:
        return change(settings, only, source) == settings
    except UserError:
        # What these settings cannot have, such as a momentum of Adam's, they do not have.
        return False
