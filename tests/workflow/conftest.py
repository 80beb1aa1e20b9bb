"""A finished study, run once by Snakemake itself, for all tests of this room."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout, check_out
from killing import TARGET
from odd_pictures import place_pictures
from watching import watch


@pytest.fixture
def fresh(tmp_path: Path) -> Checkout:
    """A checkout without results, with the study of faults.yaml, which needs no files."""
    return check_out(tmp_path / "fresh", "faults.yaml")


@pytest.fixture
def small(tmp_path: Path) -> Checkout:
    """The small study with its pictures, without results."""
    checkout = check_out(tmp_path / "small")
    place_pictures(checkout.folder)
    return checkout


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with the results of the small study, run under watch; to be left as it is.

    What was said is in `output.txt`, what was seen in `watch.txt`.
    """
    checkout = check_out(tmp_path_factory.mktemp("study") / "finished")
    place_pictures(checkout.folder)
    said = checkout.snakemake(environment=watch(checkout.folder), cores="all")
    (checkout.folder / "output.txt").write_text(said, encoding="utf-8")
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


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The study of faults.yaml when nobody disturbs it, up to its summary; to be left as it is."""
    checkout = check_out(tmp_path_factory.mktemp("study") / "undisturbed", "faults.yaml")
    checkout.snakemake(TARGET, "results/record.json", cores="all")
    return checkout


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The finished study of stale.yaml, with own pictures and weights; to be left as it is."""
    # TensorFlow takes seconds to import.
    from scenery.demo.scenes import draw_scenes
    from scenery.models.backbones import build_backbone
    from scenery.models.weights import save_weights

    checkout = check_out(tmp_path_factory.mktemp("study") / "settled", "stale.yaml")
    draw_scenes(checkout.folder / "pictures", per_class=6, image_size=32, seed=1)
    save_weights(build_backbone("SqueezeNet", 32), checkout.folder / "squeezenet.weights.h5")
    checkout.snakemake()
    return checkout
