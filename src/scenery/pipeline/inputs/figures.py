"""The rules that draw figures, made from the records of `scenery.reporting.figures`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenery.pipeline.inputs.context import Context
from scenery.pipeline.inputs.divisions import DivisionInputs
from scenery.pipeline.inputs.explanation import ExplanationInputs
from scenery.pipeline.inputs.results import ResultInputs
from scenery.pipeline.layout import Layout
from scenery.pipeline.report_items import DATA, OVERVIEW, category_of, item
from scenery.reporting.figures import (
    FIGURES,
    IMAGE_ROOT,
    Case,
    Figure,
    count_settings,
    figures_by_rule,
)
from scenery.study.trials import ResolvedTrial

# Where Snakemake finds the captions. It reads captions from files alone.
CAPTIONS = Path(".snakemake/scenery_captions")


class FigureInputs:
    """All figures of a study.

    Args:
        context: The study.
        results: Titles and tables.
        explanation: The experiments that are explained.
        divisions: Experiments in other divisions of the images.
    """

    def __init__(
        self,
        context: Context,
        results: ResultInputs,
        explanation: ExplanationInputs,
        divisions: DivisionInputs,
    ) -> None:
        self.context = context
        self.layout = context.layout
        self.results = results
        self.explanation = explanation
        self.divisions = divisions

    @property
    def rules(self) -> list["FigureRule"]:
        """One for each job of the records."""
        return [FigureRule(self, name, tuple(one)) for name, one in figures_by_rule().items()]

    def case(self, experiment: str) -> Case:
        """An experiment, or the whole study, as conditions of figures see it."""
        return Case(
            self.context.study,
            experiment,
            lambda: self._trials(experiment),
            self.explanation.explained,
        )

    def _trials(self, experiment: str) -> Sequence[ResolvedTrial]:
        names = [experiment] if experiment else self.context.experiments
        return [trial for name in names for trial in self.context.plan.trials(name)]

    def trial_counts(self, wildcards: Any) -> dict[str, str]:
        """What was run, for the caption of an experiment's trials."""
        return {"counts": count_settings(self._trials(wildcards.experiment))}

    def _asked_for(self, figures: Iterable[Figure] = FIGURES) -> list[tuple[Figure, str]]:
        """The figures that the config asks for, with their experiments; "" is the whole study."""
        return [
            (figure, name)
            for figure in figures
            for name in (self.context.experiments if figure.of_experiment else [""])
            if figure.asked_for(self.context.study, name)
        ]

    def _present(self, figures: Iterable[Figure] = FIGURES) -> list[tuple[Figure, str]]:
        """Those of them that the trials and choices ask for, too."""
        return [
            (figure, name)
            for figure, name in self._asked_for(figures)
            if figure.applies is None or figure.applies(self.case(name))
        ]

    @property
    def fixed_files(self) -> list[str]:
        """The figures that are known before any trial runs."""
        return self._files((f, name) for f, name in self._asked_for() if f.applies is None)

    def files(self, wildcards: Any) -> list[str]:
        """Every figure but those of `explain`, which wait for all choices."""
        return self._files(self._present(f for f in FIGURES if f.place != "explanation"))

    def explanation_files(self, wildcards: Any) -> list[str]:
        """The figures of `explain`."""
        return self._files(self._present(f for f in FIGURES if f.place == "explanation"))

    def _files(self, figures: Iterable[tuple[Figure, str]]) -> list[str]:
        return [
            f"{figure_stem(self.layout, figure, name)}.{figure.formats[0]}"
            for figure, name in figures
        ]

    def slide_files(self, wildcards: Any) -> list[str]:
        """The figures on slides."""
        return [
            f"{figure_stem(self.layout, figure, name)}.png" for figure, name in self._on_slides()
        ]

    def slide_places(self, wildcards: Any) -> list[list[str]]:
        """Name and experiment of each of them."""
        return [[figure.name, name] for figure, name in self._on_slides()]

    def _on_slides(self) -> list[tuple[Figure, str]]:
        """The figures with a slide; a short deck has none."""
        if self.context.study.slides == "short":
            return []
        return [(figure, name) for figure, name in self._present() if figure.slide]


