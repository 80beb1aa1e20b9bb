"""Search strategies: how the key of an experiment names its trials. One record for each."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from scenery.config.classifier import CLASSIFIER_OPTIONS
from scenery.config.experiment import Experiment
from scenery.config.search import Distribution, Sampled, Search
from scenery.config.settings import (
    OPTIMIZER_OPTIONS,
    SCHEDULE_OPTIONS,
    WEIGHT_AVERAGING_OPTIONS,
)
from scenery.errors import UserError
from scenery.study.random_search import draw, draw_one
from scenery.study.search_space import values_key

# Overrides of one trial, and their place in the config for messages.
Variation = tuple[dict[str, Any], str]
# Gives sampled values, and their place in the config, without those that have no effect.
Keep = Callable[[dict[str, Any], str], dict[str, Any]]
MAX_TRIALS = 100_000
# Groups of settings on which the network of a trial and the data that it needs depend.
OF_NETWORKS = frozenset(
    {"backbone", "weights", "image_size", "cut", "remove_stages", "network", "trainable"}
    | {"classifier", "encoding", "subset"}
)
MAX_EXAMPLES = 1000
# Options of a group that only some of the things that its name chooses have.
OWN_OPTIONS: dict[str, Mapping[str, tuple[str, ...]]] = {
    "optimizer": OPTIMIZER_OPTIONS,
    "schedule": SCHEDULE_OPTIONS,
    "weight_averaging": WEIGHT_AVERAGING_OPTIONS,
    "classifier": CLASSIFIER_OPTIONS,
}


@dataclass(frozen=True)
class SearchStrategy:
    """One way to name the trials of an experiment.

    Attributes:
        key: Key of the experiment.
        arrangement: How the trials lie in the space of settings, on which figures depend.
        count: Number of trials, without repeats.
        names: Names of the settings that differ among trials.
        variations: The overrides of each trial, from the value of the key and its place in the
            config. The same trials come first when more are asked for, and they depend on the
            config alone.
        refuses_ineffective: Whether a setting without effect is an error; it would be a repeat.
        in_rounds: Whether trials are proposed in rounds, from results. `variations` are then
            examples of what may be proposed, with which the study is checked.
    """

    key: str
    arrangement: Literal["grid", "list", "sample", "single"]
    count: Callable[[Any], int]
    names: Callable[[Any], Iterable[str]]
    variations: Callable[[Any, str, Keep], Iterator[Variation]]
    refuses_ineffective: bool = False
    in_rounds: bool = False


def _combinations(grid: Mapping[str, Sequence[Any]], place: str, keep: Keep) -> Iterator[Variation]:
    for values in _possible(grid):
        yield values, place


def _possible(grid: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """The combinations of a grid, each without options that its optimizer does not have.

    The first of several combinations that are then the same is kept. The same holds for
    schedules and classifiers.
    """
    several = [name for name in grid if _users(name, grid)]
    seen: set[str] = set()
    for combination in itertools.product(*grid.values()):
        values = dict(zip(grid, combination, strict=True))
        for name in several:
            if values[_owner(name)] not in _users(name, grid):
                del values[name]
        # Without such options all combinations differ, or are refused as duplicates.
        if several:
            key = repr(values)
            if key in seen:
                continue
            seen.add(key)
        yield values


def _owner(name: str) -> str:
    return f"{name.partition('.')[0]}.name"


def _users(name: str, grid: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
    """The records that have an option, if the grid names some that have it and some that do not."""
    group, _, option = name.partition(".")
    users = OWN_OPTIONS.get(group, {}).get(option, ())
    named = grid.get(_owner(name), ())
    some = any(value in users for value in named) and any(value not in users for value in named)
    return users if some else ()


def _size(grid: Mapping[str, Sequence[Any]]) -> int:
    full = math.prod(len(values) for values in grid.values())
    return full if full > MAX_TRIALS else sum(1 for _ in _possible(grid))


def left_out(grid: Mapping[str, Sequence[Any]]) -> dict[str, tuple[str, ...]]:
    """The options of a grid that some of its optimizers do not have, with those that have them."""
    return {name: users for name in grid if (users := _users(name, grid))}


def _numbered(trials: Sequence[dict[str, Any]], place: str, keep: Keep) -> Iterator[Variation]:
    for number, values in enumerate(trials, start=1):
        yield values, f"{place}, trial {number}"


def _samples(random: Sampled, place: str, keep: Keep) -> Iterator[Variation]:
    space = f"{place}.space"
    for values in draw(random, place, lambda values: keep(values, space)):
        yield values, space


def _examples(search: Search, place: str, keep: Keep) -> Iterator[Variation]:
    """Samples of the space, and others so that there is one for each network that it names."""
    seen: set[str] = set()
    for values, where in _samples(search, place, keep):
        seen.add(values_key(values))
        yield values, where
    space = f"{place}.space"
    for number, given in enumerate(_networks(search.space)):
        values = keep(draw_one(search, number, given=given), space)
        if values_key(values) not in seen:
            seen.add(values_key(values))
            yield values, space


def _networks(space: Mapping[str, Distribution]) -> Iterator[dict[str, Any]]:
    """Values of the settings on which the network and its data depend: all combinations of them.

    Each value alone, if there are too many combinations.
    """
    named: dict[str, Sequence[Any]] = {}
    for name, one in space.items():
        if name.partition(".")[0] not in OF_NETWORKS:
            continue
        if one.choice is not None:
            named[name] = one.choice
        elif one.integer is not None and one.integer[1] - one.integer[0] < MAX_EXAMPLES:
            named[name] = range(one.integer[0], one.integer[1] + 1)
    if math.prod(len(values) for values in named.values()) <= MAX_EXAMPLES:
        for combination in itertools.product(*named.values()):
            yield dict(zip(named, combination, strict=True))
    else:
        for name, values in named.items():
            yield from ({name: value} for value in values)


STRATEGIES = (
    SearchStrategy(
        key="grid",
        arrangement="grid",
        count=_size,
        names=lambda grid: grid,
        variations=_combinations,
        refuses_ineffective=True,
    ),
    SearchStrategy(
        key="list",
        arrangement="list",
        count=len,
        names=lambda trials: itertools.chain.from_iterable(trials),
        variations=_numbered,
    ),
    SearchStrategy(
        key="random",
        arrangement="sample",
        count=lambda random: random.n_trials,
        names=lambda random: random.space,
        variations=_samples,
    ),
    SearchStrategy(
        key="search",
        arrangement="sample",
        count=lambda search: search.n_trials,
        names=lambda search: search.space,
        variations=_examples,
        in_rounds=True,
    ),
    SearchStrategy(
        key="single",
        arrangement="single",
        count=lambda _: 1,
        names=lambda _: (),
        variations=lambda _, place, keep: iter([({}, place)]),
    ),
)


def search_strategy(key: str) -> SearchStrategy:
    """The strategy of a key, as of `Experiment.strategy`."""
    return next(strategy for strategy in STRATEGIES if strategy.key == key)


def varied_names(experiment: Experiment) -> set[str]:
    """The settings that differ among the trials of an experiment, as its config writes them."""
    return set(search_strategy(experiment.strategy).names(experiment.search))


def variations(experiment: Experiment, where: str, keep: Keep) -> Iterator[Variation]:
    """The overrides of each trial of an experiment and their place in the config, without repeats.

    Raises:
        UserError: Before the first, where there are too many.
    """
    strategy = search_strategy(experiment.strategy)
    count = strategy.count(experiment.search) * experiment.repeats
    if count > MAX_TRIALS:
        raise UserError(
            f"{where}: {count} trials are too many for one experiment; allowed are {MAX_TRIALS}"
        )
    place = where if experiment.search is None else f"{where}.{strategy.key}"
    yield from strategy.variations(experiment.search, place, keep)
