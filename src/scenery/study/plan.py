"""The plan: which jobs a study's trials need, as far as earlier choices are known."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from scenery.config.setting_values import WEIGHTS_FROM_EXPERIMENT
from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.errors import UserError
from scenery.study.controls import control_setting
from scenery.study.expansions import Expanded, ExpandedRounds, Expansions
from scenery.study.experiments import (
    ancestors,
    base_settings,
    matches,
    reference_results_of,
)
from scenery.study.features import CodebookSpec, FeatureSet, WeightsSpec
from scenery.study.possible_networks import experiment_starts, possible_layers
from scenery.study.resampling import Resampling
from scenery.study.rounds import (
    NotProposedYet,
    Round,
    Values,
    first_basis,
    next_basis,
    searches_in_rounds,
)
from scenery.study.successive_halving import divide, rungs
from scenery.study.trial_network import SIZED, OwnNetwork
from scenery.study.trials import ResolvedTrial


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
        expansions: The trials that are known already, such as those that were checked.
        proposed: Gives a round of an experiment that searches in rounds, by its number. While
            there are no proposals, it raises an exception of its own, as `chosen` does.
        known_rounds: The same without waiting; raises NotProposedYet.
    """

    study: Study
    source: str
    chosen: Callable[[str], Settings]
    known: Callable[[str], Settings]
    expansions: Expansions | None = None
    proposed: Callable[[str, int], Round] | None = None
    known_rounds: Callable[[str, int], Round] | None = None

    @cached_property
    def _expansions(self) -> Expansions:
        return self.expansions or Expansions(self.study, self.source)

    def start(self, experiment: str, wait: bool = True) -> Settings | None:
        """The settings that an experiment starts from; None where they are the study's base.

        Args:
            experiment: Its name.
            wait: Whether to wait for the choice of the experiment before it.
        """
        after = self.study.experiments[experiment].start_from
        ask = self.chosen if wait else self.known
        return None if after is None else ask(after)

    def _look(self, experiment: str, wait: bool = True) -> Expanded:
        if searches_in_rounds(self.study, experiment):
            return self.rounds(experiment, wait)
        return self._expansions.of(experiment, self.start(experiment, wait))

    def rounds(
        self, experiment: str, wait: bool = True, before: int | None = None
    ) -> ExpandedRounds:
        """The trials of an experiment that searches in rounds.

        Args:
            experiment: Its name.
            wait: Whether to wait for proposals; without, those trials that are known by now.
            before: Only rounds before this one; None: all.
        """
        start = self.start(experiment, wait)
        ask = self.proposed if wait else self.known_rounds
        assert ask is not None
        basis = self.first_basis(experiment, start)
        proposals: list[tuple[Values, ...]] = []
        sizes = self.study.experiments[experiment].search.round_sizes[:before]
        for number, size in enumerate(sizes):
            try:
                found = ask(experiment, number)
            except NotProposedYet:
                break
            # Files of another search may lie there, until it gets to these rounds.
            if not wait and found.basis != basis:
                break
            proposals.append(found.proposals[:size])
            basis = next_basis(basis, proposals[-1])
        return self._expansions.proposed(experiment, start, proposals, basis)

    def first_basis(self, experiment: str, start: Settings | None) -> str:
        """Digest of what the first round of an experiment builds on."""
        settings = base_settings(self.study, experiment, start, self.source)
        return first_basis(self.study.experiments[experiment].search, settings)

    def varied_settings(self, experiment: str) -> Settings:
        """The settings that the trials of an experiment vary, overrides included."""
        return base_settings(self.study, experiment, self.start(experiment), self.source)

    def _examples(self, experiment: str) -> Expanded:
        """The trials of an experiment, or examples of them, by which it is known what all share."""
        return self._expansions.of(experiment, self.start(experiment, wait=False))

    def trials(self, experiment: str, wait: bool = True) -> list[ResolvedTrial]:
        """The trials of an experiment, in the order of the config."""
        return self._look(experiment, wait).trials

    def shards(
        self, experiment: str, rule: str, wait: bool = True, before: int | None = None
    ) -> list[list[ResolvedTrial]]:
        """The trials of a rule on frozen backbones, as many to a job as the config says.

        Args:
            experiment: Its name.
            rule: The rule.
            wait: Whether to wait until all are known.
            before: Only the trials of rounds before this one; None: all.
        """
        return self._before(experiment, wait, before).shards[rule]

    def fine_tuned(
        self, experiment: str, wait: bool = True, before: int | None = None
    ) -> list[ResolvedTrial]:
        """The trials that fine-tune, each a job of its own. Arguments as of `shards`."""
        return self._before(experiment, wait, before).fine_tuned

    def _before(self, experiment: str, wait: bool, before: int | None) -> Expanded:
        if before is None:
            return self._look(experiment, wait)
        return self.rounds(experiment, wait, before)

    def rungs(self, experiment: str) -> tuple[int, ...]:
        """Epochs after which an experiment's trials are compared and most of them end."""
        halving = self.study.experiments[experiment].halving
        if halving is None:
            return ()
        return rungs(self._examples(experiment).trials[0].settings.epochs, halving)

    def brackets(self, experiment: str, before: int | None = None) -> dict[str, int]:
        """For each trial of an experiment the comparison at which it begins.

        Args:
            experiment: Its name.
            before: Only the trials of rounds before this one; None: all that are known.
        """
        halving = self.study.experiments[experiment].halving
        trials = self._before(experiment, False, before).trials
        if halving is None:
            return {}
        numbers = divide(len(trials), len(self.rungs(experiment)), halving)
        return {trial.id: number for trial, number in zip(trials, numbers, strict=True)}

    def resampling(self, experiment: str) -> Resampling | None:
        """The folds in which an experiment's trials are scored; None: the validation share."""
        return self._examples(experiment).resampling

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
        In both it is scored in folds, or in neither.
        """
        if self.rungs(experiment):
            return experiment
        folds = self._look(experiment).resampling
        for ancestor in reversed(ancestors(self.study, experiment)):
            there = self._look(ancestor)
            if trial.id in there.by_id and there.resampling == folds:
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
    def _possible_layers(self) -> dict[str, dict[OwnNetwork, set[str]]]:
        return possible_layers(experiment_starts(self._expansions))

    def layers_needed(self, identity: str) -> list[str]:
        """The layers at which trials could end a backbone with these weights.

        Whatever is chosen, so that a choice is no reason to check the weights again. Only of an own
        network, they are those of the network that was chosen, as its weights are.
        """
        found = self._possible_layers.get(identity, {})
        own = None if None in found or not found else self.own_network(identity)
        return sorted(found.get(own, ()))

    def own_network(self, identity: str) -> OwnNetwork:
        """What decides the layers of the network with these weights, if not its name alone."""
        for known in self._all_known():
            for features in known.feature_sets.values():
                spec = features.weights_spec
                if spec and spec.id == identity and features.backbone in SIZED:
                    return features.image_size, features.network
        return None

    def reference_results(self, experiment: str) -> list[dict[str, object]]:
        """The reference results of an experiment, with the settings that they belong to."""
        after = self.study.experiments[experiment].start_from
        chosen = None if after is None else self.chosen(after)
        return reference_results_of(self.study, experiment, chosen, self.source)

    def identities(self, experiment: str) -> list[dict[str, object]]:
        """The columns of trials.csv that say which trial it is, of each trial."""
        return self._look(experiment).identities
