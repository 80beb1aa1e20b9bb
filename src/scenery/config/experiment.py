"""An experiment: its trials, and how one of them is chosen."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from scenery.config.search import (
    WITH_ONE_AIM,
    Grid,
    Halving,
    ListOfTrials,
    Random,
    Search,
    Searched,
)
from scenery.registry.options import Bool, Int, Number, Strict

# Settings of a published number that its source does not name.
UNKNOWN = "unknown"
Measure = Literal["validation_accuracy", "validation_loss", "balanced_accuracy", "macro_f1", "cost"]
# What a choice with several aims may also compare.
Aim = Literal[
    "validation_accuracy",
    "validation_loss",
    "balanced_accuracy",
    "macro_f1",
    "cost",
    "parameters",
    "milliseconds",
]


class Choose(Strict):
    """How one setting is chosen among an experiment's trials, on validation images alone."""

    by: Measure | Annotated[tuple[Aim, ...], Field(min_length=2, max_length=3)] = Field(
        "validation_accuracy",
        description="The measure that is compared, a mean over repeats. balanced_accuracy and "
        "macro_f1, on validation images too, count rare classes as much as others. "
        "cost: the mean cost of predictions. A list such as [validation_accuracy, parameters] has "
        "several aims: chosen is the knee of their Pareto front, or with smallest_within the "
        "smallest network near the best of the first measure. milliseconds: time of a prediction, "
        "per image, of the backbone up to its end.",
    )
    costs: dict[str, dict[str, Annotated[Number, Field(ge=0)]]] = Field(
        default_factory=dict,
        description="For by: cost, the cost of a prediction by true class and predicted class. A "
        "mistake that is not named costs 1, and a right answer 0.",
    )
    smallest_within: Annotated[Number, Field(gt=0, lt=1)] | None = Field(
        None, description="Choose the smallest network within this margin of the best."
    )
    one_standard_error: Bool = Field(
        False, description="Choose the smallest network within one standard error of the best."
    )
    only: dict[str, Any] = Field(
        default_factory=dict,
        description="Choose only among trials with these settings, such as one backbone.",
    )
    ensemble: Annotated[Int, Field(ge=2, le=20)] | None = Field(
        None,
        description="Also test an ensemble: the mean of the class probabilities of so many best "
        "settings with the training set of the chosen one. Each of them gets final models of its "
        "own. The ensemble is compared with the chosen setting and cannot be chosen.",
    )
    soup: Annotated[Int, Field(ge=2, le=20)] | None = Field(
        None,
        description="Also test a soup: one network with the mean of the weights of so many best "
        "fine-tuned settings that have the network, the initial weights and the training set of "
        "the chosen one. Each of them gets final models of its own. The soup is compared with the "
        "chosen setting and cannot be chosen.",
    )

    @property
    def aims(self) -> tuple[Aim, ...]:
        """What is compared, the most important measure first."""
        return (self.by,) if isinstance(self.by, str) else self.by

    @property
    def measure(self) -> Aim:
        """The measure that is compared, or the first of several aims."""
        return self.aims[0]

    @property
    def by_knee(self) -> bool:
        """Whether the knee of a Pareto front is chosen."""
        return len(self.aims) > 1 and self.smallest_within is None and not self.one_standard_error

    @model_validator(mode="after")
    def _different_aims(self) -> "Choose":
        if self.measure in ("parameters", "milliseconds"):
            raise ValueError(f"by: the first aim is a measure of predictions; found {self.measure}")
        if len(set(self.aims)) < len(self.aims):
            raise ValueError(f"by: each aim stands there once; found {', '.join(self.aims)}")
        return self

    @model_validator(mode="after")
    def _costs_of_a_choice_by_cost(self) -> "Choose":
        if ("cost" in self.aims) != bool(self.costs):
            raise ValueError("by: cost and costs belong together; give both or none of them")
        return self

    @model_validator(mode="after")
    def _one_margin(self) -> "Choose":
        if self.smallest_within is not None and self.one_standard_error:
            raise ValueError("smallest_within and one_standard_error exclude each other")
        if self.one_standard_error and self.measure != "validation_accuracy":
            raise ValueError("one_standard_error compares validation_accuracy only")
        return self


