"""scenery relabel: from a results folder to a page and a file of corrections that a run reads."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from scenery.cli import main
from scenery.config.settings import Settings
from scenery.config.validation import read_study
from scenery.data.contrast import MIN_CONTRAST
from scenery.data.sources import list_images
from scenery.data.splitting import split_images
from scenery.data.tables import partition_table, read_split, write_table
from scenery.pipeline.layout import Layout
from scenery.study.features import plain_features

IMAGES = 90
PLANTED = (4, 50)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results with features of gray images, two of which have the label of another class."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    true = np.arange(IMAGES) // (IMAGES // 3)
    labels = true.copy()
    labels[list(PLANTED)] = (labels[list(PLANTED)] + 1) % 3
    files = [f"{'abc'[label]}/<{number:02}>.png" for number, label in enumerate(labels)]
    for file in files:
        path = Path("images", file)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 20), (9, 99, 200)).save(path)
    catalogue = pd.DataFrame(
        {"file": files, "class": [file[0] for file in files], "given_partition": "",
         "given_group": "", "weight": 1.0, "digest": "d", "problem": "", "duplicate_group": 0,
         "group": 0, "kept": True, "reason": ""}
    )  # fmt: skip
    split = split_images(catalogue, 0.2, 0.2, 1)
    settings = Settings(backbone="SqueezeNet", weights="none", image_size=32)
    config = {"dataset": {"path": "images"}, "experiments": {"one": {}}}
    layout = Layout("results")
    study = read_study(config, "config").spelled_out()
    contents = {
        layout.config: study,
        layout.experiment("one").chosen: {
            "experiment": "one", "settings": settings.model_dump(mode="json"),
            "validation_accuracy": 0.9, "learning_rates": {},
        },
    }  # fmt: skip
    for name, content in contents.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(yaml.safe_dump(content), encoding="utf-8")
    Path(layout.split).parent.mkdir()
    write_table(split, layout.split)
    of_file = dict(zip(files, true, strict=True))
    for name in ("train", "validation"):
        rows = partition_table(split, name)
        own = np.array([of_file[file] for file in rows["file"]])
        paths = layout.features(plain_features(settings).id, name)
        Path(paths.array).parent.mkdir(parents=True, exist_ok=True)
        vectors = np.eye(3)[own] + random.normal(0, 0.1, (len(rows), 3))
        np.save(paths.array, vectors.astype(np.float32))
        # Two black training images; all others have a pattern.
        pixels = random.integers(0, 255, (len(rows), 32, 32, 3), dtype=np.uint8)
        pixels[: 2 if name == "train" else 0] = 3
        packed = Path(layout.packed(name, 32).array)
        packed.parent.mkdir(parents=True, exist_ok=True)
        np.save(packed, pixels)
        Path(paths.facts).write_text(json.dumps({"views": 0}), encoding="utf-8")
    return Path("results")


def test_relabel_writes_a_page_and_corrections_that_a_run_reads(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split = pd.read_csv(results / "data/split.csv").set_index("file")
    planted = {
        file for file in split.index
        if int(file[3:5]) in PLANTED and split.at[file, "partition"] != "test"
    }  # fmt: skip
    assert planted
    assert main(["relabel", "results"]) == 0
    said = capsys.readouterr().out
    assert "have a suspicious label, 2 are blank" in said
    table = pd.read_csv(results / "data/suspects.csv")
    assert set(table["file"]) == set(split.index[split["partition"] != "test"])
    assert set(table["file"][: len(planted)]) == planted
    page = (results / "data/suspects.html").read_text(encoding="utf-8")
    assert "Are my labels right?" in page
    assert "b/<04>.png" not in page
    blank = set(partition_table(read_split(results / "data/split.csv"), "train")["file"][:2])
    assert set(table.loc[table["contrast"] < MIN_CONTRAST, "file"]) == blank
    assert page.index("Similar images of two classes") < page.index("Blank pictures")
    assert "data:image/jpeg" in page
    before = {image.file: image.class_name for image in list_images("images")}
    after = {i.file: i.class_name for i in list_images("images", None, None, "corrections.csv")}
    assert {file for file in before if before[file] != after[file]} >= planted


def test_relabel_takes_the_table_that_the_study_has_made(results: Path) -> None:
    assert main(["relabel", "results"]) == 0
    table = pd.read_csv(results / "data/suspects.csv")
    table["suspect"] = table.index == len(table) - 1
    write_table(table, results / "data/suspects.csv")
    assert main(["relabel", "results", "--out", "mine.csv"]) == 0
    assert list(pd.read_csv("mine.csv")["file"]) == [table["file"].iloc[-1]]


def test_relabel_without_pixels_says_how_to_make_them(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "data/train/32.npy").unlink()
    assert main(["relabel", "results"]) == 1
    said = capsys.readouterr().err
    assert "data/train/32.npy: does not exist; run the study again to make it" in said


def test_relabel_does_not_replace_corrections(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine.csv").write_text("file,class\n", encoding="utf-8")
    assert main(["relabel", "results", "--out", "mine.csv"]) == 1
    assert "mine.csv: exists already" in capsys.readouterr().err
    assert Path("mine.csv").read_text(encoding="utf-8") == "file,class\n"


def test_relabel_without_features_says_what_is_needed(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (results / "features").rglob("*.npy"):
        path.unlink()
    assert main(["relabel", "results"]) == 1
    assert "no experiment has features of a frozen backbone" in capsys.readouterr().err


def test_relabel_of_no_results_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["relabel", str(tmp_path / "none")]) == 1
    assert "give the results folder of a finished study" in capsys.readouterr().err
