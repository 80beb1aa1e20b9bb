"""Draw what an experiment's final model does on the test partition.

In: metrics, predictions, confusion matrix, class scores and pictures of mistakes. Out: confusion
matrix, scores of each class, ROC and precision-recall curves and reliability diagram (SVG and PNG),
the most confident mistakes (PNG).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.evaluation_figures import class_scores, confusion_matrix, reliability
from scenery.reporting.mistakes import confident_mistakes, read_pictures
from scenery.reporting.reading import (
    read_classes,
    read_confusion,
    read_metrics,
    read_predictions,
)
from scenery.reporting.roc_pr import roc_pr_curves
from scenery.reporting.style import save

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_test(
    metrics: Path,
    predictions: Path,
    confusion: Path,
    classes: Path,
    mistakes: Path,
    title: str,
    confusion_svg: Path,
    confusion_png: Path,
    classes_svg: Path,
    classes_png: Path,
    roc_svg: Path,
    roc_png: Path,
    reliability_svg: Path,
    reliability_png: Path,
    mistakes_png: Path,
) -> None:
    """Draw the five figures."""
    measured, predicted = read_metrics(metrics), read_predictions(predictions)
    matrix = confusion_matrix(read_confusion(confusion), measured, title)
    save(matrix, confusion_svg, confusion_png)
    save(class_scores(read_classes(classes), measured, title), classes_svg, classes_png)
    save(roc_pr_curves(predicted, title), roc_svg, roc_png)
    save(reliability(predicted, title), reliability_svg, reliability_png)
    save(confident_mistakes(predicted, read_pictures(mistakes), title), None, mistakes_png)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_test(
            metrics=Path(snakemake.input.metrics),
            predictions=Path(snakemake.input.predictions),
            confusion=Path(snakemake.input.confusion),
            classes=Path(snakemake.input.classes),
            mistakes=Path(snakemake.input.mistakes),
            title=snakemake.params.title,
            confusion_svg=Path(snakemake.output.confusion_svg),
            confusion_png=Path(snakemake.output.confusion_png),
            classes_svg=Path(snakemake.output.classes_svg),
            classes_png=Path(snakemake.output.classes_png),
            roc_svg=Path(snakemake.output.roc_svg),
            roc_png=Path(snakemake.output.roc_png),
            reliability_svg=Path(snakemake.output.reliability_svg),
            reliability_png=Path(snakemake.output.reliability_png),
            mistakes_png=Path(snakemake.output.mistakes_png),
        )
