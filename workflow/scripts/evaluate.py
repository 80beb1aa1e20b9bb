"""Score the final model on the test images: the one script that reads them.

In: model.keras or model.skops, packed test images. Out: metrics.json (accuracy with its 95 %
interval, balanced accuracy and macro F1 with bootstrap intervals, loss) and predictions.csv (one
row per image); of an experiment's final model confusion.csv (rows true, columns predicted),
classes.csv (precision, recall with its 95 %
interval, F1 per class) and mistakes.npz (small pictures of the mistakes of
which the model was surest).
"""

import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from scenery.classical import classifiers
from scenery.data.packed_images import open_packed
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.calibration import calibrated, calibration_on_test
from scenery.evaluation.class_balance import recall_intervals
from scenery.evaluation.costs import cost_interval
from scenery.evaluation.mistakes import write_mistakes
from scenery.evaluation.prediction_scores import score_predictions
from scenery.evaluation.trial_tables import class_columns, prediction_table
from scenery.inference.final_model import load_final, predict
from scenery.inference.vectors import extract_vectors
from scenery.pipeline.execution import count_steps, script_log
from scenery.pipeline.jobs.final_models import EvaluateJob
from scenery.training.hardware import set_up

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def evaluate(
    model: Path,
    record: Path,
    split: Path,
    array: Path,
    job: EvaluateJob,
    out: dict[str, Path],
) -> None:
    """Score one model and write its files.

    Args:
        model: model.keras, loaded in Keras' safe mode, or model.skops, of known types alone.
        record: record.json beside it.
        split: The split.
        array: Packed test images.
        job: The experiment that chose the model, and how images become its input.
        out: Paths of metrics and predictions; of confusion, classes and mistakes, or none of them.
    """
    table = read_split(split)
    classes = class_names(table)
    rows = partition_table(table, "test")
    images = open_packed(array, rows)
    if job.vectors is None:
        network = load_final(model)
        started = time.perf_counter()
        probabilities = predict(network, images)
        count_steps(time.perf_counter() - started)
    else:
        values = extract_vectors(images, **dict(job.vectors))
        probabilities = classifiers.probabilities(classifiers.load(model), values, len(classes))
    predictions = prediction_table(list(images.files), images.labels, probabilities, classes)
    facts = json.loads(record.read_text(encoding="utf-8"))
    groups = rows["group"].to_numpy() if "group" in rows else None
    metrics = score_predictions(predictions, probabilities, images.labels, groups) | {
        "experiment": job.experiment,
        "scored_in": job.scored_in,
        "trial": facts["trial"],
        "refit": facts["refit"],
        "training_images": facts["training_images"],
    }
    temperature = job.calibration.get("temperature")
    metrics |= calibration_on_test(
        probabilities, images.labels, temperature, job.calibration.get("set_probability")
    )
    if temperature:
        # The answers of `scenery predict` for these images.
        shares = class_columns("calibrated", calibrated(probabilities, temperature), classes)
        predictions = pd.concat([predictions, shares], axis=1)
    if job.costs:
        answers = list(predictions["class"]), list(predictions["predicted"])
        metrics |= cost_interval(*answers, job.costs, groups)
    out["metrics"].write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    predictions.to_csv(out["predictions"], index=False)
    if "confusion" in out:
        _write_classes(predictions, classes, groups, out)
        write_mistakes(out["mistakes"], predictions, images.read)
    # Other models of the experiment are tested, too, to compare them.
    name = job.experiment if "confusion" in out else f"{job.experiment}, compared {facts['trial']}"
    log.info(
        "%s: test accuracy %.3f (%.3f to %.3f) on %d images",
        name,
        metrics["accuracy"],
        metrics["low"],
        metrics["high"],
        metrics["images"],
    )


def _write_classes(
    predictions: pd.DataFrame,
    classes: list[str],
    groups: np.ndarray | None,
    out: dict[str, Path],
) -> None:
    true, predicted = predictions["class"], predictions["predicted"]
    matrix = confusion_matrix(true, predicted, labels=classes)
    confusion = pd.DataFrame(matrix, columns=classes)
    confusion.insert(0, "true class", classes, allow_duplicates=True)
    confusion.to_csv(out["confusion"], index=False)
    precision, recall, f1, support = precision_recall_fscore_support(
        true, predicted, labels=classes, zero_division=0.0
    )
    low, high = recall_intervals(
        true.to_numpy(), predictions["correct"].to_numpy(dtype=bool), classes, groups
    )
    columns = {"class": classes, "precision": precision, "recall": recall, "recall_low": low}
    columns |= {"recall_high": high, "f1": f1, "images": support}
    pd.DataFrame(columns).to_csv(out["classes"], index=False)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        set_up(snakemake.threads)
        evaluate(
            model=Path(snakemake.input.model[0]),
            record=Path(snakemake.input.model[1]),
            split=Path(snakemake.input.split),
            array=Path(snakemake.input.images[0]),
            job=EvaluateJob.model_validate(snakemake.params.job),
            out={name: Path(path) for name, path in snakemake.output.items()},
        )
