"""Optuna's samplers: TPE, CMA-ES and NSGA-II.

Optuna samples the settings one after another, so that conditions are those of the space.
"""

import json
import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scenery.config.search import Distribution, Search
from scenery.study.search_space import (
    Space,
    hashed_share,
    in_order_of_conditions,
    is_active,
    readable,
    share_of,
    value_at,
    values_key,
)

if TYPE_CHECKING:
    from scenery.study.proposing import Told

logging.getLogger("optuna").setLevel(logging.WARNING)
# Names of parameters that are the share of a distribution below the value.
SHARE = " (quantile)"


class OptunaSampler:
    """One of Optuna's samplers in a study of its own, which is built anew in each job.

    TPE depends on the results alone. What CMA-ES and NSGA-II propose depends on everything that
    they were asked and told, so earlier rounds are replayed.

    Args:
        search: Sampler, seed and space.
        maximize: For each aim whether higher is better.
    """

    def __init__(self, search: Search, maximize: Sequence[bool]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.search = search
        self.replays = search.sampler != "tpe"
        self.directions = ["maximize" if up else "minimize" for up in maximize]
        self.study = optuna.create_study(directions=self.directions, sampler=self._sampler(0, 0))
        # What this round asked for: Optuna's trial and the values, the accepted ones by their key.
        self.asked: list[tuple[Any, str]] = []
        self.last: Any = None

    def _sampler(self, number: int, attempt: int) -> Any:
        import optuna

        samplers = optuna.samplers
        share = hashed_share(f"{self.search.seed}/{number}/{attempt}/{self.search.sampler}")
        seed = int(share * 2**32)
        with warnings.catch_warnings():
            # Of features that may change in another version of Optuna; its version is pinned.
            warnings.simplefilter("ignore")
            if self.search.sampler == "cmaes":
                return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
            if self.search.sampler == "nsga2":
                return samplers.NSGAIISampler(seed=seed, population_size=max(self.search.batch, 8))
            # With several aims Optuna's TPE samples each setting by itself.
            joint = len(self.directions) == 1
            return samplers.TPESampler(seed=seed, multivariate=joint, group=joint)

    def ask(self, number: int, attempt: int) -> dict[str, Any]:
        """Values for a trial. Arguments as of `Sampler.ask`."""
        if not self.replays:
            self.study.sampler = self._sampler(number, attempt)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trial = self.study.ask()
            values: dict[str, Any] = {}
            space = self.search.space
            for name in in_order_of_conditions(space):
                if is_active(space[name], values):
                    values[name] = _suggest(trial, name, space[name])
        self.last = trial
        # Repeats of earlier values learn their result, too.
        self.asked.append((trial, values_key(values)))
        return {name: values[name] for name in space if name in values}

    def accept(self, values: Mapping[str, Any]) -> None:
        """The last trial that was asked for is that of these values, less those without effect."""
        if self.asked and self.asked[-1][0] is self.last:
            self.asked[-1] = (self.last, values_key(values))
        self.last = None

    def tell(self, results: "Sequence[Told]") -> None:
        """End a round."""
        told = {values_key(one.values): one for one in results}
        known = set()
        for trial, key in self.asked:
            known.add(key)
            self._finish(trial, told.get(key))
        self.asked = []
        for key, one in told.items():
            if key not in known:
                trial = finished_trial(
                    self.search.space,
                    one.values,
                    self._scores(one),
                    **({"stopped_after": one.stopped_after} if self._is_pruned(one) else {}),
                )
                self.study.add_trial(trial)

    def _scores(self, one: "Told") -> tuple[float, ...] | None:
        # Optuna has no pruned trials with several aims. They count as failed.
        several = len(self.directions) > 1
        return None if one.stopped_after is not None and several else one.scores

    def _is_pruned(self, one: "Told") -> bool:
        return one.stopped_after is not None and self._scores(one) is not None

    def _finish(self, trial: Any, one: "Told | None") -> None:
        """Tell the result of a trial that was asked for."""
        import optuna

        scores = None if one is None else self._scores(one)
        if one is None or scores is None:
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
        elif one.stopped_after is not None:
            trial.report(scores[0], one.stopped_after)
            self.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            self.study.tell(trial, list(scores))


def finished_trial(
    space: Space,
    values: Mapping[str, Any],
    scores: Sequence[float] | None,
    stopped_after: int | None = None,
    **more: Any,
) -> Any:
    """A trial of Optuna that is done.

    Args:
        space: The distributions.
        values: The values of the settings.
        scores: Its measures; None: it failed.
        stopped_after: The epoch after which it was stopped early; None: it completed.
        more: Further arguments of `optuna.trial.create_trial`.
    """
    import optuna

    names = [name for name in values if name in space]
    states = optuna.trial.TrialState
    state = states.FAIL if scores is None else states.COMPLETE
    if scores is not None and stopped_after is not None:
        state = states.PRUNED
        more = {"intermediate_values": {stopped_after: scores[0]}} | more
    return optuna.trial.create_trial(
        state=state,
        values=list(scores) if scores is not None and state == states.COMPLETE else None,
        params={_parameter(n, space[n]): _to_optuna(space[n], values[n]) for n in names},
        distributions={_parameter(n, space[n]): optuna_distribution(space[n]) for n in names},
        **more,
    )


def optuna_distribution(one: Distribution) -> Any:
    """The distribution of Optuna that a distribution is sampled from."""
    from optuna import distributions

    if one.choice is not None:
        return distributions.CategoricalDistribution([_label(value) for value in one.choice])
    if one.integer is not None:
        step = one.step if one.step is not None and float(one.step).is_integer() else 1
        first, last = _multiples(*one.integer, step) or one.integer
        return distributions.IntDistribution(int(first), int(last), step=int(step))
    if one.loguniform is not None:
        return distributions.FloatDistribution(*map(float, one.loguniform), log=True)
    if one.uniform is not None:
        multiples = None if one.step is None else _multiples(*one.uniform, one.step)
        bounds = map(float, multiples or one.uniform)
        return distributions.FloatDistribution(*bounds, step=one.step if multiples else None)
    return distributions.FloatDistribution(0.0, 1.0)


def _multiples(low: float, high: float, step: float) -> tuple[float, float] | None:
    """The first and last multiple of a step between two numbers; None if there is none."""
    first, last = math.ceil(low / step - 1e-9) * step, math.floor(high / step + 1e-9) * step
    # A product such as 3 * 0.1 has digits that nobody wrote.
    return (float(f"{first:.10g}"), float(f"{last:.10g}")) if first <= last else None


def _suggest(trial: Any, name: str, one: Distribution) -> Any:
    """A value of a distribution, as `value_at` would give it."""
    given = trial._suggest(_parameter(name, one), optuna_distribution(one))
    if one.choice is not None:
        return one.choice[[_label(value) for value in one.choice].index(given)]
    if _is_share(one):
        return value_at(one, given)
    if one.integer is not None and one.step is None:
        return int(given)
    return readable(one, given)


def _to_optuna(one: Distribution, value: Any) -> Any:
    if one.choice is not None:
        return _label(value)
    return min(max(share_of(one, value), 0.0), 1.0) if _is_share(one) else value


def _is_share(one: Distribution) -> bool:
    return one.normal is not None or one.lognormal is not None


def _parameter(name: str, one: Distribution) -> str:
    return name + SHARE if _is_share(one) else name


def _label(value: Any) -> Any:
    """A value of a choice as Optuna takes it: lists become texts."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return json.dumps(value, default=repr)
