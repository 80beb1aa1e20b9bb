"""Shuffled labels give chance: nothing of the test images reaches what is learned."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from scenery.config.settings import Settings
from scenery.data.catalogue import apply_policy, make_catalogue
from scenery.data.feature_files import LabeledFeatures
from scenery.data.image_listing import FoundImage
from scenery.data.images import read_image
from scenery.data.sources import list_images
from scenery.data.splitting import split_images
from scenery.demo.scenes import draw_scenes
from scenery.evaluation.trial_tables import prediction_table
from scenery.models.feature_extraction import load_backbone, pooled
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.head_training import HeadTrainer

SIZE = 64
CHANCE = 1 / 8
SHUFFLES = 10
SETTINGS = Settings.model_validate(
    {"weights": "none", "epochs": 40, "head": {"dense": [64]}, "optimizer": {"name": "Adam"}}
)


@dataclass(frozen=True)
class Scenes:
    """Drawn scenes with what a frozen network says of each."""

    found: list[FoundImage]
    catalogue: pd.DataFrame
    features: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    folder = tmp_path_factory.mktemp("scenes")
    draw_scenes(folder, 30, SIZE, seed=1)
    found = list_images(folder)
    backbone = pooled(load_backbone("SqueezeNet", SIZE, "fire4_concat", None, seed=1), "average")
    pixels = np.stack([read_image(folder / image.file) for image in found])
    features = backbone.predict(pixels.astype(np.float32), verbose=0)
    files = [image.file for image in found]
    return Scenes(
        found,
        apply_policy(make_catalogue(found, folder)),
        dict(zip(files, features, strict=True)),
    )


def answers(scenes: Scenes, shuffle: int | None) -> pd.DataFrame:
    """A head's answers on test images, with the labels as they are or dealt out anew."""
    catalogue = scenes.catalogue
    if shuffle is not None:
        order = np.random.default_rng(shuffle).permutation(len(catalogue))
        catalogue = catalogue.assign(**{"class": catalogue["class"].to_numpy()[order]})
    split = split_images(catalogue, test=0.3, validation=0.2, seed=1)
    parts = {}
    for part, rows in split.groupby("partition"):
        values = np.stack([scenes.features[file] for file in rows["file"]])
        parts[part] = LabeledFeatures(values, rows["label"].to_numpy(np.int64))
    classes = sorted(split["class"].unique())
    learner = HeadTrainer(SETTINGS, len(classes), parts["train"], parts["validation"])
    run = run_epochs(learner, EpochPlan.of(SETTINGS, "head", learner.images), "a head", quiet=True)
    assert run.status == "completed"
    files = list(split.loc[split["partition"] == "test", "file"])
    return prediction_table(files, parts["test"].labels, learner.predict(parts["test"]), classes)


def interval(table: pd.DataFrame) -> tuple[float, float]:
    found = binomtest(int(table["correct"].sum()), len(table)).proportion_ci(method="wilson")
    return found.low, found.high


def test_shuffled_labels_give_chance_and_true_ones_more(scenes: Scenes) -> None:
    shuffled = pd.concat([answers(scenes, shuffle) for shuffle in range(SHUFFLES)])
    low, high = interval(shuffled)
    assert len(shuffled) == SHUFFLES * 72
    assert low <= CHANCE <= high
    # The same way with the true labels does find them, so that the test above can fail.
    low, _ = interval(answers(scenes, None))
    assert low > 1.5 * CHANCE
