"""The trials of a study's experiments, each experiment expanded once from each start."""

from collections.abc import Sequence
from functools import cached_property

from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.study.experiments import expand
from scenery.study.features import CodebookSpec, FeatureSet, WeightsSpec
from scenery.study.resampling import FoldSpec, Resampling, resampling
from scenery.study.rounds import Proposed, ProposedTrials, Values
from scenery.study.trial_kinds import BATCHED_RULES, FINE_TUNING
from scenery.study.trials import ResolvedTrial, identity_columns


class Expanded:
    """The trials of an experiment from one start, with what jobs look up among them.

    A study may have ten thousand trials, and each of its jobs asks several times.

    Args:
        trials: In the order of the config.
        size: Trials on frozen backbones that share a job.
        resampling: The folds in which they are scored; None: the validation share.
    """

    def __init__(
        self, trials: list[ResolvedTrial], size: int, resampling: Resampling | None
    ) -> None:
        self.trials = trials
        self.resampling = resampling
        self.by_id = {trial.id: trial for trial in trials}
        self.fine_tuned = [trial for trial in trials if trial.kind is FINE_TUNING]
        self.shards = {rule: self._shards(rule, size) for rule in BATCHED_RULES}

    def _shards(self, rule: str, size: int) -> list[list[ResolvedTrial]]:
        trials = [trial for trial in self.trials if trial.kind.rule == rule]
        return _divided(trials, size)

    @cached_property
    def feature_sets(self) -> dict[str, FeatureSet]:
        """All features that the trials could need, by id."""
        kinds = {trial.plain_features for trial in self.trials}
        kinds |= {trial.training_features for trial in self.trials}
        kinds |= {trial.first_step_features for trial in self.trials}
        kinds |= {features.in_fold(fold) for features in kinds for fold in self._folds}
        # What is encoded is made of maps, and so is its codebook.
        maps = {features.raw for features in kinds}
        maps |= {codebook.maps for codebook in self.codebooks.values()}
        return {features.id: features for features in kinds | maps}

    @cached_property
    def codebooks(self) -> dict[str, CodebookSpec]:
        """All codebooks that the trials could need, by id."""
        plain = {trial.plain_features for trial in self.trials}
        plain |= {features.in_fold(fold) for features in plain for fold in self._folds}
        found = (features.codebook for features in plain)
        return {codebook.id: codebook for codebook in found if codebook is not None}

    @cached_property
    def identities(self) -> list[dict[str, object]]:
        """The columns of trials.csv that say which trial it is, of each trial."""
        return [self.identity(trial) for trial in self.trials]

    def identity(self, trial: ResolvedTrial) -> dict[str, object]:
        """The columns of trials.csv that say which trial it is."""
        return identity_columns(trial)

    @property
    def _folds(self) -> list[FoldSpec]:
        if self.resampling is None:
            return []
        return [fold for repeat in self.resampling.by_repeat for fold in repeat]

    @cached_property
    def weights(self) -> dict[str, WeightsSpec]:
        """All weights that the trials need, by id."""
        specs = {trial.weights for trial in self.trials}
        return {spec.id: spec for spec in specs if spec is not None}


class ExpandedRounds(Expanded):
    """The trials of an experiment as far as they are proposed. A job has trials of one round.

    Args:
        rounds: The proposals of each round.
        size: Trials on frozen backbones that share a job.
        resampling: The folds in which they are scored; None: the validation share.
    """

    def __init__(
        self, rounds: list[list[Proposed]], size: int, resampling: Resampling | None
    ) -> None:
        self.rounds = rounds
        trials = [trial for one in rounds for p in one for trial in p.trials]
        super().__init__(trials, size, resampling)

    def identity(self, trial: ResolvedTrial) -> dict[str, object]:
        """The columns of trials.csv that say which trial it is, and of which round."""
        return identity_columns(trial) | {"round": trial.round}

    def _shards(self, rule: str, size: int) -> list[list[ResolvedTrial]]:
        return [
            shard
            for number in range(len(self.rounds))
            for shard in _divided(
                [t for t in self.trials if t.kind.rule == rule and t.round == number], size
            )
        ]


def _divided(trials: list[ResolvedTrial], size: int) -> list[list[ResolvedTrial]]:
    return [trials[start : start + size] for start in range(0, len(trials), size)]


class Expansions:
    """The trials of all experiments, from each start that was asked for.

    Args:
        study: The study.
        source: Name of its config file, for messages.
    """

    def __init__(self, study: Study, source: str) -> None:
        self.study = study
        self.source = source
        self._expanded: dict[tuple[str, Settings | None], Expanded] = {}
        self._proposed: dict[tuple[str, Settings | None, str], ExpandedRounds] = {}
        self._resolver = ProposedTrials(study, source)

    def of(self, experiment: str, start: Settings | None) -> Expanded:
        """The trials of an experiment; of one that searches in rounds, examples of its trials.

        Args:
            experiment: Its name.
            start: The settings that it starts from; None where it starts from the study's base.

        Raises:
            UserError: As of `expand`.
        """
        key = (experiment, start)
        if key not in self._expanded:
            trials = expand(self.study, experiment, start, self.source)
            size = self.study.trials_per_job
            if self.study.experiments[experiment].halving is not None:
                # Heads are compared half-way, so they all train in one job.
                size = len(trials)
            folds = resampling(self.study, [trial.settings for trial in trials])
            self._expanded[key] = Expanded(trials, size, folds)
        return self._expanded[key]

    def proposed(
        self,
        experiment: str,
        start: Settings | None,
        rounds: Sequence[Sequence[Values]],
        basis: str,
    ) -> ExpandedRounds:
        """The trials of an experiment that searches in rounds.

        Args:
            experiment: Its name.
            start: As of `of`.
            rounds: The values of the proposals of each round.
            basis: Digest of all of them.
        """
        key = (experiment, start, basis)
        if key not in self._proposed:
            resolved = self._resolver.resolve(experiment, start, rounds)
            folds = self.of(experiment, start).resampling
            halving = self.study.experiments[experiment].halving
            # Heads are compared half-way, so those of a round all train in one job.
            size = (
                self.study.trials_per_job if halving is None else max(map(len, resolved), default=1)
            )
            self._proposed[key] = ExpandedRounds(resolved, size, folds)
        return self._proposed[key]