class PublishedResult(Strict):
    """One number of a publication."""

    name: str = Field("", description="Its name in the source; unset: its settings.")
    settings: dict[str, Any] | Literal["unknown"] | None = Field(
        None,
        description="The setting it belongs to, written like a trial of list: what is not named is "
        "as the experiment starts. Unset: whatever the experiment chooses. unknown: the source "
        "does not name it, so the number has no counterpart.",
    )
    accuracy: Annotated[Number, Field(ge=0, le=1)] = Field(description="Accuracy, 0 to 1.")
    parameters: Annotated[Int, Field(ge=0)] | None = Field(
        None, description="Parameters of the network, if the source gives them."
    )

    @model_validator(mode="after")
    def _with_a_name(self) -> "PublishedResult":
        if self.settings == UNKNOWN and not self.name:
            raise ValueError("with settings: unknown, a name says which number it is")
        return self


class Published(Strict):
    """Numbers that others published, shown beside ours and used for nothing else."""

    source: Annotated[str, Field(min_length=1)] = Field(
        description="Where they were published, and on which images."
    )
    results: Annotated[list[PublishedResult], Field(min_length=1)] = Field(
        description="The numbers."
    )


class Experiment(Strict):
    """A set of trials that vary some settings, and a rule for choosing among them."""

    renamed_keys: ClassVar[dict[str, str]] = {
        "after": "start_from",
        "set": "overrides",
        "published": "reference_results",
    }

    title: str = Field("", description="Title in the report and on the slides.")
    start_from: str | None = Field(
        None, description="Start from the settings that this experiment chose; unset: from base."
    )
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Settings that hold for all trials of the experiment."
    )
    grid: Grid = Field(None, description="Every combination of these values.")
    list_: ListOfTrials = Field(None, alias="list", description="A list of trials.")
    random: Annotated[Random | None, Searched] = Field(None, description="Random search.")
    rounds: Annotated[Search | None, Searched] = Field(
        None,
        alias="search",
        description="Search in rounds, which learns from the results of earlier rounds.",
    )
    repeats: Annotated[Int, Field(ge=1, le=1000)] = Field(
        1, description="Number of runs of each setting, with different seeds."
    )
    choose: Choose = Field(default_factory=Choose, description="How a setting is chosen.")
    reference_results: Published | None = Field(
        None, description="Numbers that others published, shown beside ours."
    )

    @model_validator(mode="after")
    def _one_strategy(self) -> "Experiment":
        given = self._given()
        if len(given) > 1:
            *others, last = search_keys()
            raise ValueError(
                f"give one of {', '.join(others)} and {last}; found {' and '.join(given)}"
            )
        if self.grid is not None and not self.grid:
            raise ValueError("grid is empty: name at least one setting with its values")
        if self.halving is not None and self.repeats > 1:
            raise ValueError(
                f"{self.strategy}.halving compares single runs, so repeats must be 1; "
                f"found {self.repeats}"
            )
        if self.halving is not None and not self.choose.measure.startswith("validation_"):
            raise ValueError(
                f"{self.strategy}.halving compares trials before their end, for which there is no "
                f"{self.choose.measure}; choose.by must be validation_accuracy or validation_loss"
            )
        with_one_aim = self.rounds is not None and self.rounds.sampler in WITH_ONE_AIM
        if with_one_aim and len(self.choose.aims) > 1:
            raise ValueError(
                f"search.sampler: {self.search.sampler} has one aim, and choose.by has "
                f"{len(self.choose.aims)}; give tpe, nsga2, qmc or random"
            )
        if self.choose.one_standard_error and self.repeats < 2:
            raise ValueError("choose.one_standard_error needs repeats of at least 2")
        return self

    def _given(self) -> dict[str, Any]:
        values = {key: getattr(self, name) for key, name in search_keys().items()}
        return {key: value for key, value in values.items() if value is not None}

    @property
    def strategy(self) -> str:
        """The key that names the trials, such as grid; single where there is none."""
        return next(iter(self._given()), "single")

    @property
    def search(self) -> Any:
        """The value of that key; None where there is none."""
        return next(iter(self._given().values()), None)

    @property
    def halving(self) -> Halving | None:
        """How trials of low scores end early; None where all are trained to their end."""
        return getattr(self.search, "halving", None)


def search_keys() -> dict[str, str]:
    """The keys of an experiment that name trials, and the names of their attributes."""
    fields = Experiment.model_fields
    return {f.alias or name: name for name, f in fields.items() if Searched in f.metadata}
