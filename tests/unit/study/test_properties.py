"""What holds for any grid, list and random search (and, in data/test_splitting.py, any split)."""

from typing import Any

from forms import form
from hypothesis import given, settings
from hypothesis import strategies as st

from scenery.config.search import Random
from scenery.config.validation import read_study
from scenery.study.experiments import expand
from scenery.study.random_search import draw
from scenery.study.trials import ResolvedTrial

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "epochs": st.integers(1, 1000),
    "batch_size": st.integers(1, 512),
    "head.dropout": st.floats(0, 0.9),
    "head.dense": st.lists(st.integers(1, 64), max_size=2),
    "optimizer.learning_rate": st.floats(1e-6, 1),
    "label_smoothing": st.floats(0, 0.5),
}
GRIDS = st.fixed_dictionaries(
    {},
    optional={
        name: st.lists(values, min_size=1, max_size=4, unique_by=repr)
        for name, values in VALUES.items()
    },
).filter(bool)
BOUNDS = st.tuples(st.floats(1e-6, 0.4), st.floats(0.5, 0.9)).map(list)
SPACES = st.fixed_dictionaries(
    {"head.dropout": st.fixed_dictionaries({"uniform": BOUNDS})},
    optional={
        "optimizer.learning_rate": st.fixed_dictionaries({"loguniform": BOUNDS}),
        "epochs": st.just({"integer": [1, 500]}),
        "batch_size": st.lists(st.integers(1, 512), min_size=1, max_size=4, unique=True),
        "head.l2": st.fixed_dictionaries(
            {"uniform": BOUNDS, "when": st.just({"optimizer.name": ["SGD"]})}
        ),
    },
)


def trials(experiment: dict[str, Any]) -> list[ResolvedTrial]:
    study = read_study({"experiments": {"a": experiment}}, "study.yaml")
    return expand(study, "a", None, "study.yaml")


@given(GRIDS, st.integers(1, 3))
@settings(max_examples=form(25, 60), deadline=None)
def test_a_grid_is_every_combination_once(grid: dict[str, list[Any]], repeats: int) -> None:
    found = trials({"grid": grid, "repeats": repeats})
    count = repeats
    for values in grid.values():
        count *= len(values)
    assert len(found) == len({trial.id for trial in found}) == count
    assert len({trial.setting for trial in found}) == count // repeats
    assert [trial.id for trial in found] == [
        trial.id for trial in trials({"grid": grid, "repeats": repeats})
    ]


@given(GRIDS, st.data())
@settings(max_examples=form(25, 60), deadline=None)
def test_more_values_keep_the_trials_there_are(grid: dict[str, list[Any]], data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(grid)))
    fewer = data.draw(st.integers(1, len(grid[name])))
    before = {trial.id for trial in trials({"grid": {**grid, name: grid[name][:fewer]}})}
    assert before <= {trial.id for trial in trials({"grid": grid})}


@given(SPACES, st.integers(0, 2**31 - 1), st.integers(1, 12), st.integers(0, 12))
@settings(max_examples=form(40, 80), deadline=None)
def test_more_draws_keep_the_first_ones(
    space: dict[str, Any], seed: int, first: int, more: int
) -> None:
    space = {"optimizer.name": ["SGD", "Adam"], **space}

    def drawn(count: int) -> list[dict[str, Any]]:
        search = Random.model_validate({"n_trials": count, "seed": seed, "space": space})
        return draw(search, "study.yaml")

    long = drawn(first + more)
    assert drawn(first) == long[:first]
    assert len({repr(values) for values in long}) == first + more
    for values in long:
        low, high = space["head.dropout"]["uniform"]
        assert low <= values["head.dropout"] <= high
        assert ("head.l2" in values) == ("head.l2" in space and values["optimizer.name"] == "SGD")
