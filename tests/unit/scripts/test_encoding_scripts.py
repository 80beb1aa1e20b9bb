"""From maps to a codebook, to vectors, and to the same vectors of images that come later."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from encode_features import encode_features
from extract_features import extract_features
from learn_codebook import learn_codebook, rows_to_learn

from scenery.classical.dense_sift import DenseSift
from scenery.config.settings import Settings
from scenery.data.packed_images import open_packed
from scenery.errors import UserError
from scenery.inference.vectors import extract_vectors
from scenery.pipeline.jobs.features import ExtractFeaturesJob, LearnCodebookJob
from scenery.study.features import FeatureSet, plain_features, training_features
from scenery.study.resampling import FoldSpec

SETTINGS = Settings(
    backbone="DenseSIFT",
    weights="none",
    image_size=32,
    network={"step": 8, "scales": [8, 16]},
    augment={"horizontal_flip": True},
    views=2,
    classifier={},
    encoding={"size": 6, "pyramid": [1, 2], "power": True, "samples": 60},
)


class Folder:
    """Ten images of noise and the files that the rules make of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.table = folder / "split.csv"
        self.images = folder / "32.npy"
        pixels = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)
        np.save(self.images, pixels)
        rows = np.arange(10)
        self.split = pd.DataFrame(
            {
                "file": [f"{n}.png" for n in rows],
                "class": "a",
                "label": 0,
                "partition": "train",
                "row": rows[::-1],
            }
        )
        self.split.to_csv(self.table, index=False)

    def extract(self, features: FeatureSet, name: str) -> dict[str, Any]:
        paths = self.folder / f"{name}.npy", self.folder / f"{name}.json"
        job = ExtractFeaturesJob(partition="train", features=features, weights=None)
        extract_features(self.table, self.images, job, *paths)
        return dict(json.loads(paths[1].read_text()))

    def learn(self, name: str = "codebook", table: Path | None = None, **changes: Any) -> Any:
        codebook = plain_features(SETTINGS).codebook
        assert codebook is not None
        encoding = codebook.encoding.model_dump(mode="json") | changes
        out = self.folder / f"{name}.skops", self.folder / f"{name}.json"
        job = LearnCodebookJob(encoding=encoding, seed=1)
        learn_codebook(table or self.table, self.table, [self.folder / "maps.npy"], job, *out)
        return json.loads(out[1].read_text())

    def encode(self, maps: str, name: str) -> tuple[np.ndarray, dict[str, Any]]:
        out = self.folder / f"{name}.npy", self.folder / f"{name}.json"
        encode_features(
            self.folder / f"{maps}.npy",
            self.folder / f"{maps}.json",
            self.folder / "codebook.skops",
            SETTINGS.encoding,
            *out,
        )
        return np.load(out[0]), json.loads(out[1].read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = Folder(tmp_path_factory.mktemp("encoding"))
    made.extract(plain_features(SETTINGS).raw, "maps")
    made.learn()
    return made


def test_maps_of_dense_sift(folder: Folder) -> None:
    facts = json.loads((folder.folder / "maps.json").read_text())
    assert (facts["shape"], facts["views"], facts["parameters"]) == ([10, 3, 3, 2, 128], 0, 0)
    maps = np.load(folder.folder / "maps.npy")
    assert maps.dtype == np.uint8
    pixels = np.load(folder.images)
    # The split's rows, in the order in which they are packed.
    assert (maps == DenseSift(32, 8, (8, 16)).describe(pixels)).all()


def test_vectors_of_training_and_of_later_images_are_the_same(folder: Folder) -> None:
    vectors, facts = folder.encode("maps", "vectors")
    assert vectors.shape == (10, 5 * 6) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(10))
    assert facts["parameters"] == 6 * 128
    images = open_packed(folder.images, folder.split.sort_values("row", ignore_index=True))
    features = plain_features(SETTINGS)
    later = extract_vectors(images, features, None, folder.folder / "codebook.skops")
    assert later == pytest.approx(vectors, abs=1e-6)


def test_views_are_encoded_one_by_one(folder: Folder) -> None:
    views = training_features(SETTINGS).raw
    facts = folder.extract(views, "views")
    assert (facts["shape"], facts["views"]) == ([2, 10, 3, 3, 2, 128], 2)
    vectors, facts = folder.encode("views", "encoded_views")
    assert (vectors.shape, facts["views"]) == ((2, 10, 30), 2)
    plain, _ = folder.encode("maps", "plain")
    # An image is turned in none, one or both of its views.
    same = np.isclose(vectors, plain).all(axis=2)
    assert same.any() and not same.all()


def test_a_codebook_follows_its_images_alone(folder: Folder) -> None:
    again, other = folder.learn("again"), folder.learn("other", samples=61)
    assert again == json.loads((folder.folder / "codebook.json").read_text())
    assert other["digest"] != again["digest"]
    assert (again["descriptors"], other["descriptors"]) == (60, 61)
    subset = folder.folder / "subset.csv"
    folder.split.iloc[:2].to_csv(subset, index=False)
    few = folder.learn("few", table=subset)
    assert few["descriptors"] == 36
    assert few["digest"] != again["digest"]


def test_more_words_than_descriptors(folder: Folder) -> None:
    with pytest.raises(UserError, match="codebook of 200 is larger than the 180 descriptors"):
        folder.learn("large", size=200, samples=1000)


def test_codebook_of_a_fold_learns_from_the_images_of_all_other_folds(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "file": [f"{n}.png" for n in range(24)],
            "class": "a",
            "label": 0,
            "group": np.arange(24) // 2,
            "partition": ["train"] * 16 + ["validation"] * 8,
            "row": [*range(16), *range(8)],
        }
    )
    split = tmp_path / "split.csv"
    rows.to_csv(split, index=False)
    held_out = []
    for number in range(4):
        fold = FoldSpec(folds=4, seed=1, number=number)
        training, validation = rows_to_learn(split, split, fold)
        learned = {*training, *(16 + validation)}
        held_out += sorted(set(range(24)) - learned)
        # Both images of a group are learned from, or none.
        assert {image // 2 for image in learned}.isdisjoint(image // 2 for image in held_out[-6:])
    assert sorted(held_out) == list(range(24))
    (training,) = rows_to_learn(split, split, None)
    assert list(training) == list(range(16))
