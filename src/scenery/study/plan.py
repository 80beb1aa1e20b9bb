"""The plan: which jobs a study's trials need, as far as earlier choices are known."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from scenery.config.settings import WEIGHTS_FROM_EXPERIMENT, Settings
from scenery.config.study import Study
from scenery.errors import UserError
from scenery.registry.custom_architectures import NATIVE_SIZES, Network
from scenery.study.checks import experiment_starts
from scenery.study.controls import control_setting
from scenery.study.experiments import (
    ancestors,
    base_settings,
    expand,
    matches,
    reference_results_of,
)
from scenery.study.features import CodebookSpec, FeatureSet, WeightsSpec
from scenery.study.resampling import Resampling, resampling
from scenery.study.successive_halving import rungs
from scenery.study.trial_kinds import BATCHED_RULES, FINE_TUNING
from scenery.study.trials import ResolvedTrial


class NotChosenYet(Exception):
    """Raised by `Plan.chosen` while an experiment has not chosen."""


class Expanded:
    """The trials of an experiment from one start, with what jobs look up among them.

    A study may have ten thousand trials, and each of its jobs asks several times.

    Args:
        trials: In the order of the config.
        size: Trials on frozen backbones that share a job.
    """

    def __init__(self, trials: list[ResolvedTrial], size: int) -> None:
        self.trials = trials
        self.by_id = {trial.id: trial for trial in trials}
        self.fine_tuned = [trial for trial in trials if trial.kind is FINE_TUNING]
        self.shards = {rule: self._shards(rule, size) for rule in BATCHED_RULES}

    def _shards(self, rule: str, size: int) -> list[list[ResolvedTrial]]:
        trials = [trial for trial in self.trials if trial.kind.rule == rule]
        return [trials[start : start + size] for start in range(0, len(trials), size)]

    @cached_property
    def feature_sets(self) -> dict[str, FeatureSet]:
        """All features that the trials could need, by id."""
        kinds = {trial.plain_features for trial in self.trials}
        kinds |= {trial.training_features for trial in self.trials}
        # What is encoded is made of maps, and so is its codebook.
        maps = {features.raw for features in kinds}
        maps |= {codebook.maps for codebook in self.codebooks.values()}
        return {features.id: features for features in kinds | maps}

    @cached_property
    def codebooks(self) -> dict[str, CodebookSpec]:
        """All codebooks that the trials could need, by id."""
        found = (trial.plain_features.codebook for trial in self.trials)
        return {codebook.id: codebook for codebook in found if codebook is not None}

    @cached_property
    def weights(self) -> dict[str, WeightsSpec]:
        """All weights that the trials need, by id."""
        specs = {trial.weights for trial in self.trials}
        return {spec.id: spec for spec in specs if spec is not None}

    @cached_property
    def layers(self) -> dict[str, set[str]]:
        """The layers at which trials end their backbones, by the name of the weights."""
        found: dict[str, set[str]] = {}
        for features in self.feature_sets.values():
            if features.weights_spec is not None:
                found.setdefault(features.weights_spec.id, set()).add(features.layer)
        return found


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
    _expanded: dict[tuple[str, str], Expanded] = field(default_factory=dict)

    def _look(self, experiment: str, wait: bool = True) -> Expanded:
        after = self.study.experiments[experiment].start_from
        ask = self.chosen if wait else self.known
        return self._expand(experiment, None if after is None else ask(after))

    def _expand(self, experiment: str, start: Settings | None) -> Expanded:
        key = (experiment, start.digest() if start else "")
        if key not in self._expanded:
            trials = expand(self.study, experiment, start, self.source)
            size = self.study.trials_per_job
            if self.study.experiments[experiment].halving is not None:
                # Heads are compared half-way, so they all train in one job.
                size = len(trials)
            self._expanded[key] = Expanded(trials, size)
        return self._expanded[key]

    def trials(self, experiment: str, wait: bool = True) -> list[ResolvedTrial]:
        """The trials of an experiment, in the order of the config."""
        return self._look(experiment, wait).trials

    def shards(self, experiment: str, rule: str, wait: bool = True) -> list[list[ResolvedTrial]]:
        """The trials of a rule on frozen backbones, as many to a job as the config says."""
        return self._look(experiment, wait).shards[rule]

    def fine_tuned(self, experiment: str, wait: bool = True) -> list[ResolvedTrial]:
        """The trials that fine-tune, each a job of its own."""
        return self._look(experiment, wait).fine_tuned

    def rungs(self, experiment: str) -> tuple[int, ...]:
        """Epochs after which an experiment's trials are compared and most of them end."""
        halving = self.study.experiments[experiment].halving
        if halving is None:
            return ()
        return rungs(self._look(experiment, wait=False).trials[0].settings.epochs, halving)

    def resampling(self, experiment: str) -> Resampling | None:
        """The folds in which an experiment's trials are scored; None: the validation share."""
        trials = self._look(experiment, wait=False).trials
        return resampling(self.study, [trial.settings for trial in trials])

    def trial(self, experiment: str, identity: str) -> ResolvedTrial:
        """One trial of an experiment by its id."""
        found = self._look(experiment, wait=False).by_id.get(identity)
        if found is None:
            raise UserError(
                f"experiment {experiment} has no trial {identity}; its trials stand in trials.csv"
            )
        return found

    def runs_in(self, experiment: str, trial: ResolvedTrial) -> str:
        """The experiment whose job trains this trial.

        A trial that an ancestor has already fine-tuned, with the same settings and seed, is not
        run twice; often it is the ancestor's chosen one, the reference of the new experiment.
        """
        if self.rungs(experiment):
            return experiment
        for ancestor in reversed(ancestors(self.study, experiment)):
            if trial.id in self._look(ancestor).by_id:
                return ancestor
        return experiment

    def refit_in(self, experiment: str) -> str:
        """The experiment whose final model is this one's too: the first to choose its settings."""
        settings = self.chosen(experiment)
        for ancestor in reversed(ancestors(self.study, experiment)):
            if self.chosen(ancestor) == settings:
                return ancestor
        return experiment

    def control(self, experiment: str) -> str | None:
        """The setting that is the control of an experiment; None if no trial is one."""
        after = self.study.experiments[experiment].start_from
        chosen = None if after is None else self.chosen(after)
        start = base_settings(self.study, experiment, chosen, self.source)
        return control_setting(self.trials(experiment), start)

    def choosable(self, experiment: str) -> list[bool]:
        """For each trial whether the experiment's `choose.only` leaves it among the candidates."""
        only = self.study.experiments[experiment].choose.only
        where = f"{self.source}: experiments.{experiment}.choose.only"
        # A repeat differs in its seed, which no one pins.
        return [matches(trial.settings, only, where) for trial in self.trials(experiment)]

    def _all_known(self) -> Iterator[Expanded]:
        """The experiments of which the trials are known by now."""
        for experiment in self.study.experiments:
            try:
                yield self._look(experiment, wait=False)
            except NotChosenYet:
                continue

    def feature_set(self, identity: str) -> FeatureSet:
        """A feature set by its id."""
        for known in self._all_known():
            if identity in known.feature_sets:
                return known.feature_sets[identity]
        raise UserError(f"no trial of this study needs the features {identity}")

    def codebook(self, identity: str) -> CodebookSpec:
        """A codebook by its id."""
        for known in self._all_known():
            if identity in known.codebooks:
                return known.codebooks[identity]
        raise UserError(f"no trial of this study needs the codebook {identity}")

    def weights(self, identity: str) -> WeightsSpec:
        """Weights by their id."""
        for known in self._all_known():
            if identity in known.weights:
                return known.weights[identity]
        raise UserError(f"no trial of this study needs the weights {identity}")

    @cached_property
    def sources_of_weights(self) -> frozenset[str]:
        """The experiments from which the config takes weights for others."""
        written = json.dumps(self.study.model_dump(mode="json", by_alias=True))
        return frozenset(
            n for n in self.study.experiments if f'"{WEIGHTS_FROM_EXPERIMENT}{n}"' in written
        )

    @cached_property
    def _possible_layers(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}

        def expanded(experiment: str, start: Settings | None) -> list[ResolvedTrial]:
            return self._expand(experiment, start).trials

        for one in experiment_starts(self.study, self.source, expanded):
            for name, layers in self._expand(one.experiment, one.start).layers.items():
                found.setdefault(name, set()).update(layers)
        return found

    def layers_needed(self, identity: str) -> list[str]:
        """The layers at which trials could end a backbone with these weights.

        Whatever is chosen, so that a choice is no reason to check the weights again.
        """
        return sorted(self._possible_layers.get(identity, ()))

    def own_network(self, identity: str) -> tuple[int, Network] | None:
        """Image size and options of one of Scenery's own networks with these weights.

        Other backbones have the same weights whatever the size, and no options: None.
        """
        for known in self._all_known():
            for features in known.feature_sets.values():
                spec = features.weights_spec
                if spec and spec.id == identity and features.backbone in NATIVE_SIZES:
                    return features.image_size, features.network
        return None

    def reference_results(self, experiment: str) -> list[dict[str, object]]:
        """The reference results of an experiment, with the settings that they belong to."""
        after = self.study.experiments[experiment].start_from
        chosen = None if after is None else self.chosen(after)
        return reference_results_of(self.study, experiment, chosen, self.source)

    def rows(self, experiment: str) -> list[dict[str, object]]:
        """An experiment's trials as rows of trials.csv."""
        return [row(trial) for trial in self.trials(experiment)]


def row(trial: ResolvedTrial) -> dict[str, object]:
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
        "rule": trial.kind.rule,
        "varied": json.dumps([name for name, _ in trial.varied]),
        **settings,
    }
