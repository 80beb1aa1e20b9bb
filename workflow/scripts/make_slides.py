"""Make the slides of a study, as PDF and as PPTX, from the same content.

In: summary, split, catalogue, examples of the classes; of each experiment its chosen.yaml,
test/metrics.json, figures/settings.png and figures/confusion.png, where it was explained the
pictures of what is inside, the figures that only some experiments have, its published.csv with
figures/published.png, and where given its history.csv (for the learning curve) and
test/predictions.csv (for McNemar's test). Out: slides.pdf, slides.pptx.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.conclusions import ExperimentResult
from scenery.reporting.deck import Pictures, study_slides
from scenery.reporting.reading import (
    read_catalogue,
    read_choice,
    read_history,
    read_metrics,
    read_predictions,
    read_reference_results,
    read_split,
    read_trials,
)
from scenery.reporting.slides_pdf import write_pdf
from scenery.reporting.slides_pptx import write_pptx

if TYPE_CHECKING:
    from snakemake.script import snakemake


INSIDE = {
    "grad_cam": "where the final model looks",
    "channels": "what its layers hold",
    "embedding": "how it places the images",
}


FURTHER = {
    "unfrozen": "accuracy, trained parameters and time by what learns",
    "regimes": "accuracy and number of images",
    "trends": "training and validation accuracy against numbers",
}


def of_experiments(files: Sequence[Path], name: str) -> dict[str, Path]:
    """The files of one name by experiment."""
    named = [path for path in files if path.name == name]
    return {path.parts[path.parts.index("experiments") + 1]: path for path in named}


def make_slides(
    summary: Path,
    split: Path,
    catalogue: Path,
    chosen: Sequence[Path],
    metrics: Sequence[Path],
    figures: Sequence[Path],
    histories: Sequence[Path],
    predictions: Sequence[Path],
    confusion: Sequence[Path],
    inside: Sequence[Path],
    further: Sequence[Path],
    published: Sequence[Path],
    published_figures: Sequence[Path],
    examples: Path,
    study_title: str,
    dataset: str,
    command: str,
    versions: dict[str, str],
    pdf: Path,
    pptx: Path,
) -> None:
    """Write both files; the experiments come in the order of `chosen`."""
    trials = read_trials(summary)
    tested = of_experiments(metrics, "metrics.json")
    predicted = of_experiments(predictions, "predictions.csv")
    learned = of_experiments(histories, "history.csv")
    numbers = of_experiments(published, "published.csv")
    outcomes = []
    for path in chosen:
        choice = read_choice(path)
        name = choice.experiment
        outcomes.append(
            ExperimentResult(
                choice=choice,
                trials=trials[trials["experiment"] == name],
                metrics=read_metrics(tested[name]) if name in tested else None,
                predictions=read_predictions(predicted[name]) if name in predicted else None,
                history=read_history(learned[name]) if name in learned else None,
                published=read_reference_results(numbers[name]) if name in numbers else None,
            )
        )
    slides = study_slides(
        study_title,
        dataset,
        outcomes,
        read_catalogue(catalogue),
        read_split(split),
        Pictures(
            settings=of_experiments(figures, "settings.png"),
            confusion=of_experiments(confusion, "confusion.png"),
            inside={words: of_experiments(inside, f"{name}.png") for name, words in INSIDE.items()},
            further={
                words: of_experiments(further, f"{name}.png") for name, words in FURTHER.items()
            },
            published=of_experiments(
                [path for path in published_figures if "experiments" in path.parts],
                "published.png",
            ),
            examples=examples,
        ),
        command,
        versions,
    )
    write_pdf(slides, pdf, study_title)
    write_pptx(slides, pptx, study_title)


def paths(files: Sequence[str] | str) -> list[Path]:
    """Snakemake gives a list of one file as its name."""
    return [Path(files)] if isinstance(files, str) else [Path(file) for file in files]


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        make_slides(
            summary=Path(snakemake.input.summary),
            split=Path(snakemake.input.split),
            catalogue=Path(snakemake.input.catalogue),
            chosen=paths(snakemake.input.chosen),
            metrics=paths(snakemake.input.metrics),
            figures=paths(snakemake.input.figures),
            histories=paths(snakemake.input.get("histories", [])),
            predictions=paths(snakemake.input.get("predictions", [])),
            confusion=paths(snakemake.input.confusion),
            inside=paths(snakemake.input.inside),
            further=paths(snakemake.input.get("further", [])),
            published=paths(snakemake.input.get("published", [])),
            published_figures=paths(snakemake.input.get("published_figures", [])),
            examples=Path(snakemake.input.examples),
            study_title=snakemake.params.study_title,
            dataset=snakemake.params.dataset,
            command=snakemake.params.command,
            versions=snakemake.params.versions,
            pdf=Path(snakemake.output.pdf),
            pptx=Path(snakemake.output.pptx),
        )
