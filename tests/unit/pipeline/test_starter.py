"""The config that `scenery init` writes."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from scenery.cli import main
from scenery.data.survey import Survey
from scenery.errors import UserError
from scenery.pipeline.preflight import check_config
from scenery.pipeline.starter import data_traits, starter, write_starter


def data_set(
    train: int, other: int | None = None, side: int = 200, partitions: bool = False
) -> Survey:
    """A data set of two classes with so many images."""
    counts = {"a": train, "b": train if other is None else other}
    by_partition = {"test": dict.fromkeys("ab", 5), "train": counts} if partitions else {"": counts}
    return Survey(by_partition, ((side, side + 10),), gray=False)


@pytest.fixture
def config_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The config for a data set as plain values, once it passed the check."""
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "0.png").touch()

    def read(found: Survey, offline: bool = False) -> dict[str, Any]:
        config: dict[str, Any] = yaml.safe_load(starter(found, Path("photos"), None, offline))
        check_config(config, "config.yaml")
        return config

    return read


def test_starter_few_images_keeps_the_backbone_frozen(config_of: Any) -> None:
    config = config_of(data_set(20))
    assert list(config["experiments"]) == ["backbones", "classical", "regularization",
                                           "augmentation"]  # fmt: skip
    assert "subset" not in str(config)
    assert config["base"]["trainable"] == "head"
    assert config["experiments"]["backbones"]["repeats"] == 3


def test_starter_some_images_has_subsets_and_a_search(config_of: Any) -> None:
    config = config_of(data_set(200))
    grid = config["experiments"]["sample_size"]["grid"]
    assert grid == {"subset": ["per_class_10", "per_class_25", "per_class_50", "full"]}
    assert {"cuts", "fine_tuning", "search"} <= set(config["experiments"])


def test_starter_many_images_fine_tunes_the_whole_network(config_of: Any) -> None:
    config = config_of(data_set(5000))
    assert {"trainable": "all"} in config["experiments"]["fine_tuning"]["list"]
    assert config["experiments"]["fine_tuning"]["overrides"]["subset"] == "full"
    assert config["experiments"]["backbones"]["overrides"] == {"subset": "per_class_1000"}


@pytest.mark.parametrize("train", [20, 200, 5000])
def test_starter_offline_uses_installed_weights_alone(config_of: Any, train: int) -> None:
    config = config_of(data_set(train), offline=True)
    assert config["base"]["backbone"] == "EfficientNetLite0"
    assert "'backbone':" not in str(config["experiments"])
    assert next(iter(config["experiments"])) == "cuts"
    assert config["experiments"]["cuts"]["grid"]["remove_stages"] == [0, 1, 2]
    others = [one for name, one in config["experiments"].items() if name != "cuts"]
    assert {one["start_from"] for one in others} <= {"cuts", "regularization"}
    # With a network connection all other experiments are the same.
    online = config_of(data_set(train))["experiments"]
    assert set(online) == {*config["experiments"], "backbones"} - ({"cuts"} - set(online))


@pytest.mark.parametrize("train", [10, 100])
def test_starter_small_images_trains_from_scratch(config_of: Any, train: int) -> None:
    config = config_of(data_set(train, side=28))
    assert (config["base"]["trainable"], config["base"]["image_size"]) == ("scratch", 32)


def test_starter_unbalanced_classes_are_weighted(config_of: Any) -> None:
    config = config_of(data_set(20, other=100))
    assert config["base"]["class_weights"] == "balanced"
    assert "nearest_neighbors" not in str(config)


def test_starter_given_partitions_are_not_drawn_again(config_of: Any) -> None:
    assert config_of(data_set(100, partitions=True))["split"] == {"validation": 0.2, "seed": 1}
    assert data_traits(data_set(100, partitions=True)).train == 80
    assert data_traits(data_set(100)).train == 56


def test_starter_name_of_a_made_data_set_stays_a_folder() -> None:
    config = yaml.safe_load(starter(data_set(20), Path("mnist"), None))
    assert config["dataset"]["path"] == "./mnist"


def test_starter_results_have_the_name_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk" / "p500").mkdir(parents=True)
    (tmp_path / "photos").symlink_to("disk/p500")
    monkeypatch.chdir(tmp_path)
    for path, name in (("photos", "photos"), ("disk/p500", "p500"), ("photos/..", "disk")):
        config = yaml.safe_load(starter(data_set(20), Path(path), None))
        assert (config["title"], config["results"]) == (name, f"results/{name}")
    monkeypatch.chdir(tmp_path / "disk")
    assert yaml.safe_load(starter(data_set(20), Path(), None))["title"] == "disk"


def test_starter_dark_images_of_16_bits_sets_the_white_level() -> None:
    found = replace(data_set(20), white_level=4095)
    assert yaml.safe_load(starter(found, Path("photos"), None))["dataset"]["white_level"] == 4095
    assert "white_level" not in starter(data_set(20), Path("photos"), None)


def test_starter_strange_name_is_quoted() -> None:
    config = yaml.safe_load(starter(data_set(20), Path('my: "photos" #1'), Path("é")))
    assert config["title"] == config["dataset"]["path"] == 'my: "photos" #1'
    assert config["dataset"]["root"] == "é"
    assert config["results"] == "results/my_photos_1"


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of images, seen from the directory above it."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in "ab":
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for number in range(4):
            pixels = random.integers(0, 255, (60, 60, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return Path("photos")


def test_init_folder_writes_a_config_that_passes_the_check(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(photos)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("photos: 8 images of 2 classes\n")
    assert "color, 60 pixels wide and 60 high (images looked at: 8)" in said
    assert "Written: config.yaml." in said
    assert main(["check", "config.yaml"]) == 0


def test_init_existing_config_is_kept(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("config.yaml").write_text("mine", encoding="utf-8")
    assert main(["init", str(photos)]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        "config.yaml: exists already; name another file with --out\n",
    )
    assert Path("config.yaml").read_text(encoding="utf-8") == "mine"


def test_init_mistake_writes_nothing(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "nowhere", "--out", "new.yaml"]) == 1
    assert "nowhere: does not exist; a data set is a folder of" in capsys.readouterr().err
    assert not Path("new.yaml").exists()


def test_write_starter_missing_folder_of_the_config_is_refused(photos: Path) -> None:
    with pytest.raises(UserError, match="there is no folder configs"):
        write_starter(photos, None, Path("configs/new.yaml"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_write_starter_read_only_folder_is_refused(photos: Path) -> None:
    Path("locked").mkdir(mode=0o500)
    with pytest.raises(UserError, match="cannot be written"):
        write_starter(photos, None, Path("locked/new.yaml"))
