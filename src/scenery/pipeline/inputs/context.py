"""What all input functions share: the study, its plan, its paths, and Snakemake's checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from snakemake.io import ancient

from scenery.config.study import Study
from scenery.pipeline.jobs.base import ArrayFiles, ImageReading
from scenery.pipeline.layout import ArrayPaths, Layout
from scenery.pipeline.preflight import chosen_record, chosen_settings, proposed_round
from scenery.study.expansions import Expansions
from scenery.study.features import WeightsSpec
from scenery.study.plan import Plan
from scenery.study.trials import ResolvedTrial


@dataclass(frozen=True)
class Context:
    """The study as input functions see it.

    Attributes:
        study: The checked config.
        layout: Its paths.
        plan: Its trials.
        checkpoints: Snakemake's object of that name.
    """

    study: Study
    layout: Layout
    plan: Plan
    checkpoints: Any

    @classmethod
    def of(cls, expansions: Expansions, layout: Layout, checkpoints: Any) -> "Context":
        """The context of a study.

        Args:
            expansions: The checked config and its trials.
            layout: Its paths.
            checkpoints: Snakemake's object of that name.
        """
        plan = Plan(
            expansions.study,
            expansions.source,
            chosen=lambda name: chosen_settings(
                checkpoints.choose.get(experiment=name).output.chosen
            ),
            known=lambda name: chosen_settings(layout.experiment(name).chosen),
            expansions=expansions,
            proposed=lambda name, number: proposed_round(
                checkpoints.propose.get(experiment=name, round=number).output.proposals
            ),
            known_rounds=lambda name, number: proposed_round(
                layout.experiment(name).proposals(number)
            ),
        )
        return cls(expansions.study, layout, plan, checkpoints)

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of all experiments, in the order of the config."""
        return tuple(self.study.experiments)

    def chosen_file(self, experiment: str) -> str:
        """The record of an experiment's choice. Snakemake waits for it if need be."""
        return str(self.checkpoints.choose.get(experiment=experiment).output.chosen)

    def choice_record(self, experiment: str) -> dict[str, Any]:
        """The content of that record."""
        return chosen_record(self.chosen_file(experiment))

    def choice(self, experiment: str) -> ResolvedTrial:
        """The trial that an experiment chose."""
        return ResolvedTrial(experiment, self.plan.chosen(experiment))

    @property
    def image_reading(self) -> dict[str, Any]:
        """How image files become the input of models, as fields of `ImageReading`."""
        return self.study.dataset.model_dump(include=set(ImageReading.model_fields))

    def table(self, trial: ResolvedTrial) -> str:
        """The table of a trial's training images."""
        return self.layout.subset(trial.training_subset)

    def weights_inputs(self, weights: WeightsSpec | None) -> list[str]:
        """The inputs of a job that reads a backbone's weights; none for random ones.

        The check is `ancient`. It comes first, but checking one more layer makes nothing stale.
        """
        if weights is None:
            return []
        return [self.layout.weights(weights.id), ancient(self.layout.weights_check(weights.id))]

    def weights_file(self, weights: WeightsSpec | None) -> Path | None:
        """Where a job finds the weights of its backbone; None for random ones."""
        return None if weights is None else Path(self.layout.weights(weights.id))


def array_inputs(paths: ArrayPaths) -> list[str]:
    """The inputs of a job that reads an array.

    The array is `ancient` and its facts are not. The facts are small and hold the digest of its
    content, so new times on a large file make nothing stale, and new content does.
    """
    return [ancient(paths.array), paths.facts]


@cache
def array_files(paths: ArrayPaths) -> ArrayFiles:
    """An array and its facts, as a job holds them; one object for the many trials that read it."""
    return ArrayFiles(array=Path(paths.array), facts=Path(paths.facts))


def unique(paths: Sequence[str]) -> list[str]:
    """Paths in their order, each once."""
    return list(dict.fromkeys(paths))
