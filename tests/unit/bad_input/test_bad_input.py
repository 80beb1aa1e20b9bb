"""Every case of bad input in docs/explanation/trust.md gives one clear line, or is used."""

from collections.abc import Callable
from pathlib import Path

import pytest
from catalogue import main as make_catalogue
from check_weights import check_weights
from provide_weights import provide_weights
from split import main as make_split

from bad_input import preset_cases
from bad_input.cases import Case, good
from bad_input.config_cases import CONFIGS
from bad_input.image_cases import BAD, IMAGES
from bad_input.preset_cases import PRESETS, study
from bad_input.source_cases import FOLDERS, MANIFESTS
from bad_input.table import BEGIN, DOCUMENT, GROUPS, with_tables
from bad_input.weights_cases import FILE, WEIGHTS
from scenery.config.loading import load_config
from scenery.data.sources import dataset_digest, list_images
from scenery.data.tables import read_catalogue, read_split
from scenery.errors import UserError
from scenery.pipeline.jobs.data import SplitJob
from scenery.pipeline.jobs.weights import CheckWeightsJob
from scenery.pipeline.preflight import check_config

LINE = 1500
LAST_SQUEEZENET = "fire9_concat"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ends_as_it_says(case: Case, act: Callable[[], object]) -> None:
    """A case that stops the study gives one line with what the docs say; another gives none."""
    if not case.stops:
        act()
        return
    with pytest.raises(UserError) as error:
        act()
    text = str(error.value)
    assert case.says in text
    assert text.isprintable()
    assert len(text) < LINE


def named(case: Case) -> str:
    return case.what


def catalogue(path: str, on_problem: str = "stop") -> None:
    """What the rules from the images to the split do."""
    list_images(path)
    dataset_digest(path, None, "cache.json")
    make_catalogue(
        Path(path), Path(path), on_problem, 50_000_000, True, "drop", "drop", 2, "catalogue.csv",
        Path("similar_images.npz"),
    )  # type: ignore[arg-type]  # fmt: skip
    make_split("catalogue.csv", SplitJob(test=0.34, validation=0.5, seed=1), "split.csv")


@pytest.mark.parametrize("case", IMAGES, ids=named)
def test_images(case: Case) -> None:
    good()
    case.make()
    ends_as_it_says(case, lambda: catalogue("images"))
    # Left out, it costs no other image.
    catalogue("images", "leave_out")
    table = read_catalogue("catalogue.csv").set_index("file")
    assert len(table) == 9
    bad = table[table.index.str.startswith(BAD)].iloc[0]
    assert bool(bad["kept"]) == (not case.stops and "left out" not in case.says)
    others = table.drop(bad.name)
    assert others.loc[others.index != "forest/0.png", "kept"].all()
    assert len(read_split("split.csv")) == table["kept"].sum()


STUDY = {"base": {"weights": "none"}, "experiments": {"first": {}}}


@pytest.mark.parametrize("case", FOLDERS, ids=named)
def test_folders(case: Case) -> None:
    case.make()
    config = {**STUDY, "dataset": {"path": "images"}}
    ends_as_it_says(case, lambda: check_config(config, "study.yaml"))
    if not case.stops:
        catalogue("images")
        assert set(read_split("split.csv")["class"]) == {
            path.name for path in Path("images").iterdir() if path.is_dir() and path.name[0] != "_"
        }


@pytest.mark.parametrize("case", MANIFESTS, ids=named)
def test_manifests(case: Case) -> None:
    case.make()
    config = {**STUDY, "dataset": {"path": "images/list.csv"}}
    ends_as_it_says(case, lambda: check_config(config, "study.yaml"))


@pytest.mark.parametrize("case", WEIGHTS, ids=named)
def test_weights(case: Case) -> None:
    case.make()
    provide_weights("SqueezeNet", FILE, Path(FILE), Path("kept.h5"))
    Path("kept.h5").rename(FILE)
    job = CheckWeightsJob(backbone="SqueezeNet", layers=(LAST_SQUEEZENET,))
    ends_as_it_says(case, lambda: check_weights(Path(FILE), job, Path("facts.json")))
    assert Path("facts.json").exists() != case.stops


@pytest.mark.parametrize("case", CONFIGS, ids=named)
def test_configs(case: Case) -> None:
    case.make()
    ends_as_it_says(case, lambda: check_config(load_config("study.yaml"), "study.yaml"))


@pytest.mark.parametrize("case", PRESETS, ids=named)
def test_presets(case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(preset_cases, "CHANGES", {})
    case.make()
    ends_as_it_says(case, lambda: check_config(study(), "study.yaml"))


def test_there_are_many_and_each_once() -> None:
    cases = [(group, case.what) for group, cases in GROUPS.items() for case in cases]
    assert len(cases) == len(set(cases)) >= 60


def test_the_docs_have_them_all() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert BEGIN in text
    assert with_tables(text) == text, "run: PYTHONPATH=src:tests/unit python -m bad_input.table"
