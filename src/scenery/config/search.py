"""Options of the search strategies of an experiment."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from scenery.registry.options import Int, Number, Seed, Strict


class Searched:
    """Marks a key of an experiment that names the trials: its search strategy.

    `scenery.study.search_strategies` has one record for each.
    """


Grid = Annotated[dict[str, Annotated[list[Any], Field(min_length=1)]] | None, Searched]
ListOfTrials = Annotated[Annotated[list[dict[str, Any]], Field(min_length=1)] | None, Searched]


def _list_is_a_choice(value: Any) -> Any:
    return {"choice": value} if isinstance(value, list | tuple) else value


DISTRIBUTIONS = ("uniform", "loguniform", "integer", "normal", "lognormal", "choice")


class Distribution(Strict):
    """How a search samples a setting; a plain list is a choice among its values."""

    uniform: tuple[Number, Number] | None = Field(None, description="Uniform between two numbers.")
    loguniform: tuple[Number, Number] | None = Field(
        None, description="Uniform on a logarithmic scale, between two numbers above 0."
    )
    integer: tuple[Int, Int] | None = Field(
        None, description="A whole number between two numbers, both included."
    )
    normal: tuple[Number, Annotated[Number, Field(gt=0)]] | None = Field(
        None, description="Normal, with a mean and a standard deviation."
    )
    lognormal: tuple[Annotated[Number, Field(gt=0)], Annotated[Number, Field(gt=0)]] | None = Field(
        None,
        description="Normal on a logarithmic scale: the median, and the standard deviation of the "
        "logarithm.",
    )
    choice: tuple[Any, ...] | None = Field(None, description="One of the values listed.")
    bounds: tuple[Number, Number] | None = Field(
        None, description="With normal or lognormal: values are between these two numbers."
    )
    step: Annotated[Number, Field(gt=0)] | None = Field(
        None,
        description="Values are rounded to multiples of this number, not with choice.",
    )
    when: dict[str, list[Any]] = Field(
        default_factory=dict,
        description="Sample it only if other sampled settings have one of these values.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "Distribution":
        given = [name for name in DISTRIBUTIONS if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of {', '.join(DISTRIBUTIONS)} (not empty); "
                f"found {', '.join(given) or 'none'}"
            )
        if self.bounds and not (self.normal or self.lognormal):
            raise ValueError(f"bounds are for normal and lognormal; found {given[0]}")
        if self.step and self.choice:
            raise ValueError("step has no effect on a choice")
        for bounds in (self.uniform, self.loguniform, self.integer, self.bounds):
            if bounds and not bounds[0] < bounds[1]:
                raise ValueError(f"the first number must be below the second; found {bounds}")
        if self.loguniform and self.loguniform[0] <= 0:
            raise ValueError(f"loguniform needs numbers above 0; found {self.loguniform[0]}")
        if self.lognormal and self.bounds and self.bounds[0] <= 0:
            raise ValueError(f"bounds of lognormal are above 0; found {self.bounds[0]}")
        return self


class Halving(Strict):
    """Successive halving: stop unpromising trials early."""

    factor: Annotated[Int, Field(ge=2, le=100)] = Field(
        3, description="One trial in `factor` continues, for `factor` times the epochs."
    )
    first_epochs: Annotated[Int, Field(ge=1)] = Field(
        3, description="Minimum number of epochs of each trial."
    )
    brackets: Annotated[Int, Field(ge=1, le=10)] = Field(
        1,
        description="Number of brackets (Hyperband): the trials of the second bracket are first "
        "compared where those of the first are compared for the second time, and so on.",
    )


class Sampled(Strict):
    """A search that samples trials from a space."""

    n_trials: Annotated[Int, Field(ge=1, le=100_000)] = Field(description="Number of trials.")
    seed: Seed = Field(
        1, description="Seed of the samples; trial i depends on the seed and i only."
    )
    space: dict[str, Annotated[Distribution, BeforeValidator(_list_is_a_choice)]] = Field(
        min_length=1, description="How each setting is sampled."
    )
    halving: Halving | None = Field(
        None, description="Stop unpromising trials early; unset: train all of them fully."
    )


class Random(Sampled):
    """Random search (Bergstra and Bengio 2012): independent samples from a space."""

    renamed_keys: ClassVar[dict[str, str]] = {"trials": "n_trials"}


Sampler = Literal["tpe", "gp", "cmaes", "nsga2", "qmc", "random"]
# Their samples do not depend on results, so all trials can run at once.
WITHOUT_RESULTS: tuple[Sampler, ...] = ("qmc", "random")
# They optimize a single measure.
WITH_ONE_AIM: tuple[Sampler, ...] = ("gp", "cmaes")


class Search(Sampled):
    """Search in rounds: the trials of a round are proposed from the results of earlier rounds."""

    sampler: Sampler = Field(
        "tpe",
        description="How trials are proposed. tpe: tree-structured Parzen estimator; gp: Gaussian "
        "process with expected improvement; cmaes: CMA-ES; nsga2: NSGA-II; qmc: scrambled Sobol "
        "sequence; random: as random search.",
    )
    batch: Annotated[Int, Field(ge=1, le=10_000)] = Field(
        5,
        description="Number of trials of a round, which run side by side. qmc and random have one "
        "round.",
    )
    seed: Seed = Field(
        1,
        description="Seed of the proposals; a round depends on the seed and the results of earlier "
        "rounds only.",
    )

    halving: Halving | None = Field(
        None,
        description="Stop unpromising trials early; unset: train all of them fully. The trials of "
        "a round are compared with each other and with those of earlier rounds.",
    )
    warm_start: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Trials that are known before the first round, and not run again: an earlier "
        "experiment of the file, or the path of the trials.csv of an experiment of another study.",
    )

    @property
    def warm_file(self) -> str | None:
        """The file of `warm_start`; None for an experiment."""
        is_file = self.warm_start is not None and self.warm_start.endswith(".csv")
        return self.warm_start if is_file else None

    @property
    def warm_experiment(self) -> str | None:
        """The experiment of `warm_start`; None for a file."""
        return self.warm_start if self.warm_file is None else None

    @property
    def round_sizes(self) -> tuple[int, ...]:
        """The number of trials of each round."""
        if self.sampler in WITHOUT_RESULTS:
            return (self.n_trials,)
        starts = range(0, self.n_trials, self.batch)
        return tuple(min(self.batch, self.n_trials - start) for start in starts)
