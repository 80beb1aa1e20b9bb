"""Inputs and parameters of the rules of workflow/rules/divisions.smk."""

from pathlib import Path
from typing import Any

from scenery.pipeline.inputs.context import Context, array_files, array_inputs, unique
from scenery.pipeline.inputs.trials import TrialInputs
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.divisions import (
    CompareDivisionsJob,
    DividedExperiment,
    DivisionJob,
    DivisionTrial,
    GroupingJob,
)
from scenery.pipeline.layout import ArrayPaths
from scenery.study.features import FeatureSet
from scenery.study.resampling import DEFAULT_FOLDS, Resampling, why_not_divided
from scenery.study.trials import ResolvedTrial

# Divisions into folds by which the price of leakage is measured.
GROUPING_REPEATS = 5


class DivisionInputs:
    """Experiments that choose and test again in other divisions of the images.

    Args:
        context: The study.
        trials: The trials of its experiments.
    """

    def __init__(self, context: Context, trials: TrialInputs) -> None:
        self.context = context
        self.layout = context.layout
        self.plan = context.plan
        self.trials = trials

    def _trials(self, experiment: str) -> list[tuple[ResolvedTrial, bool]]:
        """The trials that are run: all that may be chosen, and all that are compared half-way."""
        pairs = zip(self.plan.trials(experiment), self.plan.choosable(experiment), strict=True)
        halving = self.context.study.experiments[experiment].halving is not None
        return [(trial, candidate) for trial, candidate in pairs if candidate or halving]

    def _all_images(self, features: FeatureSet) -> tuple[ArrayPaths, ...]:
        # This and `evaluate` are all that reads test images. No trial, choice or final model of the
        # study depends on what a division says.
        parts = ("train", "validation", "test")
        return tuple(self.layout.features(features.id, part) for part in parts)

    def _files(self, features: FeatureSet) -> tuple[ArrayFiles, ...]:
        return tuple(array_files(paths) for paths in self._all_images(features))

    def features(self, wildcards: Any) -> list[str]:
        """The features of all images that an experiment's trials use."""
        files: list[str] = []
        for trial, _ in self._trials(wildcards.experiment):
            for features in (trial.training_features, trial.plain_features):
                for paths in self._all_images(features):
                    files += array_inputs(paths)
        return unique(files)

    def division(self, wildcards: Any) -> str:
        """The table of a division."""
        return self.layout.division(wildcards.division)

    def score(self, wildcards: Any) -> dict[str, Any]:
        """The choice of an experiment in one division."""
        name = wildcards.experiment
        return DivisionJob(
            experiment=name,
            division=int(wildcards.division),
            how=self.context.study.experiments[name].choose,
            trials=tuple(
                DivisionTrial(
                    id=trial.id,
                    setting=trial.setting,
                    candidate=candidate,
                    settings=trial.settings,
                    training=self._files(trial.training_features),
                    plain=self._files(trial.plain_features),
                )
                for trial, candidate in self._trials(name)
            ),
            refit=self.context.study.refit,
            resampling=self.plan.resampling(name),
            halving=self.trials.halving.plan_of(name, None),
        ).as_params()

    def _left_out(self, experiment: str) -> str:
        return why_not_divided([trial.settings for trial in self.plan.trials(experiment)])

    def _divided(self) -> list[DividedExperiment]:
        numbers = range(self.context.study.split.repeats)
        return [
            DividedExperiment(
                experiment=name,
                trials=Path(self.layout.experiment(name).trials),
                choices=tuple(
                    Path(self.layout.experiment(name).division(number).choice) for number in numbers
                ),
            )
            for name in self.context.experiments
            if not self._left_out(name)
        ]

    def choices(self, wildcards: Any) -> list[str]:
        """The trials of all experiments that are divided again, and their choices."""
        return [str(path) for one in self._divided() for path in (one.trials, *one.choices)]

    def compare(self, wildcards: Any) -> dict[str, Any]:
        """All experiments in all divisions."""
        reasons = {name: self._left_out(name) for name in self.context.experiments}
        return CompareDivisionsJob(
            experiments=tuple(self._divided()),
            left_out={name: reason for name, reason in reasons.items() if reason},
        ).as_params()

    @property
    def table(self) -> list[str]:
        """The table of all divisions, if the config asks for more than one."""
        return [self.layout.divisions] if self.context.study.split.repeats > 1 else []

    # Groups of images that are parted

    def grouping_features(self, wildcards: Any) -> list[str]:
        """The features of the chosen setting."""
        trial = self.context.choice(wildcards.experiment)
        return self.trials.feature_inputs([trial], self._grouping_folds())

    def grouping(self, wildcards: Any) -> dict[str, Any]:
        """The chosen setting in several divisions into folds."""
        trial = self.trials.feature_trial(
            self.context.choice(wildcards.experiment), self._grouping_folds()
        )
        return GroupingJob(experiment=wildcards.experiment, trial=trial).as_params()

    def _grouping_folds(self) -> Resampling:
        study = self.context.study
        folds = study.validation.folds
        return Resampling(
            folds=folds if isinstance(folds, int) else DEFAULT_FOLDS,
            repeats=max(study.validation.repeats, GROUPING_REPEATS),
            seed=study.split.seed,
            keep_given=False,
        )

    def groupings(self, wildcards: Any) -> list[str]:
        """The tables of all experiments that chose a setting which can be scored so."""
        return [
            self.layout.experiment(name).grouping
            for name in self.context.experiments
            if not why_not_divided([self.context.choice(name).settings])
        ]
