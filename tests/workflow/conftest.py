"""A finished study, run once by Snakemake itself, for all tests of this room."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout, check_out


@pytest.fixture
def fresh(tmp_path: Path) -> Checkout:
    """A checkout without results."""
    return check_out(tmp_path / "fresh")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with the results of the small study; to be left as it is."""
    checkout = check_out(tmp_path_factory.mktemp("study") / "finished")
    (checkout.folder / "output.txt").write_text(checkout.snakemake(), encoding="utf-8")
    return checkout


@pytest.fixture
def changeable(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished checkout that a test may change."""
    return finished.copy_to(tmp_path / "copy")


@pytest.fixture
def change_config(changeable: Checkout) -> Callable[[str, Any], Checkout]:
    """Change one value, by dotted keys, of the config of a finished checkout."""

    def change(path: str, value: Any) -> Checkout:
        config = changeable.read_config()
        *parents, last = path.split("/")
        place = config
        for parent in parents:
            place = place[parent]
        place[last] = value
        changeable.write_config(config)
        return changeable

    return change
