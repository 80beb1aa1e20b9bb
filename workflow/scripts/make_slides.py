"""Make the slides of a study as PDF and as PPTX from the same content.

In: summary, split and catalogue; of each experiment its chosen.yaml, history.csv, the metrics and
predictions of its final model, and its test scores and comparisons; reference results; the PNG
files of the figures with a slide. Out: slides.pdf, slides.pptx.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.conclusions import ExperimentResult
from scenery.reporting.deck import Pictures, study_slides
from scenery.reporting.experiment_files import experiment_files, input_paths, read_experiments
from scenery.reporting.reading import read_catalogue, read_split
from scenery.reporting.slides_pdf import write_pdf
from scenery.reporting.slides_pptx import write_pptx

if TYPE_CHECKING:
    from snakemake.script import snakemake


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
    short: bool = False,
) -> None:
    """Write both files; `short`: one slide for each experiment."""
    slides = study_slides(
        study_title,
        dataset,
        results,
        read_catalogue(catalogue),
        read_split(split),
        pictures,
        command,
        versions,
        short,
    )
    write_pdf(slides, pdf, study_title)
    write_pptx(slides, pptx, study_title)


def by_figure(places: Sequence[tuple[str, str]], files: Sequence[Path]) -> Pictures:
    """PNG files by figure and experiment; `places` holds the two for each file."""
    pictures: dict[str, dict[str, Path]] = {}
    for (figure, experiment), path in zip(places, files, strict=True):
        pictures.setdefault(figure, {})[experiment] = path
    return pictures


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        given = input_paths(dict(snakemake.input.items()))
        references = zip(snakemake.params.with_references, given["references"], strict=True)
        make_slides(
            results=read_experiments(
                given["summary"][0], experiment_files(given), dict(references), given["divisions"]
            ),
            split=given["split"][0],
            catalogue=given["catalogue"][0],
            pictures=by_figure(snakemake.params.figures, given["figures"]),
            study_title=snakemake.params.study_title,
            dataset=snakemake.params.dataset,
            command=snakemake.params.command,
            versions=snakemake.params.versions,
            pdf=Path(snakemake.output.pdf),
            pptx=Path(snakemake.output.pptx),
            short=snakemake.params.short,
        )
