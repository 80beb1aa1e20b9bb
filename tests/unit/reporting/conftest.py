"""A small study on disk, written once for all tests of this room."""

from pathlib import Path

import pytest
from tables_factory import (
    HOSTILE,
    Experiment,
    class_names,
    draws,
    grid,
    write_data,
    write_experiment,
    write_summary,
    write_test,
)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with data/, experiments/ and summary.csv: five experiments of every kind."""
    root = tmp_path_factory.mktemp("results")
    flips = grid(
        augment__rotation=[0.0, 20.0],
        augment__zoom=[0.0, 0.2],
        augment__horizontal_flip=[False, True],
    )
    specifications = [
        ("one", [{}], "single", "One setting", {}),
        ("cuts", grid(remove_stages=[0, 1, 2], head__dense=[[], [64]]), "grid", "Cuts",
         {"diverged": (3,), "repeats": 2}),
        ("flips", flips, "grid", HOSTILE[0] + " " + HOSTILE[1], {}),
        ("search", draws(200), "random", "Random search", {"diverged": (3, 30)}),
        ("names", [{"backbone": name} for name in HOSTILE], "list", HOSTILE[3] + HOSTILE[2], {}),
    ]  # fmt: skip
    experiments: list[Experiment] = []
    for seed, (name, settings, kind, title, options) in enumerate(specifications):
        one = write_experiment(
            root / "experiments" / name, name, settings, kind, title, seed=seed, epochs=4, **options
        )
        write_test(one.folder, name, one.choice().trial, class_names(7, True), 12, seed=seed)
        experiments.append(one)
    write_summary(root / "summary.csv", experiments)
    write_data(root / "data", class_names(7, True), 20)
    return root


@pytest.fixture
def experiments(study: Path) -> dict[str, Experiment]:
    """The study's experiments by name, in order."""
    names = ("one", "cuts", "flips", "search", "names")
    return {name: Experiment(study / "experiments" / name, name) for name in names}
