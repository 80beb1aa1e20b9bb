"""From a study's experiments to their trials: a pure function of the config and of choices."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scenery.errors import UserError
from scenery.study.backbone_facts import BackboneFacts, facts, resolve_cut, stage_count
from scenery.study.descriptors import check_descriptors
from scenery.study.halving import rungs
from scenery.study.hints import nearest, quoted
from scenery.study.networks import HAND_MADE, NATIVE_SIZES
from scenery.study.published import published_rows
from scenery.study.random_search import draw
from scenery.study.settings import OF_NETWORKS, Settings, flatten
from scenery.study.study import Experiment, Study
from scenery.study.subsets import subset_exists
from scenery.study.trials import Trial, change, check_names, read, refuse_doubles

MOST_TRIALS = 100_000


def expand(study: Study, name: str, chosen: Settings | None, source: str) -> list[Trial]:
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
    _refuse_too_many(experiment, where)
    start = start_of(study, name, chosen, source)
    trials: list[Trial] = []
    for values, place in _variations(experiment, where):
        settings = _change(study, start, values, place)
        check_fit(study, settings, place)
        if chosen is not None and not cut_is_possible(settings):
            continue
        check_network(settings, place)
        check_descriptors(settings, cut_layer(settings), image_size(settings), place)
        check_learnt(study, name, settings, place)
        varied = tuple((key, read(settings, key)) for key in flatten(values))
        trials += [
            Trial(
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
            f"{experiment.after} may choose"
        )
    refuse_doubles(trials, where)
    _check_halving(experiment, trials, where)
    return trials


def _change(study: Study, start: Settings, changes: Mapping[str, Any], place: str) -> Settings:
    """Changed settings; what a classical model knows nothing of is as the study's base has it."""
    if start.classifier is not None:
        head = study.base.head.model_copy(update={"pooling": start.head.pooling})
        of_base = {name: getattr(study.base, name) for name in OF_NETWORKS} | {"head": head}
        # As when a frozen network was chosen: it has no first of two steps.
        start = start.model_copy(update=of_base | {"first_step": None})
    return change(start, changes, place)


def start_of(study: Study, name: str, chosen: Settings | None, source: str) -> Settings:
    """The settings that the trials of an experiment vary; arguments as of `expand`."""
    # A chosen setting may be the third repeat of its kind; its heirs start from the first seed.
    start = (chosen or study.base).model_copy(update={"seed": study.base.seed})
    place = f"{source}: experiments.{name}.set"
    return _change(study, start, study.experiments[name].set, place)


def published(
    study: Study, name: str, chosen: Settings | None, source: str
) -> list[dict[str, Any]]:
    """What others published for an experiment, as `published_rows`; arguments as of `expand`."""
    start = start_of(study, name, chosen, source)
    return published_rows(
        study.experiments[name],
        lambda values, place: _change(study, start, values, place),
        f"{source}: experiments.{name}",
    )


def _check_halving(experiment: Experiment, trials: list[Trial], where: str) -> None:
    """Refuse successive halving among trials that cannot be compared half-way."""
    halving = experiment.halving
    if halving is None:
        return
    where = f"{where}.random.halving"
    for what, values in (
        ("epochs", {str(trial.settings.epochs) for trial in trials}),
        ("jobs", {trial.rule for trial in trials}),
    ):
        if len(values) > 1:
            raise UserError(
                f"{where}: trials can be compared half-way only if all have the same {what}; "
                f"found {' and '.join(sorted(values))}"
            )
    if trials[0].rule == "fit_classifiers":
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
        count = experiment.random.trials
    if count * experiment.repeats > MOST_TRIALS:
        raise UserError(
            f"{where}: {count * experiment.repeats} trials are too many for one experiment; "
            f"allowed are {MOST_TRIALS}"
        )


def _variations(experiment: Experiment, where: str) -> Iterator[tuple[dict[str, Any], str]]:
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


