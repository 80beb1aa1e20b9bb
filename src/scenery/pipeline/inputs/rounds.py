"""Inputs and parameters of the rules of workflow/rules/rounds.smk."""

from typing import Any

from scenery.config.experiment import Experiment
from scenery.pipeline.inputs.context import Context
from scenery.pipeline.inputs.speeds import SpeedInputs
from scenery.pipeline.inputs.trials import TrialInputs
from scenery.pipeline.jobs.rounds import OptunaJob, PastProposal, ProposeJob
from scenery.study.rounds import next_basis, searches_in_rounds
from scenery.study.selection import COST


class RoundInputs:
    """Rounds of a search: the proposals of each depend on the results of those before."""

    def __init__(self, context: Context, trials: TrialInputs, speeds: SpeedInputs) -> None:
        self.context = context
        self.speeds = speeds
        self.plan = context.plan
        self.trials = trials

    def _experiment(self, wildcards: Any) -> Experiment:
        return self.context.study.experiments[wildcards.experiment]

    def metrics(self, wildcards: Any) -> list[str]:
        """The results of all earlier rounds."""
        before = self.trials.results(wildcards.experiment, int(wildcards.round))
        return [tables.metrics for tables in before]

    def predictions(self, wildcards: Any) -> list[str]:
        """Their predictions, if they are compared by cost."""
        if COST not in self._experiment(wildcards).choose.aims:
            return []
        before = self.trials.results(wildcards.experiment, int(wildcards.round))
        return [tables.predictions for tables in before]

    def times(self, wildcards: Any) -> list[str]:
        """The times of their networks, if they are an aim."""
        trials = self.plan.rounds(wildcards.experiment, before=int(wildcards.round)).trials
        return self.speeds.files(wildcards.experiment, trials)

    def known_trials(self, wildcards: Any) -> list[str]:
        """The trials that are known before the first round."""
        search = self._experiment(wildcards).search
        if search.warm_experiment is not None:
            return [self.context.layout.experiment(search.warm_experiment).trials]
        return [] if search.warm_file is None else [search.warm_file]

    def propose(self, wildcards: Any) -> dict[str, Any]:
        """The proposals of one round."""
        experiment, number = self._experiment(wildcards), int(wildcards.round)
        sizes = experiment.search.round_sizes
        expanded = self.plan.rounds(wildcards.experiment, before=number)
        before = expanded.rounds
        start = self.plan.start(wildcards.experiment)
        basis = self.plan.first_basis(wildcards.experiment, start)
        for one in before:
            basis = next_basis(basis, [proposed.values for proposed in one])
        return ProposeJob(
            experiment=wildcards.experiment,
            search=experiment.search.model_copy(update={"n_trials": sum(sizes[: number + 1])}),
            count=sizes[number],
            basis=basis,
            aims=experiment.choose.aims,
            costs=experiment.choose.costs,
            start=self.plan.varied_settings(wildcards.experiment),
            base=self.context.study.base,
            color_mode=self.context.study.dataset.color_mode,
            before=tuple(
                tuple(
                    PastProposal(values=p.values, trials=tuple(trial.id for trial in p.trials))
                    for p in one
                )
                for one in before
            ),
            speeds=self.speeds.by_trial(wildcards.experiment, expanded.trials),
        ).as_params()

    # Optuna's own tools

    @property
    def databases(self) -> list[str]:
        """The trials of all searches as studies of Optuna."""
        names = self.context.experiments
        searches = [name for name in names if searches_in_rounds(self.context.study, name)]
        return [self.context.layout.experiment(name).optuna_database for name in searches]

    def optuna(self, wildcards: Any) -> dict[str, Any]:
        """A search as a study of Optuna."""
        experiment = self._experiment(wildcards)
        return OptunaJob(
            experiment=wildcards.experiment,
            aims=experiment.choose.aims,
            space=experiment.search.space,
        ).as_params()
