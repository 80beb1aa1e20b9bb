"""The validation accuracy with ten stored views, beside augmentation in every epoch.

With as many views as epochs, every epoch uses new augmented images, as with augmentation during
training. Both are trained with several seeds. The ten stored views are the first ten.
"""

import numpy as np

from benchmarks.material import Material
from benchmarks.measuring import Spread
from benchmarks.results import Row
from benchmarks.views import BATCH, CLASSES, VIEWS, backbone_of, images_of, settings_of
from scenery.data.feature_files import LabeledFeatures
from scenery.models.feature_extraction import extract
from scenery.pipeline.resources import cores
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.hardware import set_up
from scenery.training.trainers import head_trainer

SEEDS = 5


def run(material: Material) -> list[Row]:
    """Best validation accuracies over seeds."""
    set_up(cores())
    settings, (training, validation) = settings_of(material), images_of(material)
    backbone = backbone_of(material)
    everything, plain = material.folder / "all_views.npy", material.folder / "plain.npy"
    online = max(material.epochs, 2)
    kept = min(VIEWS, online // 2)
    extract(backbone, training, everything, BATCH, settings.augment, online, 0)
    extract(backbone, validation, plain, BATCH)
    views = np.load(everything, mmap_mode="r")
    checked = LabeledFeatures(np.load(plain), validation.labels)

    def accuracies(count: int) -> list[float]:
        learned = LabeledFeatures(views[:count], training.labels, views=True)
        best = []
        for seed in range(SEEDS):
            own = settings_of(material, seed)
            learner = head_trainer(own, CLASSES, learned, checked)
            run = run_epochs(learner, EpochPlan.of(own, "head", learner.images), "", quiet=True)
            best.append(run.best_row.validation_accuracy)
        return best

    few, all_new = (Spread.of(accuracies(count)) for count in (kept, online))
    return [
        Row(
            work=f"best validation accuracy, {len(training)} images, {kept} views",
            compared=f"a new rendering in each of {online} epochs",
            measured=f"{few.median:.3f} against {all_new.median:.3f}",
            target="within 0.01",
            met=few.median >= all_new.median - 0.01,
            note=f"medians over {SEEDS} seeds, {len(validation)} validation images; quartiles "
            f"{few.low:.3f} to {few.high:.3f} and {all_new.low:.3f} to {all_new.high:.3f}",
        )
    ]
