"""Inputs and parameters of the rules that show results: figures, tables, slides and report."""

from importlib.metadata import version
from typing import Any

from scenery.pipeline.code_digest import CodeDigests
from scenery.pipeline.inputs.context import Context
from scenery.study.further_figures import further_figures, trend_settings
from scenery.study.subsets import images_per_class

# Libraries that slides name.
NAMED_LIBRARIES = ("snakemake", "keras", "numpy", "scikit-learn")


class ResultInputs:
    """What a study ends in."""

    def __init__(self, context: Context, config_file: str) -> None:
        self.context = context
        self.study = context.study
        self.layout = context.layout
        self.plan = context.plan
        self.config_file = config_file

    # Titles

    def title(self, wildcards: Any) -> str:
        """The title of an experiment."""
        return self.titles(wildcards)[wildcards.experiment]

    def titles(self, wildcards: Any) -> dict[str, str]:
        """The titles of all experiments."""
        return {name: e.title or name for name, e in self.study.experiments.items()}

    def study_title(self, wildcards: Any) -> str:
        """The title of the study. A function, since a title may have braces."""
        return self.study.title

    def dataset(self, wildcards: Any) -> str:
        """The path of the data set, for the same reason."""
        return self.study.dataset.path

    def command(self, wildcards: Any) -> str:
        """The command that runs the study."""
        return f"snakemake --configfile {self.config_file}"

    @property
    def versions(self) -> dict[str, str]:
        """The versions of libraries that slides name."""
        return {name: version(name) for name in NAMED_LIBRARIES}

    # Files of experiments

    def of_each(self, name: str) -> list[str]:
        """One file of every experiment, by the name of a path of `ExperimentLayout`."""
        return [getattr(self.layout.experiment(e), name) for e in self.context.experiments]

    def tests_of_each(self, file: str) -> list[str]:
        """One file of the score of every experiment."""
        return [self.layout.experiment(e).test(file) for e in self.context.experiments]

    def figures_of_each(self, name: str, suffix: str = "png") -> list[str]:
        """One figure of every experiment."""
        return [
            f"{self.layout.experiment(e).figure(name)}.{suffix}" for e in self.context.experiments
        ]

    def all_choices(self, wildcards: Any) -> list[str]:
        """The choices of all experiments; only then is every trial known."""
        return [self.context.chosen_file(name) for name in self.context.experiments]

    def trial_rows(self, wildcards: Any) -> list[dict[str, object]]:
        """All trials of the study as rows."""
        return [row for name in self.context.experiments for row in self.plan.rows(name)]

    def full_config(self, wildcards: Any) -> dict[str, Any]:
        """The config with every default."""
        return self.study.spelled_out()

    # Figures that only some experiments have

    def choice_before(self, wildcards: Any) -> list[str]:
        """No file: waits for the choice that the experiment's trials start from.

        Parameters that depend on the trials can be computed once the inputs have waited.
        """
        self.plan.trials(wildcards.experiment)
        return []

    def further_figures(self, wildcards: Any) -> list[str]:
        """The figures that only some experiments have, by what their trials vary."""
        return [
            f"{self.layout.experiment(name).figure(figure)}.png"
            for name in self.context.experiments
            for figure in further_figures(self.study, self.plan.trials(name))
        ]

    def images_per_class(self, wildcards: Any) -> dict[str, int | None]:
        """Training images of each class by subset; None for all of them."""
        subsets = {t.settings.subset for t in self.plan.trials(wildcards.experiment)}
        return {name: images_per_class(self.study, name) for name in sorted(subsets | {"full"})}

    def trend_settings(self, wildcards: Any) -> list[str]:
        """The settings of a grid that are numbers."""
        return trend_settings(self.study, self.plan.trials(wildcards.experiment))

    # Reference results

    @property
    def with_references(self) -> list[str]:
        """The experiments that have reference results."""
        return [n for n, e in self.study.experiments.items() if e.reference_results is not None]

    @property
    def reference_tables(self) -> list[str]:
        """Their tables."""
        return [self.layout.experiment(name).reference_results for name in self.with_references]

    def reference_table(self, wildcards: Any) -> list[str]:
        """The table of an experiment's reference results, if it has any."""
        if wildcards.experiment not in self.with_references:
            return []
        return [self.layout.experiment(wildcards.experiment).reference_results]

    def reference_start(self, wildcards: Any) -> str | list[str]:
        """The choice that the experiment starts from, if it starts from another one."""
        parent = self.study.experiments[wildcards.experiment].start_from
        return [] if parent is None else self.context.chosen_file(parent)

    def reference_rows(self, wildcards: Any) -> list[dict[str, object]]:
        """An experiment's reference results."""
        return self.plan.reference_results(wildcards.experiment)

    def reference_titles(self, wildcards: Any) -> list[str]:
        """The titles of the experiments in a figure of reference results."""
        titles = self.titles(wildcards)
        names = [wildcards.experiment] if wildcards.keys() else self.with_references
        return [titles[name] for name in names]

    def reference_figures(self, wildcards: Any) -> list[str]:
        """The figures of reference results: of each experiment that has some, and of all."""
        names = self.with_references
        files = [f"{self.layout.experiment(n).figure('published')}.png" for n in names]
        if len(names) > 1:
            files.append(f"{self.layout.figure('published')}.png")
        return files

    # The record and TensorBoard

    def tensorboard(self, wildcards: Any) -> list[str]:
        """The TensorBoard logs, if the study asks for them."""
        return [self.layout.tensorboard] if self.study.tensorboard else []


def digests_of_numbers(code: CodeDigests) -> dict[str, str]:
    """Digest of the code of every script that makes numbers rather than shows them.

    Args:
        code: The digests of the workflow's scripts.
    """
    found = sorted(code.scripts.glob("*.py"))
    return {path.stem: code.of(path) for path in found if not code.presents(path)}