def check_fit(study: Study, settings: Settings, place: str) -> None:
    """Refuse settings that are fine one by one but do not fit the study or the backbone.

    Raises:
        UserError: Naming the setting, its value and what is allowed.
    """
    try:
        known = network_facts(settings)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    if not subset_exists(study, settings.subset):
        raise UserError(
            f"{place}: subset: there is no subset {quoted(settings.subset)}; "
            f"{nearest(settings.subset, (*study.subset_names, 'per_class_N'))}"
        )
    if settings.weights != "none" and settings.backbone in HAND_MADE:
        raise UserError(
            f"{place}: weights: {settings.backbone} is made by hand and has none; give none; "
            f"found {settings.weights!r}"
        )
    built_anew = settings.backbone in NATIVE_SIZES and settings.learnt_in is None
    if settings.weights != "none" and built_anew:
        raise UserError(
            f"{place}: weights: {settings.backbone} is built anew for each trial and there are no "
            f"weights for it; give none, trainable: scratch, or experiment:NAME; found "
            f"{settings.weights!r}"
        )
    if settings.weights == "imagenet" and not known.imagenet:
        raise UserError(
            f"{place}: weights: Keras has no ImageNet weights for {settings.backbone}; give the "
            "path of a weights file, or none"
        )
    if settings.image_size != "native" and settings.image_size < known.smallest_size:
        raise UserError(
            f"{place}: image_size: {settings.backbone} needs at least {known.smallest_size} "
            f"pixels; found {settings.image_size}"
        )


def cut_is_possible(settings: Settings) -> bool:
    """Whether the backbone has the stages that the settings take off or train."""
    try:
        layer = cut_layer(settings)
    except UserError:
        return False
    return (settings.trainable_stages or 0) <= stage_count(network_facts(settings), layer)


def check_network(settings: Settings, place: str) -> None:
    """Refuse a cut that the backbone does not have.

    Raises:
        UserError: Naming the setting, its value and what is allowed.
    """
    try:
        layer = cut_layer(settings)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    stages = stage_count(network_facts(settings), layer)
    if (settings.trainable_stages or 0) > stages:
        raise UserError(
            f"{place}: trainable: {settings.trainable} asks for {settings.trainable_stages} "
            f"stages, but {settings.backbone} up to {layer} has {stages}"
        )


def network_facts(settings: Settings) -> BackboneFacts:
    """What is known of the settings' backbone; UserError where there is no such network."""
    size = None if settings.image_size == "native" else settings.image_size
    return facts(settings.backbone, settings.network, size)


def check_learnt(study: Study, name: str, settings: Settings, place: str) -> None:
    """Refuse weights that were learnt in an experiment which does not come before this one.

    Raises:
        UserError: Naming the experiments that do.
    """
    source = settings.learnt_in
    before = ancestors(study, name)
    if source is None or source in before:
        return
    known = f"it comes after {', '.join(before)}" if before else "it has no `after`"
    raise UserError(
        f"{place}: weights: {settings.weights} needs an experiment that {name} comes after; {known}"
    )


def image_size(settings: Settings) -> int:
    """Side of the input in pixels."""
    if settings.image_size == "native":
        return network_facts(settings).size
    return settings.image_size


def cut_layer(settings: Settings) -> str:
    """The layer at which the settings end the backbone."""
    return resolve_cut(network_facts(settings), settings.cut, settings.remove_stages)


def ancestors(study: Study, name: str) -> list[str]:
    """The experiments whose choices an experiment builds on, nearest first."""
    found: list[str] = []
    while (parent := study.experiments[name].after) is not None:
        found.append(parent)
        name = parent
    return found


@dataclass(frozen=True)
class Possible:
    """An experiment as it would be after a choice that is possible.

    Attributes:
        experiment: Its name.
        start: The settings that it starts from; None where it comes after no other.
        trials: Its trials.
        choices: What each experiment so far could choose, one trial for each different network.
    """

    experiment: str
    start: Settings | None
    trials: list[Trial]
    choices: Mapping[str, list[Settings]]


def possible(
    study: Study, source: str, expanded: Callable[[str, Settings | None], list[Trial]]
) -> Iterator[Possible]:
    """Every experiment, from each start that it could have.

    The settings that a later experiment starts from are known only once an earlier one has
    chosen, so it is expanded from one trial of each different network that its predecessor could
    choose.

    Args:
        expanded: Gives the trials of an experiment from a start, as `expand` does.

    Raises:
        UserError: For trials that cannot be.
    """
    choices: dict[str, list[Settings]] = {}
    for name, experiment in study.experiments.items():
        starts: list[Settings | None] = [None]
        if experiment.after is not None:
            starts = list(choices[experiment.after])
        networks: dict[tuple[Any, ...], Settings] = {}
        _refuse_impossible(study, name, [start for start in starts if start], source)
        for start in starts:
            trials = expanded(name, start)
            yield Possible(name, start, trials, choices)
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
    for one in possible(study, source, lambda name, start: expand(study, name, start, source)):
        published(study, one.experiment, one.start, source)
        _refuse_untrained(one.trials, one.choices, f"{source}: experiments.{one.experiment}")
        weights |= {trial.settings.weights for trial in one.trials}
    return weights