@dataclass(frozen=True)
class FigureRule:
    """One rule.

    Attributes:
        of: All figures.
        name: The rule's name.
        figures: The figures that it draws.
    """

    of: FigureInputs
    name: str
    figures: tuple[Figure, ...]

    @property
    def of_experiment(self) -> bool:
        """Whether each experiment has a job of this rule."""
        return self.figures[0].of_experiment

    @property
    def modules(self) -> list[str]:
        """The modules of the functions that draw."""
        return sorted({figure.module for figure in self.figures})

    @property
    def log(self) -> str:
        """The log file."""
        return self.of.layout.log(self.name, *(["{experiment}"] if self.of_experiment else []))

    @property
    def message(self) -> str:
        """What Snakemake prints."""
        text = f"Drawing {', '.join(figure.content for figure in self.figures)}"
        return text + (" of {wildcards.experiment}" if self.of_experiment else "")

    def trials(self, wildcards: Any) -> list[str]:
        """No file: waits for the choice that an experiment's trials start from.

        Parameters that depend on the trials can be computed once the inputs have waited.
        """
        return self.of.results.choice_before(wildcards) if self.of_experiment else []

    @property
    def tables(self) -> dict[str, str | list[str] | Callable[[Any], list[str]]]:
        """The tables that the figures need."""
        names = dict.fromkeys(name for figure in self.figures for name in figure.reads)
        return {name: self._table(name) for name in names if name != IMAGE_ROOT}

    def _table(self, name: str) -> str | list[str] | Callable[[Any], list[str]]:
        layout, experiment = self.of.layout, self.of.layout.experiment()
        if name == "all_grouping":
            return self.of.divisions.groupings
        if name == "all_reference_results":
            return self.of.results.reference_tables
        files: dict[str, str] = {
            "summary": layout.summary,
            "divisions": layout.divisions,
            "split": layout.split,
            "augmentations": layout.augmentations,
            "trials": experiment.trials,
            "history": experiment.history,
            "choice": experiment.chosen,
            "reference_results": experiment.reference_results,
            **{n: experiment.test(f"{n}.csv") for n in ("predictions", "confusion", "classes")},
            "metrics": experiment.test("metrics.json"),
            "scores": experiment.scores,
            "mistakes": experiment.test("mistakes.npz"),
            **{n: experiment.explanation(f"{n}.csv") for n in ("answers", "layers")},
            **{
                n: experiment.explanation(f"{n}.npz")
                for n in ("grad_cam", "feature_maps", "patches", "filters")
            },
            "facts": experiment.explanation("facts.json"),
            "architecture": experiment.explanation("architecture.dot"),
            "layers_dot": experiment.explanation("layers.dot"),
        }
        return files[name]

    @property
    def outputs(self) -> dict[str, Any]:
        """The files of all figures; the report shows the first format of each."""
        outputs: dict[str, Any] = {}
        for figure in self.figures:
            stem = figure_stem(self.of.layout, figure, "{experiment}")
            for ending in figure.formats:
                path = f"{stem}.{ending}"
                if ending == figure.formats[0]:
                    caption = str(CAPTIONS.resolve() / f"{figure.name}.rst")
                    path = item(
                        path, caption, self._category(figure), figure.content, figure.images
                    )
                outputs[f"{figure.name}_{ending}"] = path
        return outputs

    def _category(self, figure: Figure) -> str | Callable[[Any], str]:
        if figure.of_experiment:
            return category_of(self.of.context.study)
        return DATA if figure.place == "data" else OVERVIEW

    def params(self, wildcards: Any) -> list[dict[str, Any]]:
        """The figures as `DrawJob` has them."""
        name = wildcards.experiment if self.of_experiment else ""
        title = {"title": self.of.results.title(wildcards)} if name else {}
        case = self.of.case(name)
        return [
            {
                "name": figure.name,
                "draw": f"{figure.module}:{figure.function}",
                "reads": list(figure.reads),
                "params": figure.params(case) | title,
            }
            for figure in self.figures
        ]

    def caption(self, wildcards: Any) -> dict[str, Any]:
        """The values that captions name."""
        text = "".join(figure.caption for figure in self.figures)
        values: dict[str, Any] = {}
        if "caption.counts" in text:
            values["counts"] = count_settings(self.of.case(wildcards.experiment).trials)
        if "caption.refit" in text:
            values["refit"] = self.of.context.study.refit
        return values


def figure_stem(layout: Layout, figure: Figure, experiment: str) -> str:
    """Path of a figure without its ending."""
    if figure.place == "explanation":
        return layout.experiment(experiment).explanation(figure.name)
    if figure.place == "experiment":
        return layout.experiment(experiment).figure(figure.name)
    return layout.data_figure(figure.name) if figure.place == "data" else layout.figure(figure.name)
