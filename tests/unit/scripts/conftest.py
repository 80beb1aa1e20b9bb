"""A data set of 24 small pictures with its tables, packed images and features."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scenery.config.settings import Settings
from scenery.data.tables import write_table
from scenery.models.feature_extraction import load_backbone, pooled
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.final_models import Choice, RefitFeaturesJob
from scenery.pipeline.jobs.trials import BackboneSpec, FeatureTrial, FoldFiles, NetworkData
from scenery.study.resampling import Resampling
from scenery.study.trials import ResolvedTrial

SIZE = 32
CLASSES = ("coast", "forest", "street")
PARTITIONS = {"train": 4, "validation": 2, "test": 2}
NETWORK = {
    "backbone": "SqueezeNet", "cut": "fire3_concat", "weights": "none", "image_size": SIZE,
    "epochs": 3, "batch_size": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Study:
    """The files that scripts read, laid out as the workflow does."""

    folder: Path

    @property
    def split(self) -> Path:
        return self.folder / "data" / "split.csv"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def settings(self, **changes: Any) -> Settings:
        return Settings(**{**NETWORK, **changes})

    def array(self, *parts: str) -> ArrayFiles:
        """An array and its facts, by the parts of their path."""
        stem = self.folder.joinpath(*parts)
        return ArrayFiles(array=stem.with_suffix(".npy"), facts=stem.with_suffix(".json"))

    def trial(self, folds: Resampling | None = None, **changes: Any) -> FeatureTrial:
        """A trial as the rules hand it to their scripts."""
        settings = self.settings(**changes)
        return FeatureTrial(
            id=ResolvedTrial("e", settings).id,
            settings=settings,
            table=self.split,
            training=self.array("features", "plain", "train"),
            validation=self.array("features", "plain", "validation"),
            folds=folds and self.folds(folds),
        )

    def folds(self, resampling: Resampling) -> FoldFiles:
        """The files of a trial without augmentation that is scored in folds."""
        return FoldFiles(
            resampling=resampling,
            training=self.array("features", "plain", "train"),
            validation=self.array("features", "plain", "validation"),
        )

    def backbone(self, **changes: Any) -> BackboneSpec:
        """The backbone of such a trial."""
        trial = ResolvedTrial("e", self.settings(**changes))
        return BackboneSpec(
            name=trial.settings.backbone,
            image_size=trial.image_size,
            layer=trial.layer,
            weights=None,
            seed=trial.settings.seed,
            options=trial.settings.network,
        )

    def network_data(self, partition: str) -> NetworkData:
        """Images and plain features of a partition."""
        return NetworkData(
            images=self.array("data", partition, str(SIZE)),
            features=self.array("features", "plain", partition),
        )

    def choice(self, rates: dict[str, list[float]], **changes: Any) -> Choice:
        """What an experiment chose."""
        trial = self.trial(**changes)
        return Choice(trial=trial.id, settings=trial.settings, learning_rates=rates)

    def refit_features(
        self, choice: Choice, refit: bool, folds: Resampling | None = None
    ) -> RefitFeaturesJob:
        """The refit of a head or classical model."""
        return RefitFeaturesJob(
            resampling=folds,
            choice=choice,
            refit=refit,
            table=self.split,
            training=self.array("features", "plain", "train"),
            validation=self.array("features", "plain", "validation"),
            backbone=self.backbone(),
        )


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """To be left as it is; tests write into folders of their own."""
    made = Study(tmp_path_factory.mktemp("results"))
    rows = [
        {"file": f"{part}/{name}/{n}.png", "class": name, "label": label, "partition": part,
         "row": label * count + n}
        for part, count in PARTITIONS.items()
        for label, name in enumerate(CLASSES)
        for n in range(count)
    ]  # fmt: skip
    made.data.mkdir()
    table = pd.DataFrame(rows)
    write_table(table, made.split)
    random = np.random.default_rng(0)
    backbone = load_backbone("SqueezeNet", SIZE, "fire3_concat", None, seed=1)
    (made.folder / "features" / "plain").mkdir(parents=True)
    for part in PARTITIONS:
        labels = table.loc[table["partition"] == part, "label"].to_numpy()
        pixels = random.integers(0, 150, (len(labels), SIZE, SIZE, 3)) + 50 * labels.reshape(
            -1, 1, 1, 1
        )
        (made.data / part).mkdir()
        np.save(made.data / part / f"{SIZE}.npy", pixels.astype(np.uint8))
        facts = {"digest": f"of {part}", "count": len(labels)}
        (made.data / part / f"{SIZE}.json").write_text(json.dumps(facts))
        if part == "test":
            continue
        stem = made.folder / "features" / "plain" / part
        features = pooled(backbone, "average")(pixels.astype(np.float32), training=False)
        np.save(stem.with_suffix(".npy"), np.asarray(features))
        facts = {"views": 0, "digest": f"of {part}", "parameters": backbone.count_params()}
        stem.with_suffix(".json").write_text(json.dumps(facts))
    return made
