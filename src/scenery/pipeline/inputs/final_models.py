"""Inputs and parameters of the rules of choose.smk, evaluate.smk and compare.smk."""

from pathlib import Path
from typing import Any

from scenery.pipeline.inputs.context import Context, array_files, array_inputs, unique
from scenery.pipeline.inputs.features import codebook_file, codebook_inputs
from scenery.pipeline.inputs.speeds import SpeedInputs
from scenery.pipeline.inputs.trials import backbone_spec, network_data, network_inputs
from scenery.pipeline.jobs.choice import AssessJob, ChooseJob, TrialRow
from scenery.pipeline.jobs.features import VectorsSpec
from scenery.pipeline.jobs.final_models import (
    AverageWeightsJob,
    Choice,
    CompareJob,
    EvaluateJob,
    RefitFeaturesJob,
    RefitNetworkJob,
    ScoredSetting,
    ScoredTrial,
    SoupMember,
)
from scenery.pipeline.layout import ArrayPaths, ExperimentLayout
from scenery.pipeline.resources import forward_threads
from scenery.study.experiments import ancestors
from scenery.study.scored import SOUP, SOUP_MEMBER
from scenery.study.soups import soup_group
from scenery.study.trial_kinds import TrialKind
from scenery.study.trials import ResolvedTrial

# The rule that makes a soup, and the folder of its model.
SOUP_RULE = "average_weights"


