"""Inputs and parameters of the rules that show results: figures, tables, slides and report."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from scenery.pipeline.code_digest import CodeDigests
from scenery.pipeline.inputs.context import Context

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

    def short_slides(self, wildcards: Any) -> bool:
        """Whether the deck has one slide for each experiment."""
        return self.study.slides == "short"

    @property
    def versions(self) -> dict[str, str]:
        """The versions of libraries that slides name."""
        return {name: version(name) for name in NAMED_LIBRARIES}

    def conclusions(self) -> str:
        """What the study found, in reStructuredText; empty until its results are there."""
        path = Path(self.layout.conclusions)
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    # Files of experiments

    def of_each(self, name: str) -> list[str]:
        """One file of every experiment, by the name of a path of `ExperimentLayout`."""
        return [getattr(self.layout.experiment(e), name) for e in self.context.experiments]

    def tests_of_each(self, file: str) -> list[str]:
        """One file of the score of every experiment."""
        return [self.layout.experiment(e).test(file) for e in self.context.experiments]

    def full_config(self, wildcards: Any) -> dict[str, Any]:
        """The config with every default."""
        return self.study.spelled_out()

    def choice_before(self, wildcards: Any) -> list[str]:
        """No file: waits for the choice that the experiment's trials start from.

        Parameters that depend on the trials can be computed once the inputs have waited.
        """
        self.plan.trials(wildcards.experiment)
        return []

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
