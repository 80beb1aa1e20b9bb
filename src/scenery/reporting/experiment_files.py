"""The results of experiments, read from the files that pages and slides are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scenery.evaluation.divisions import summarize_divisions
from scenery.reporting.conclusions import ExperimentResult
from scenery.reporting.reading import (
    read_choice,
    read_comparisons,
    read_divisions,
    read_history,
    read_metrics,
    read_predictions,
    read_reference_results,
    read_scores,
    read_trials,
)


@dataclass(frozen=True)
class ExperimentFiles:
    """The files of one experiment."""

    chosen: Path
    metrics: Path
    history: Path
    predictions: Path
    scores: Path
    comparisons: Path


def read_experiments(
    summary: Path,
    experiments: Sequence[ExperimentFiles],
    references: Mapping[str, Path],
    divisions: Sequence[Path] = (),
) -> list[ExperimentResult]:
    """The results of all experiments.

    Args:
        summary: summary.csv.
        experiments: The files of each experiment.
        references: Tables of reference results by experiment.
        divisions: divisions.csv; none if the study has one division of the images.
    """
    divided = {
        one.experiment: one
        for path in divisions
        for one in summarize_divisions(read_divisions(path))
    }
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
                divisions=divided.get(choice.experiment),
            )
        )
    return results


def experiment_files(given: Mapping[str, Sequence[Path]]) -> list[ExperimentFiles]:
    """The files of each experiment, from a job's input by name; one list for each kind of file."""
    names = ("chosen", "metrics", "histories", "predictions", "scores", "comparisons")
    return [ExperimentFiles(*files) for files in zip(*(given[n] for n in names), strict=True)]


def input_paths(given: Mapping[str, Sequence[str] | str]) -> dict[str, list[Path]]:
    """The paths of a job's input by name; Snakemake gives a list of one file as its name."""
    return {
        name: [Path(files)] if isinstance(files, str) else [Path(file) for file in files]
        for name, files in given.items()
    }
