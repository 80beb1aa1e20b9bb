"""Inputs and parameters of the rules of workflow/rules/speeds.smk."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scenery.errors import UserError
from scenery.pipeline.inputs.context import Context, unique
from scenery.pipeline.jobs.speeds import TimeNetworkJob
from scenery.study.selection import MILLISECONDS
from scenery.study.trials import ResolvedTrial


class SpeedInputs:
    """Times of predictions, for experiments that choose by them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.plan = context.plan

    def job(self, wildcards: Any) -> dict[str, Any]:
        """A network to be timed."""
        for experiment in self.context.experiments:
            if not self._timed(experiment):
                continue
            for trial in self.plan.trials(experiment, wait=False):
                if network_id(trial) == wildcards.network:
                    return _job(trial).as_params()
        raise UserError(f"no trial of this study has the network {wildcards.network}")

    def of_trials(self, wildcards: Any) -> list[str]:
        """The times of the networks of an experiment."""
        experiment = wildcards.experiment
        if not self._timed(experiment):
            return []
        return self.files(experiment, self.plan.trials(experiment))

    def files(self, experiment: str, trials: Sequence[ResolvedTrial]) -> list[str]:
        """The times of the networks of trials; none where they are no aim."""
        return unique([str(path) for path in self.by_trial(experiment, trials).values()])

    def by_trial(self, experiment: str, trials: Sequence[ResolvedTrial]) -> dict[str, Path]:
        """The file of each trial."""
        if not self._timed(experiment):
            return {}
        layout = self.context.layout
        return {trial.id: Path(layout.speed(network_id(trial))) for trial in trials}

    def _timed(self, experiment: str) -> bool:
        return MILLISECONDS in self.context.study.experiments[experiment].choose.aims


def network_id(trial: ResolvedTrial) -> str:
    """Name of a network in paths: trials with the same one share it, whatever their weights."""
    text = json.dumps(_job(trial).as_params(), sort_keys=True)
    return f"{trial.settings.backbone}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _job(trial: ResolvedTrial) -> TimeNetworkJob:
    return TimeNetworkJob(
        name=trial.settings.backbone,
        image_size=trial.image_size,
        layer=trial.layer,
        options=trial.settings.network,
    )
