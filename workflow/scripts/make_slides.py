"""Make the slides of a study as PDF and as PPTX from the same content.

In: summary, split and catalogue; of each experiment its chosen.yaml, history.csv, the metrics and
predictions of its final model, and its test scores and comparisons; reference results; the PNG
files of the figures with a slide. Out: slides.pdf, slides.pptx.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.conclusions import ExperimentResult
from scenery.reporting.deck import Pictures, study_slides
from scenery.reporting.reading import (
    read_catalogue,
    read_choice,
    read_comparisons,
    read_history,
    read_metrics,
    read_predictions,
    read_reference_results,
    read_scores,
    read_split,
    read_trials,
)
from scenery.reporting.slides_pdf import write_pdf
from scenery.reporting.slides_pptx import write_pptx

if TYPE_CHECKING:
    from snakemake.script import snakemake


@dataclass(frozen=True)
class ExperimentFiles:
    """The files of one experiment that its slides need."""

    chosen: Path
    metrics: Path
    history: Path
    predictions: Path
    scores: Path
    comparisons: Path


def read_experiments(
    summary: Path, experiments: Sequence[ExperimentFiles], references: Mapping[str, Path]
) -> list[ExperimentResult]:
    """The results of all experiments; `references` holds tables by experiment."""
    trials = read_trials(summary)
    results = []
    for files in experiments:
        choice = read_choice(files.chosen)
        reference = references.get(choice.experiment)
        results.append(
            ExperimentResult(
                choice=choice,
                trials=trials[trials["experiment"] == choice.experiment],
                metrics=read_metrics(files.metrics),
                predictions=read_predictions(files.predictions),
                history=read_history(files.history),
                reference_results=read_reference_results(reference) if reference else None,
                scores=read_scores(files.scores),
                comparisons=read_comparisons(files.comparisons),
            )
        )
    return results


def make_slides(
    results: Sequence[ExperimentResult],
    split: Path,
    catalogue: Path,
    pictures: Pictures,
    study_title: str,
    dataset: str,
    command: str,
    versions: Mapping[str, str],
    pdf: Path,
    pptx: Path,
) -> None:
    """Write both files."""
    slides = study_slides(
        study_title,
        dataset,
        results,
        read_catalogue(catalogue),
        read_split(split),
        pictures,
        command,
        versions,
    )
    write_pdf(slides, pdf, study_title)
    write_pptx(slides, pptx, study_title)


def by_figure(places: Sequence[tuple[str, str]], files: Sequence[Path]) -> Pictures:
    """PNG files by figure and experiment; `places` holds the two for each file."""
    pictures: dict[str, dict[str, Path]] = {}
    for (figure, experiment), path in zip(places, files, strict=True):
        pictures.setdefault(figure, {})[experiment] = path
    return pictures


def paths(files: Sequence[str] | str) -> list[Path]:
    """Snakemake gives a list of one file as its name."""
    return [Path(files)] if isinstance(files, str) else [Path(file) for file in files]


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        given = {name: paths(files) for name, files in snakemake.input.items()}
        names = ("chosen", "metrics", "histories", "predictions", "scores", "comparisons")
        tables = (given[name] for name in names)
        experiments = [ExperimentFiles(*files) for files in zip(*tables, strict=True)]
        references = zip(snakemake.params.with_references, given["references"], strict=True)
        make_slides(
            results=read_experiments(given["summary"][0], experiments, dict(references)),
            split=given["split"][0],
            catalogue=given["catalogue"][0],
            pictures=by_figure(snakemake.params.figures, given["figures"]),
            study_title=snakemake.params.study_title,
            dataset=snakemake.params.dataset,
            command=snakemake.params.command,
            versions=snakemake.params.versions,
            pdf=Path(snakemake.output.pdf),
            pptx=Path(snakemake.output.pptx),
        )
