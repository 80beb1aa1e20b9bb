"""Inputs and parameters of the rules of workflow/rules/halving.smk."""

from pathlib import Path
from typing import Any

import yaml

from scenery.pipeline.inputs.context import Context
from scenery.pipeline.jobs.halving import HalvingPlan, PromoteJob
from scenery.pipeline.layout import TrialTables
from scenery.study.rounds import searches_in_rounds


class HalvingInputs:
    """Successive halving of fine-tuned trials, of a whole search or of its rounds."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.layout = context.layout
        self.plan = context.plan

    def plan_of(self, experiment: str, number: int | None) -> HalvingPlan | None:
        """How the trials of an experiment are compared.

        Args:
            experiment: Its name.
            number: Of their round; None where there are no rounds.
        """
        settings = self.context.study.experiments[experiment]
        if settings.halving is None:
            return None
        return HalvingPlan(
            rungs=self.plan.rungs(experiment),
            halving=settings.halving,
            choose=settings.choose,
            brackets=self.plan.brackets(experiment, None if number is None else number + 1),
        )

    def promote(self, wildcards: Any) -> dict[str, Any]:
        """One comparison of fine-tuned trials."""
        plan = self.plan_of(wildcards.experiment, _round(wildcards))
        assert plan is not None
        return PromoteJob(**dict(plan), rung=int(wildcards.rung)).as_params()

    def rung_before(self, wildcards: Any) -> str | list[str]:
        """A trial's results of the rung before, from whose state it continues."""
        rungs = len(self.plan.rungs(wildcards.experiment))
        number = int(wildcards.get("rung", rungs))
        if number == self.plan.brackets(wildcards.experiment).get(wildcards.trial, 0):
            return []
        return self._rung(wildcards.experiment, number - 1, wildcards.trial).metrics

    def rung_metrics(self, wildcards: Any) -> list[str]:
        """The results of all trials that reach a rung, in their round if there are rounds."""
        trials = self._reached(wildcards.experiment, int(wildcards.rung), _round(wildcards))
        return [self._rung(wildcards.experiment, wildcards.rung, t).metrics for t in trials]

    def earlier_metrics(self, wildcards: Any) -> list[str]:
        """The same of all earlier rounds."""
        experiment, rung = wildcards.experiment, int(wildcards.rung)
        return [
            self._rung(experiment, rung, trial).metrics
            for number in range(int(wildcards.round))
            for trial in self._reached(experiment, rung, number)
        ]

    def early_results(self, experiment: str, before: int | None) -> dict[str, TrialTables]:
        """The results of trials that ended early, by their ids.

        Args:
            experiment: Its name.
            before: Only those of rounds before this one; None: all.
        """
        found: dict[str, TrialTables] = {}
        for number in self._rounds(experiment, before):
            for rung, _ in enumerate(self.plan.rungs(experiment)):
                promoted = self._reached(experiment, rung + 1, number)
                for trial in self._reached(experiment, rung, number):
                    if trial not in promoted:
                        found[trial] = self._rung(experiment, rung, trial)
        return found

    def _rounds(self, experiment: str, before: int | None) -> list[int | None]:
        """The rounds of an experiment; of one without rounds, None stands for all trials."""
        if not searches_in_rounds(self.context.study, experiment):
            return [None]
        return [*range(len(self.plan.rounds(experiment, before=before).rounds))]

    def _rung(self, experiment: str, rung: int, trial: str) -> TrialTables:
        return self.layout.experiment(experiment).rung(rung, trial)

    def _reached(self, experiment: str, rung: int, number: int | None) -> list[str]:
        """Ids of the fine-tuned trials that reach a rung; Snakemake waits for the one before."""
        until = None if number is None else number + 1
        # Waits for the choice before; then the brackets are known.
        tuned = self.plan.fine_tuned(experiment, before=until)
        trials = [trial.id for trial in tuned if trial.round == number]
        brackets = self.plan.brackets(experiment, until)
        here = {trial for trial in trials if brackets[trial] == rung}
        if rung > 0:
            here.update(self._promoted(experiment, rung - 1, number))
        return [trial for trial in trials if trial in here]

    def _promoted(self, experiment: str, rung: int, number: int | None) -> list[str]:
        checkpoints = self.context.checkpoints
        if number is None:
            done = checkpoints.promote.get(experiment=experiment, rung=rung)
        else:
            done = checkpoints.promote_in_round.get(experiment=experiment, round=number, rung=rung)
        found: list[str] = yaml.safe_load(Path(done.output.promoted).read_text(encoding="utf-8"))
        return found


def _round(wildcards: Any) -> int | None:
    number = wildcards.get("round")
    return None if number is None else int(number)