class FinalModelInputs:
    """The choice, the final models and their scores."""

    def __init__(self, context: Context, speeds: SpeedInputs) -> None:
        self.context = context
        self.speeds = speeds
        self.layout = context.layout
        self.plan = context.plan

    # The choice

    def choose(self, wildcards: Any) -> dict[str, Any]:
        """The trials among which an experiment chooses."""
        name = wildcards.experiment
        experiment = self.context.study.experiments[name]
        trials = zip(
            self.plan.identities(name),
            self.plan.choosable(name),
            self.plan.trials(name),
            strict=True,
        )
        return ChooseJob(
            experiment=name,
            title=experiment.title or name,
            strategy=experiment.strategy,
            how=experiment.choose,
            trials=tuple(
                TrialRow(
                    row=row,
                    candidate=candidate,
                    settings=trial.settings,
                    table=Path(self.context.table(trial)),
                )
                for row, candidate, trial in trials
            ),
            checkpoints=Path(self.layout.checkpoints(name)),
            control=self.plan.control(name),
            compare=self.context.study.compare,
            speeds=self.speeds.by_trial(name, self.plan.trials(name)),
            soup_groups=self._soup_groups(name),
        ).as_params()

    def _soup_groups(self, experiment: str) -> dict[str, str]:
        """What settings share whose weights can be averaged, if a soup is asked for."""
        if self.context.study.experiments[experiment].choose.soup is None:
            return {}
        trials = [trial for trial in self.plan.trials(experiment) if not trial.repeat]
        groups = {trial.setting: soup_group(trial) for trial in trials}
        return {setting: group for setting, group in groups.items() if group is not None}

    def assess(self, wildcards: Any) -> dict[str, Any]:
        """How sure a choice is."""
        experiment = self.context.study.experiments[wildcards.experiment]
        return AssessJob(how=experiment.choose).as_params()

    def training_tables(self, wildcards: Any) -> list[str]:
        """The tables of the training images of an experiment's trials."""
        return unique([self.context.table(t) for t in self.plan.trials(wildcards.experiment)])

    # Refits. Their wildcards have a trial where a final model is trained for comparison.

    def _choice(self, wildcards: Any) -> Choice:
        record = self.context.choice_record(wildcards.experiment)
        if name := wildcards.get("trial"):
            trials = [trial for one in record["scored"] for trial in one["trials"]]
            record = next(trial for trial in trials if trial["trial"] == name)
        return Choice.model_validate({name: record[name] for name in Choice.model_fields})

    def _final(self, wildcards: Any) -> ResolvedTrial:
        """The trial whose final model is made or scored."""
        if wildcards.get("trial"):
            return self.plan.trial(wildcards.experiment, wildcards.trial)
        return self.context.choice(wildcards.experiment)

    def refit_partitions(self, trial: ResolvedTrial, refit: bool) -> list[str]:
        """Partitions that a final model learns from, and is chosen by without a refit.

        A subset keeps its size: its refit sees no validation images.
        """
        subset = trial.settings.subset != "full"
        return ["train"] if refit and subset else ["train", "validation"]

    def refit_features(self, wildcards: Any) -> list[str]:
        """Tables and features for the refit of a head or classical model."""
        trial = self._final(wildcards)
        files = [self.context.table(trial)]
        files += array_inputs(self.layout.features(trial.training_features.id, "train"))
        validation = self._validation_features(trial)
        return files + (array_inputs(validation) if validation is not None else [])

    def _validation_features(self, trial: ResolvedTrial) -> ArrayPaths | None:
        refit = self.context.study.refit
        if "validation" not in self.refit_partitions(trial, refit):
            return None
        features = trial.training_features if refit else trial.plain_features
        return self.layout.features(features.id, "validation")

    def refit_weights(self, wildcards: Any) -> list[str]:
        """The weights of the backbone that a final head is put on."""
        return self.context.weights_inputs(self._final(wildcards).weights)

    def refit_head(self, wildcards: Any) -> dict[str, Any]:
        """A final head."""
        trial = self._final(wildcards)
        seed = trial.plain_features.seed
        return (
            self._refit_features_job(wildcards, trial)
            .model_copy(update={"backbone": backbone_spec(self.context, trial, seed)})
            .as_params()
        )

    def refit_classifier(self, wildcards: Any) -> dict[str, Any]:
        """A final classical model."""
        trial = self._final(wildcards)
        return self._refit_features_job(wildcards, trial).as_params()

    def _refit_features_job(self, wildcards: Any, trial: ResolvedTrial) -> RefitFeaturesJob:
        validation = self._validation_features(trial)
        return RefitFeaturesJob(
            choice=self._choice(wildcards),
            refit=self.context.study.refit,
            table=Path(self.context.table(trial)),
            training=array_files(self.layout.features(trial.training_features.id, "train")),
            validation=array_files(validation) if validation is not None else None,
            resampling=self.plan.resampling(wildcards.experiment),
        )

    def refit_network_files(self, wildcards: Any) -> list[str]:
        """Table, images, features and weights of a final fine-tuned network."""
        trial = self._final(wildcards)
        refit = self.context.study.refit
        partitions = self.refit_partitions(trial, refit)
        learned = partitions if refit else ["train"]
        return network_inputs(self.context, trial, partitions, learned)

    def kept_network_files(self, wildcards: Any) -> list[str]:
        """The same for the chosen network as its trial left it."""
        trial = self._final(wildcards)
        return network_inputs(self.context, trial, ["train", "validation"])

    def refit_threads(self, wildcards: Any) -> int:
        """Processors of a job that makes a final network."""
        return forward_threads(self._final(wildcards).image_size)

    def refit_network(self, wildcards: Any) -> dict[str, Any]:
        """A final fine-tuned network."""
        return self._refit_network(wildcards, self.context.study.refit)

    def keep_network(self, wildcards: Any) -> dict[str, Any]:
        """The chosen network as its trial left it."""
        return self._refit_network(wildcards, refit=False)

    def _refit_network(self, wildcards: Any, refit: bool) -> dict[str, Any]:
        trial = self._final(wildcards)
        both = "validation" in self.refit_partitions(trial, refit)
        return RefitNetworkJob(
            choice=self._choice(wildcards),
            refit=refit,
            table=Path(self.context.table(trial)),
            training=network_data(self.context, trial, "train", learned=True),
            validation=network_data(self.context, trial, "validation", refit) if both else None,
            backbone=backbone_spec(self.context, trial),
            checkpoints=Path(self.layout.checkpoints(wildcards.experiment)),
        ).as_params()

    # The score

    def final_model(self, wildcards: Any) -> list[str]:
        """The model to be scored and its record; experiments that chose the same share one."""
        if wildcards.get("repeat"):
            paths = self.layout.experiment(wildcards.experiment).soup(wildcards.repeat)
            return [paths.final_model(SOUP_RULE), paths.final_record(SOUP_RULE)]
        if wildcards.get("trial"):
            kind = self._final(wildcards).kind
            paths = self.layout.experiment(wildcards.experiment).compared(wildcards.trial)
            return _model_files(paths, kind)
        return self.final_model_of(wildcards.experiment)

    def final_model_of(self, experiment: str) -> list[str]:
        """The same for an experiment by its name."""
        owner = self.plan.refit_in(experiment)
        kind = self.context.choice(owner).kind
        return _model_files(self.layout.experiment(owner), kind)

    def final_records(self, wildcards: Any) -> list[str]:
        """The record of every experiment's final model."""
        return [self.final_model_of(name)[1] for name in self.context.experiments]

    def test_images(self, wildcards: Any) -> list[str]:
        """The packed test images: `evaluate.py` is the only script that scores them."""
        size = self._final(wildcards).image_size
        return array_inputs(self.layout.packed("test", size))

    def frozen_parts(self, wildcards: Any) -> list[str]:
        """The weights and the codebook that are no part of the final model's file."""
        trial = self._final(wildcards)
        if trial.settings.classifier is None:
            return []
        codebook = trial.plain_features.codebook
        return self.context.weights_inputs(trial.weights) + codebook_inputs(self.context, codebook)

    def evaluate(self, wildcards: Any) -> dict[str, Any]:
        """How a final model is scored."""
        experiment = wildcards.experiment
        compared = wildcards.get("trial") is not None or wildcards.get("repeat") is not None
        return EvaluateJob(
            experiment=experiment,
            scored_in=experiment if compared else self.plan.refit_in(experiment),
            vectors=self.vectors(self._final(wildcards)),
            costs=self.context.study.experiments[experiment].choose.costs,
            calibration={} if compared else self.context.choice_record(experiment)["calibration"],
        ).as_params()

    def vectors(self, trial: ResolvedTrial) -> VectorsSpec | None:
        """How images become the input of a classical model; None for a network."""
        if trial.settings.classifier is None:
            return None
        features = trial.plain_features
        return VectorsSpec(
            features=features,
            weights=self.context.weights_file(trial.weights),
            codebook=codebook_file(self.context, features.codebook),
        )

    # Comparisons

    def _scored(self, experiment: str) -> tuple[ScoredSetting, ...]:
        """The settings of an experiment that are scored, with the files of their scores."""
        record = self.context.choice_record(experiment)
        return tuple(
            ScoredSetting(
                experiment=experiment,
                setting=one["setting"],
                roles=tuple(one["roles"]),
                training_set=one["training_set"],
                trials=tuple(self._scored_trial(experiment, t["trial"]) for t in one["trials"]),
            )
            for one in record["scored"]
        )

    def _scored_trial(self, experiment: str, trial: str) -> ScoredTrial:
        """The score of a trial, from the first experiment that scores it."""
        owner = self._scored_in(experiment, trial)
        paths = self.layout.experiment(owner)
        if trial != self.context.choice_record(owner)["trial"]:
            paths = paths.compared(trial)
        return _score_of(trial, paths)

    def _scored_in(self, experiment: str, trial: str) -> str:
        """The first experiment that scores a trial."""
        owners = [*reversed(ancestors(self.context.study, experiment)), experiment]
        return next(name for name in owners if trial in self._scored_ids(name))

    def _scored_ids(self, experiment: str) -> set[str]:
        record = self.context.choice_record(experiment)
        return {trial["trial"] for one in record["scored"] for trial in one["trials"]}

    def _compare_job(self, experiment: str) -> CompareJob:
        before = self.context.study.experiments[experiment].start_from
        return CompareJob(
            experiment=experiment,
            scored=(*self._scored(experiment), *self._scored_soup(experiment)),
            before=() if before is None else self._scored(before),
        )

    def compare(self, wildcards: Any) -> dict[str, Any]:
        """What the chosen setting of an experiment is compared with."""
        return self._compare_job(wildcards.experiment).as_params()

    def compared_scores(self, wildcards: Any) -> list[str]:
        """The scores of all these settings."""
        job = self._compare_job(wildcards.experiment)
        trials = [trial for one in (*job.scored, *job.before) for trial in one.trials]
        files = [str(path) for trial in trials for path in (trial.metrics, trial.predictions)]
        return unique(files)

    # The soup

    def _soup(self, experiment: str) -> list[list[str]]:
        """The trials of which each soup is made, one soup for each repeat."""
        scored = self.context.choice_record(experiment)["scored"]
        members = [one["trials"] for one in scored if SOUP_MEMBER in one["roles"]]
        if len(members) < 2:
            return []
        # In an order of its own, since a new rank of the same settings changes no mean.
        return [sorted(t["trial"] for t in one) for one in zip(*members, strict=True)]

    def _scored_soup(self, experiment: str) -> tuple[ScoredSetting, ...]:
        """The soup as a setting with one model for each repeat; empty without one."""
        soups = self._soup(experiment)
        if not soups:
            return ()
        paths = self.layout.experiment(experiment)
        chosen = self.context.choice_record(experiment)["scored"][0]
        scores = tuple(_score_of(SOUP, paths.soup(repeat)) for repeat in range(len(soups)))
        return (
            ScoredSetting(
                experiment=experiment,
                setting=SOUP,
                roles=(SOUP,),
                training_set=chosen["training_set"],
                trials=scores,
            ),
        )

    def _average_weights_job(self, wildcards: Any) -> AverageWeightsJob:
        experiment = wildcards.experiment
        members = []
        for trial in self._soup(experiment)[int(wildcards.repeat)]:
            model, record = self._model_of(self._scored_in(experiment, trial), trial)
            members.append(SoupMember(trial=trial, model=Path(model), record=Path(record)))
        return AverageWeightsJob(experiment=experiment, members=tuple(members))

    def average_weights(self, wildcards: Any) -> dict[str, Any]:
        """The final models of which a soup is made."""
        return self._average_weights_job(wildcards).as_params()

    def soup_models(self, wildcards: Any) -> list[str]:
        """Their files and records."""
        members = self._average_weights_job(wildcards).members
        return [str(path) for one in members for path in (one.model, one.record)]

    def _model_of(self, experiment: str, trial: str) -> list[str]:
        """The final model of a trial that an experiment scores, and its record."""
        if trial == self.context.choice_record(experiment)["trial"]:
            return self.final_model_of(experiment)
        kind = self.plan.trial(experiment, trial).kind
        return _model_files(self.layout.experiment(experiment).compared(trial), kind)


def _score_of(trial: str, paths: ExperimentLayout) -> ScoredTrial:
    """The files of a score, by the paths of the final model."""
    return ScoredTrial(
        trial=trial,
        metrics=Path(paths.test("metrics.json")),
        predictions=Path(paths.test("predictions.csv")),
    )


def _model_files(paths: ExperimentLayout, kind: TrialKind) -> list[str]:
    """A final model and its record."""
    return [
        paths.final_model(kind.refit_rule, kind.model_suffix),
        paths.final_record(kind.refit_rule),
    ]
