"""Inputs and parameters of the rules of workflow/rules/train.smk."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scenery.pipeline.inputs.context import Context, array_files, array_inputs, unique
from scenery.pipeline.inputs.halving import HalvingInputs
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.halving import HalvingPlan
from scenery.pipeline.jobs.trials import (
    BackboneSpec,
    FeatureTrial,
    FeatureTrialsJob,
    FineTuneFoldJob,
    FineTuneJob,
    FoldFeatures,
    FoldFiles,
    FoldResult,
    JoinFoldsJob,
    NetworkData,
    NetworkTrial,
)
from scenery.pipeline.layout import TrialTables
from scenery.pipeline.resources import forward_threads, trial_threads
from scenery.study.features import FeatureSet
from scenery.study.resampling import FoldSpec, Resampling
from scenery.study.selection import COST
from scenery.study.trial_kinds import BATCHED_RULES
from scenery.study.trials import ResolvedTrial

PARTITIONS = ("train", "validation")


class TrialInputs:
    """Trials: batched on features, or fine-tuned in a job each."""

    def __init__(self, context: Context, halving: HalvingInputs) -> None:
        self.context = context
        self.halving = halving
        self.layout = context.layout
        self.plan = context.plan
        # Thousands of trials may read the same few files.
        self._known: dict[tuple[FeatureSet, FeatureSet, Resampling], FoldFiles] = {}

    # Trials on features

    def batch_features(self, rule: str) -> Callable[[Any], list[str]]:
        """Gives the tables and features that the trials of one job of a rule read."""

        def files(wildcards: Any) -> list[str]:
            folds = self.plan.resampling(wildcards.experiment)
            trials = self._batch(rule, wildcards)
            return self.feature_inputs(trials, folds) + self._earlier(wildcards, trials)

        return files

    def batch(self, rule: str) -> Callable[[Any], dict[str, Any]]:
        """Gives the trials of one job of a rule."""

        def params(wildcards: Any) -> dict[str, Any]:
            folds = self.plan.resampling(wildcards.experiment)
            trials = self._batch(rule, wildcards)
            return FeatureTrialsJob(
                trials=tuple(self.feature_trial(trial, folds) for trial in trials),
                finished=Path(self.layout.experiment(wildcards.experiment).finished(rule)),
                halving=self._halving(wildcards, trials),
            ).as_params()

        return params

    def batch_threads(self, rule: str) -> Callable[[Any], int]:
        """Gives the processors of one job of a rule."""

        def threads(wildcards: Any) -> int:
            if self.context.study.experiments[wildcards.experiment].halving is not None:
                return 1
            return trial_threads(len(self._batch(rule, wildcards)))

        return threads

    def _halving(self, wildcards: Any, trials: Sequence[ResolvedTrial]) -> HalvingPlan | None:
        """How the heads of a job are compared."""
        plan = self.halving.plan_of(wildcards.experiment, trials[0].round)
        if plan is None:
            return None
        earlier = tuple(map(Path, self._earlier(wildcards, trials)))
        return plan.model_copy(update={"earlier": earlier})

    def _earlier(self, wildcards: Any, trials: Sequence[ResolvedTrial]) -> list[str]:
        """The results of earlier rounds with which the trials of a job are compared."""
        number = trials[0].round
        if number is None or self.context.study.experiments[wildcards.experiment].halving is None:
            return []
        return [tables.metrics for tables in self.results(wildcards.experiment, number)]

    def _batch(self, rule: str, wildcards: Any) -> list[ResolvedTrial]:
        return self.plan.shards(wildcards.experiment, rule, wait=False)[int(wildcards.shard)]

    def feature_inputs(
        self, trials: Sequence[ResolvedTrial], folds: Resampling | None
    ) -> list[str]:
        """The tables and features of some trials, each once."""
        # Most trials of a search read the same files.
        different = {
            (self.context.table(t), t.training_features.id, t.plain_features.id): t for t in trials
        }
        files: list[str] = []
        for trial in different.values():
            files.append(self.context.table(trial))
            files += array_inputs(self.layout.features(trial.training_features.id, "train"))
            files += array_inputs(self.layout.features(trial.plain_features.id, "validation"))
            if folds is not None:
                files += array_inputs(self.layout.features(trial.plain_features.id, "train"))
                views = self.layout.features(trial.training_features.id, "validation")
                files += array_inputs(views)
                files += self._codebook_inputs(trial, folds)
        return unique(files)

    def _codebook_inputs(self, trial: ResolvedTrial, folds: Resampling) -> list[str]:
        """The features by the codebook of each fold; none without an encoding."""
        if trial.plain_features.codebook is None:
            return []
        return [
            file
            for repeat in folds.by_repeat
            for fold in repeat
            for features in (trial.training_features, trial.plain_features)
            for partition in PARTITIONS
            for file in array_inputs(self.layout.features(features.in_fold(fold).id, partition))
        ]

    def feature_trial(self, trial: ResolvedTrial, folds: Resampling | None) -> FeatureTrial:
        """A trial on features as jobs have it."""
        # Its readable name is not there. The name changes when the experiment varies one setting
        # more, and a trial whose settings stay the same must not run again for it.
        return FeatureTrial(
            id=trial.id,
            settings=trial.settings,
            table=Path(self.context.table(trial)),
            training=array_files(self.layout.features(trial.training_features.id, "train")),
            validation=array_files(self.layout.features(trial.plain_features.id, "validation")),
            folds=None if folds is None else self._fold_files(trial, folds),
        )

    def _fold_files(self, trial: ResolvedTrial, folds: Resampling) -> FoldFiles:
        key = (trial.plain_features, trial.training_features, folds)
        if key not in self._known:
            self._known[key] = self._files_of_folds(trial, folds)
        return self._known[key]

    def _files_of_folds(self, trial: ResolvedTrial, folds: Resampling) -> FoldFiles:
        views = self.layout.features(trial.training_features.id, "validation")
        of_folds: tuple[tuple[FoldFeatures, ...], ...] = ()
        if trial.plain_features.codebook is not None:
            of_folds = tuple(
                tuple(self._fold_features(trial, fold) for fold in repeat)
                for repeat in folds.by_repeat
            )
        return FoldFiles(
            resampling=folds,
            training=array_files(self.layout.features(trial.plain_features.id, "train")),
            validation=array_files(views),
            of_folds=of_folds,
        )

    def _fold_features(self, trial: ResolvedTrial, fold: FoldSpec) -> FoldFeatures:
        def files(features: FeatureSet) -> tuple[ArrayFiles, ArrayFiles]:
            name = features.in_fold(fold).id
            training, validation = (array_files(self.layout.features(name, p)) for p in PARTITIONS)
            return training, validation

        return FoldFeatures(
            training=files(trial.training_features), plain=files(trial.plain_features)
        )

    # Fine-tuned trials

    def _trial(self, wildcards: Any) -> ResolvedTrial:
        return self.plan.trial(wildcards.experiment, wildcards.trial)

    def network_files(self, wildcards: Any) -> list[str]:
        """Table, images, features and weights of a fine-tuned trial."""
        return network_inputs(self.context, self._trial(wildcards), PARTITIONS)

    def fold_network_files(self, wildcards: Any) -> list[str]:
        """The same of a trial in one fold, which may hold out any of the images."""
        trial = self._trial(wildcards)
        plain = network_inputs(self.context, trial, PARTITIONS, learned=())
        return unique(plain + network_inputs(self.context, trial, PARTITIONS, PARTITIONS))

    def threads(self, wildcards: Any) -> int:
        """Processors of a job that fine-tunes."""
        return forward_threads(self._trial(wildcards).image_size)

    def fine_tune(self, wildcards: Any) -> dict[str, Any]:
        """A fine-tuned trial that is trained to its end."""
        experiment = wildcards.experiment
        keep = not self.context.study.refit or experiment in self.plan.sources_of_weights
        return self._fine_tune(wildcards, keep_weights=keep)

    def fine_tune_rung(self, wildcards: Any) -> dict[str, Any]:
        """A fine-tuned trial up to one comparison of successive halving."""
        until = self.plan.rungs(wildcards.experiment)[int(wildcards.rung)]
        return self._fine_tune(wildcards, keep_weights=True, until=until)

    def _fine_tune(
        self, wildcards: Any, keep_weights: bool, until: int | None = None
    ) -> dict[str, Any]:
        trial = self._network_trial(wildcards, wildcards.trial)
        return FineTuneJob(**dict(trial), keep_weights=keep_weights, until=until).as_params()

    def fine_tune_fold(self, wildcards: Any) -> dict[str, Any]:
        """A fine-tuned trial in one fold."""
        folds = self._folds(wildcards.experiment).by_repeat
        specs = {fold.id: fold for repeat in folds for fold in repeat}
        trial = self._network_trial(wildcards, wildcards.trial, wildcards.fold, folded=True)
        return FineTuneFoldJob(**dict(trial), fold=specs[wildcards.fold]).as_params()

    def _network_trial(
        self, wildcards: Any, *checkpoints: str, folded: bool = False
    ) -> NetworkTrial:
        """What all jobs of a fine-tuned trial have.

        Args:
            wildcards: Experiment and trial.
            checkpoints: Parts of the path of the job's states below those of the experiment.
            folded: Whether the job trains one fold, which may hold out any of the images.
        """
        trial = self._trial(wildcards)
        return NetworkTrial(
            trial=trial.id,
            settings=trial.settings,
            backbone=backbone_spec(self.context, trial),
            table=Path(self.context.table(trial)),
            training=network_data(self.context, trial, "train", learned=True, folded=folded),
            validation=network_data(self.context, trial, "validation", folded, folded),
            checkpoints=Path(self.layout.checkpoints(wildcards.experiment, *checkpoints)),
        )

    def fold_results(self, wildcards: Any) -> list[str]:
        """What a fine-tuned trial gave in each of its folds."""
        return [
            str(file)
            for repeat in self._fold_results(wildcards)
            for fold in repeat
            for file in (fold.outcome, fold.history, fold.predictions)
        ]

    def join_folds(self, wildcards: Any) -> dict[str, Any]:
        """The folds that become the result of a fine-tuned trial."""
        trial = self._trial(wildcards)
        return JoinFoldsJob(
            trial=trial.id,
            settings=trial.settings,
            table=Path(self.context.table(trial)),
            resampling=self._folds(wildcards.experiment),
            folds=self._fold_results(wildcards),
        ).as_params()

    def _fold_results(self, wildcards: Any) -> tuple[tuple[FoldResult, ...], ...]:
        paths = self.layout.experiment(wildcards.experiment)
        return tuple(
            tuple(
                FoldResult.model_validate(paths.fold(wildcards.trial, fold.id)._asdict())
                for fold in repeat
            )
            for repeat in self._folds(wildcards.experiment).by_repeat
        )

    def _folds(self, experiment: str) -> Resampling:
        folds = self.plan.resampling(experiment)
        assert folds is not None
        return folds

    # Results of all trials

    def result_tables(self, kind: str) -> Callable[[Any], list[str]]:
        """Gives one table of every job of an experiment: metrics, history or predictions."""

        def files(wildcards: Any) -> list[str]:
            return [getattr(tables, kind) for tables in self.results(wildcards.experiment)]

        return files

    def predictions_for_costs(self, wildcards: Any) -> list[str]:
        """The predictions of all trials where cost chooses; none for other rules of choice."""
        if COST not in self.context.study.experiments[wildcards.experiment].choose.aims:
            return []
        return self.result_tables("predictions")(wildcards)

    def results(self, experiment: str, before: int | None = None) -> list[TrialTables]:
        """The tables of the jobs of an experiment.

        Args:
            experiment: Its name.
            before: Only those of the rounds before this one; None: all.
        """
        paths = self.layout.experiment(experiment)
        batched = [
            paths.batch(rule, number)
            for rule in BATCHED_RULES
            for number, _ in enumerate(self.plan.shards(experiment, rule, before=before))
        ]
        return batched + self._fine_tuned_results(experiment, before)

    def _fine_tuned_results(self, experiment: str, before: int | None) -> list[TrialTables]:
        """The results of each fine-tuned trial from its last rung, or from its end."""
        found = {
            trial.id: self._fine_tuned(self.plan.runs_in(experiment, trial), trial)
            for trial in self.plan.fine_tuned(experiment, before=before)
        }
        return (
            list((found | self.halving.early_results(experiment, before)).values()) if found else []
        )

    def _fine_tuned(self, experiment: str, trial: ResolvedTrial) -> TrialTables:
        paths = self.layout.experiment(experiment)
        in_folds = self.plan.resampling(experiment) is not None
        return paths.folded(trial.id) if in_folds else paths.fine_tuned(trial.id)


def network_inputs(
    context: Context,
    trial: ResolvedTrial,
    partitions: Sequence[str],
    learned: Sequence[str] = ("train",),
) -> list[str]:
    """What a job reads that trains a network on the images of some partitions.

    Args:
        context: The study.
        trial: The trial.
        partitions: The partitions.
        learned: Those of them whose images the network learns from.
    """
    files = [context.table(trial)]
    for partition in partitions:
        files += array_inputs(context.layout.packed(partition, trial.image_size))
        if trial.settings.first_step is not None:
            features = first_step_of(trial, partition in learned)
            files += array_inputs(context.layout.features(features.id, partition))
    return files + context.weights_inputs(trial.weights)


def first_step_of(trial: ResolvedTrial, learned: bool) -> FeatureSet:
    """The features in the first of two steps, of images that are learned from or not."""
    return trial.first_step_features if learned else trial.plain_features


def network_data(
    context: Context, trial: ResolvedTrial, partition: str, learned: bool, folded: bool = False
) -> NetworkData:
    """The files of one partition, as such a job holds them.

    Args:
        context: The study.
        trial: The trial.
        partition: The partition.
        learned: Whether the network learns from its images.
        folded: Whether a fold may hold them out.
    """
    features = held_out = None
    if trial.settings.first_step is not None:
        used = first_step_of(trial, learned)
        features = array_files(context.layout.features(used.id, partition))
        if folded and used != trial.plain_features:
            held_out = array_files(context.layout.features(trial.plain_features.id, partition))
    images = array_files(context.layout.packed(partition, trial.image_size))
    return NetworkData(images=images, features=features, held_out=held_out)


def backbone_spec(context: Context, trial: ResolvedTrial, seed: int | None = None) -> BackboneSpec:
    """The backbone of a trial.

    Args:
        context: The study.
        trial: The trial.
        seed: Seed of random weights; None: the trial's own.
    """
    return BackboneSpec(
        name=trial.settings.backbone,
        image_size=trial.image_size,
        layer=trial.layer,
        weights=context.weights_file(trial.weights),
        seed=trial.settings.seed if seed is None else seed,
        options=trial.settings.network,
        pooling=trial.settings.head.pooling,
    )
