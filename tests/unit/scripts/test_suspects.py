"""find_suspects.py and tabulate_suspects.py: labels beside predictions, as a table and a page."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from find_suspects import find_suspects
from PIL import Image

from scenery.data.tables import write_table
from scenery.evaluation.columns import names_of
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.suspects import SuspectsJob
from scenery.reporting.reading import read_suspects
from scenery.reporting.suspects import NONE, _pairs, write_suspects_page

PLANTED = ("a/7.png", "b/22.png")


def study(folder: Path, per_class: int) -> SuspectsJob:
    """Images of two classes, of which those of PLANTED have the label of the other one."""
    random = np.random.default_rng(0)
    true = np.repeat([0, 1], per_class)
    files = [f"{'ab'[label]}/{number}.png" for number, label in enumerate(true)]
    labels = [
        1 - label if file in PLANTED else label for file, label in zip(files, true, strict=True)
    ]
    split = pd.DataFrame({"file": files, "class": ["ab"[label] for label in labels]})
    split["label"], split["row"] = labels, 0
    split["partition"] = np.where(np.arange(len(files)) % 5 == 4, "validation", "train")
    if per_class > 1:
        split.loc[[0, per_class], "partition"] = "test"
    found: dict[str, list[ArrayFiles]] = {"features": [], "images": []}
    for _, rows in split.groupby("partition"):
        split.loc[rows.index, "row"] = np.arange(len(rows))
    for name in ("train", "validation"):
        rows = split.index[split["partition"] == name]
        vectors = np.eye(2)[true[rows]] + random.normal(0, 0.1, (len(rows), 2))
        pixels = random.integers(0, 255, (len(rows), 8, 8, 3), dtype=np.uint8)
        pixels[:1] = 3
        for kind, values in (("features", vectors.astype(np.float32)), ("images", pixels)):
            paths = ArrayFiles(array=folder / f"{kind}_{name}.npy", facts=folder / f"{name}.json")
            np.save(paths.array, values)
            paths.facts.write_text(json.dumps({"views": 0}), encoding="utf-8")
            found[kind].append(paths)
    write_table(split, folder / "split.csv")
    return SuspectsJob(features=tuple(found["features"]), images=tuple(found["images"]))


def test_find_suspects_planted_labels_come_first(tmp_path: Path) -> None:
    job = study(tmp_path, 20)
    find_suspects(job, tmp_path / "split.csv", tmp_path / "suspects.csv")
    found = read_suspects(tmp_path / "suspects.csv")
    assert list(found.columns) == list(names_of("suspects"))
    assert set(found["file"][:2]) == set(PLANTED)
    assert set(found["file"][found["suspect"]]) == set(PLANTED)
    split = pd.read_csv(tmp_path / "split.csv")
    assert set(found["file"]) == set(split["file"][split["partition"] != "test"])
    assert (found["contrast"] == 0).sum() == 2


def test_find_suspects_too_few_images_gives_an_empty_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = study(tmp_path, 1)
    find_suspects(job, tmp_path / "split.csv", tmp_path / "suspects.csv")
    assert "no class has two independent images" in caplog.text
    found = read_suspects(tmp_path / "suspects.csv")
    assert found.empty
    write_suspects_page(found, tmp_path, tmp_path / "suspects.html")
    assert NONE in (tmp_path / "suspects.html").read_text(encoding="utf-8")


def test_suspects_page_escapes_names_and_limits_pictures(tmp_path: Path) -> None:
    rows = 101
    names = [f"<b>{number:03}.png" for number in range(rows)]
    for name in names[:-1]:
        Image.new("RGB", (9, 7), (200, 9, 9)).save(tmp_path / name)
    found = pd.DataFrame(
        {"file": names, "class": "<a>", "suggested": "c", "self_confidence": 0.1, "suspect": True,
         "nearest": names[::-1], "nearest_class": "c", "similarity": 0.5, "contrast": 50.0,
         "near_duplicate": False}
    )  # fmt: skip
    write_suspects_page(found, tmp_path, tmp_path / "suspects.html")
    page = (tmp_path / "suspects.html").read_text(encoding="utf-8")
    assert "<b>" not in page and "<a>" not in page
    assert "Shown: 100 of 101." in page and "Shown: 25 of 101." in page
    # The nearest image of the first row has been deleted.
    assert page.count("cannot be read any more") == 1
    assert page.count("data:image/jpeg") == 100 + 25 + 24 + 20


def test_suspects_page_shows_each_pair_of_near_duplicates_once(tmp_path: Path) -> None:
    for name in "abcd":
        Image.new("RGB", (9, 7), (200, 9, 9)).save(tmp_path / name, format="PNG")
    found = pd.DataFrame(
        {"file": list("abcd"), "class": ["x", "x", "x", "y"], "suggested": "x",
         "self_confidence": 0.9, "suspect": False, "nearest": list("bada"),
         "nearest_class": ["x", "x", "y", "x"], "similarity": [0.95, 0.95, 0.9, 0.9],
         "contrast": 50.0, "near_duplicate": True}
    )  # fmt: skip
    assert _pairs(found)["file"].tolist() == ["a", "c", "d"]
    write_suspects_page(found, tmp_path, tmp_path / "suspects.html")
    page = (tmp_path / "suspects.html").read_text(encoding="utf-8")
    _, after = page.split("Images that show the same")
    assert after.split("Blank pictures")[0].count("data:image/jpeg") == 2
