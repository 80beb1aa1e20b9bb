"""The plan: which jobs a study's trials need, as far as earlier choices are known."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from scenery.errors import UserError
from scenery.study.experiments import ancestors, expand, matches
from scenery.study.features import FeatureSet, plain_features, training_features, weights_id
from scenery.study.settings import Settings
from scenery.study.study import Study
from scenery.study.trials import Trial


class NotChosenYet(Exception):
    """Raised by `Plan.chosen` while an experiment has not chosen."""


@dataclass
class Plan:
    """A study together with what its experiments have chosen so far.

    Attributes:
        study: The study.
        source: Name of its config file, for messages.
        chosen: Gives the settings that an experiment chose. While it has not chosen, it raises
            an exception of its own (Snakemake's, which then waits for the checkpoint).
        known: The same without waiting; raises NotChosenYet.
    """

    study: Study
    source: str
    chosen: Callable[[str], Settings]
    known: Callable[[str], Settings]
    _expanded: dict[tuple[str, str], list[Trial]] = field(default_factory=dict)

    def trials(self, experiment: str, wait: bool = True) -> list[Trial]:
        """The trials of an experiment, in the order of the config."""
        after = self.study.experiments[experiment].after
        ask = self.chosen if wait else self.known
        start = None if after is None else ask(after)
        key = (experiment, start.digest() if start else "")
        if key not in self._expanded:
            self._expanded[key] = expand(self.study, experiment, start, self.source)
        return self._expanded[key]

    def shards(self, experiment: str, wait: bool = True) -> list[list[Trial]]:
        """The trials on frozen backbones, as many to a job as the config says."""
        size = self.study.trials_per_job
        trials = [t for t in self.trials(experiment, wait) if t.rule == "train_heads"]
        return [trials[start : start + size] for start in range(0, len(trials), size)]

    def fine_tuned(self, experiment: str, wait: bool = True) -> list[Trial]:
        """The trials that fine-tune, each a job of its own."""
        return [t for t in self.trials(experiment, wait) if t.rule == "fine_tune"]

    def trial(self, experiment: str, identity: str) -> Trial:
        """One trial of an experiment by its id."""
        for trial in self.trials(experiment, wait=False):
            if trial.id == identity:
                return trial
        raise UserError(
            f"experiment {experiment} has no trial {identity}; its trials stand in trials.csv"
        )

    def runs_in(self, experiment: str, trial: Trial) -> str:
        """The experiment whose job trains this trial.

        A trial that an ancestor has already fine-tuned, with the same settings and seed, is not
        run twice; often it is the ancestor's chosen one, the reference of the new experiment.
        """
        for ancestor in reversed(ancestors(self.study, experiment)):
            if any(t.id == trial.id for t in self.trials(ancestor)):
                return ancestor
        return experiment

    def refit_in(self, experiment: str) -> str:
        """The experiment whose final model is this one's too: the first to choose its settings."""
        settings = self.chosen(experiment)
        for ancestor in reversed(ancestors(self.study, experiment)):
            if self.chosen(ancestor) == settings:
                return ancestor
        return experiment

    def choosable(self, experiment: str) -> list[bool]:
        """For each trial whether the experiment's `choose.only` leaves it among the candidates."""
        only = self.study.experiments[experiment].choose.only
        where = f"{self.source}: experiments.{experiment}.choose.only"
        # A repeat differs in its seed, which no one pins.
        return [matches(trial.settings, only, where) for trial in self.trials(experiment)]

    def all_known(self) -> Iterator[Trial]:
        """Every trial of which the settings are known by now."""
        for experiment in self.study.experiments:
            try:
                yield from self.trials(experiment, wait=False)
            except NotChosenYet:
                continue

    def feature_set(self, identity: str) -> FeatureSet:
        """A feature set by its id."""
        for trial in self.all_known():
            for features in (plain_features(trial.settings), training_features(trial.settings)):
                if features.id == identity:
                    return features
        raise UserError(f"no trial of this study needs the features {identity}")

    def weights(self, identity: str) -> tuple[str, str]:
        """Backbone and weights by the name that both have below results/weights."""
        for trial in self.all_known():
            settings = trial.settings
            if weights_id(settings.backbone, settings.weights) == identity:
                return settings.backbone, settings.weights
        raise UserError(f"no trial of this study needs the weights {identity}")

    def layers_needed(self, identity: str) -> list[str]:
        """The layers at which trials known by now end a backbone with these weights."""
        return sorted(
            {
                plain_features(trial.settings).layer
                for trial in self.all_known()
                if weights_id(trial.settings.backbone, trial.settings.weights) == identity
            }
        )

    def rows(self, experiment: str) -> list[dict[str, object]]:
        """An experiment's trials as rows of trials.csv."""
        return [row(trial) for trial in self.trials(experiment)]


def row(trial: Trial) -> dict[str, object]:
    """A trial as a row of trials.csv: its identity, then every setting by its dotted name."""
    settings = {
        name: json.dumps(list(value)) if isinstance(value, tuple) else value
        for name, value in trial.settings.flat().items()
    }
    return {
        "experiment": trial.experiment,
        "trial": trial.id,
        "name": trial.name,
        "setting": trial.setting,
        "repeat": trial.repeat,
        "rule": trial.rule,
        "varied": json.dumps([name for name, _ in trial.varied]),
        **settings,
    }