def _refuse_untrained(
    trials: list[Trial], possible: Mapping[str, list[Settings]], where: str
) -> None:
    """Refuse weights from an experiment in which no backbone learns."""
    for learnt_in in {trial.settings.learnt_in for trial in trials}:
        if learnt_in is None:
            continue
        frozen = [settings for settings in possible[learnt_in] if settings.frozen_backbone]
        if frozen:
            raise UserError(
                f"{where}: weights: experiment {learnt_in} may choose a trial with trainable: "
                f"head ({frozen[0].backbone}), whose backbone learns nothing; let it choose among "
                "head+N, all or scratch"
            )


def _refuse_impossible(study: Study, name: str, starts: list[Settings], source: str) -> None:
    """Refuse a cut that no network has which the predecessor could choose."""
    experiment = study.experiments[name]
    where = f"{source}: experiments.{name}"
    if not starts:
        return
    for values, place in _variations(experiment, where):
        if not {"backbone", "cut", "remove_stages", "trainable"} & set(flatten(values)):
            continue
        settings = [
            _change(study, _change(study, start, experiment.set, f"{where}.set"), values, place)
            for start in starts
        ]
        if not any(cut_is_possible(s) for s in settings):
            check_network(settings[0], place)


def _refuse_unused(study: Study, source: str) -> None:
    """Refuse what the base says of networks where all trials would be classical models."""
    said = sorted(study.base.model_fields_set.intersection(OF_NETWORKS))
    if study.base.classifier is not None and said:
        raise UserError(
            f"{source}: base.{said[0]}: it is for networks and not used by base.classifier; leave "
            "it out, or set the classifier in experiments"
        )


def _check_order(study: Study, source: str) -> None:
    earlier: list[str] = []
    for name, experiment in study.experiments.items():
        after = experiment.after
        if after is not None and after not in earlier:
            key = f"{source}: experiments.{name}.after"
            if after not in study.experiments:
                raise UserError(
                    f"{key}: there is no experiment {quoted(after)}; "
                    f"{nearest(after, study.experiments)}"
                )
            if name == after or name in _all_before(study, after):
                raise UserError(f"{key}: {name} and {after} come after each other, in a circle")
            raise UserError(f"{key}: {after} must stand before {name} in the file")
        earlier.append(name)


def _all_before(study: Study, name: str) -> set[str]:
    """Like ancestors, for a study whose order is not checked yet."""
    found: set[str] = set()
    after = study.experiments[name].after
    while after is not None and after in study.experiments and after not in found:
        found.add(after)
        after = study.experiments[after].after
    return found


def _network(settings: Settings) -> tuple[Any, ...]:
    # Of Scenery's own networks the options and the image size decide which layers there are.
    own = (settings.network, image_size(settings)) if settings.backbone in NATIVE_SIZES else None
    classifier = settings.classifier and (settings.classifier.name, settings.classifier.kernel)
    network = (settings.backbone, settings.weights, cut_layer(settings), settings.trainable, own)
    return (*network, classifier)


def _choosable(experiment: Experiment, trials: list[Trial], where: str) -> list[Trial]:
    """The trials among which the experiment's `choose.only` leaves the choice."""
    only = experiment.choose.only
    kept = [trial for trial in trials if matches(trial.settings, only, f"{where}.choose.only")]
    if not kept:
        raise UserError(f"{where}.choose.only: no trial of the experiment has {quoted(only)}")
    return kept


def matches(settings: Settings, only: Mapping[str, Any], source: str) -> bool:
    """Whether settings already are what `only` says; UserError for an unknown setting."""
    check_names(flatten(dict(only)), source)
    try:
        return change(settings, only, source) == settings
    except UserError:
        # What these settings cannot have, such as a momentum of Adam's, they do not have.
        return False
