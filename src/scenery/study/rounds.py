"""Rounds of a search that learns: which trials are known, and what they are known by.

The trials of a round follow from its proposals, and these from the results of the rounds before it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scenery.config.search import Search
from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.errors import UserError
from scenery.study.experiments import DerivedSettings, base_settings, repeats_of
from scenery.study.search_space import values_key
from scenery.study.search_strategies import search_strategy
from scenery.study.trials import ResolvedTrial

# The sampled values of each proposal.
Values = dict[str, Any]


class NotProposedYet(Exception):
    """Raised while a round has no proposals."""


@dataclass(frozen=True)
class Round:
    """The proposals of a round.

    Attributes:
        basis: Digest of what they were proposed from, as of `first_basis` and `next_basis`.
        proposals: Their values.
    """

    basis: str
    proposals: tuple[Values, ...]


@dataclass(frozen=True)
class Proposed:
    """One proposal and its trials.

    Attributes:
        values: The values of the settings.
        trials: Its repeats; none where the settings exclude each other.
    """

    values: Values
    trials: tuple[ResolvedTrial, ...]


def searches_in_rounds(study: Study, experiment: str) -> bool:
    """Whether the trials of an experiment are proposed in rounds."""
    return search_strategy(study.experiments[experiment].strategy).in_rounds


def first_basis(search: Search, start: Settings) -> str:
    """Digest of what the first round is proposed from.

    Args:
        search: The search. The number of its trials does not count.
        start: The settings that trials vary.
    """
    given = search.model_dump(mode="json", exclude={"n_trials", "batch"})
    return _digest(given, start.digest())


def next_basis(before: str, proposals: Sequence[Values]) -> str:
    """The same for the round after one.

    Args:
        before: Basis of the round before.
        proposals: The proposals of that round.
    """
    return _digest(before, proposals)


def _digest(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class ProposedTrials:
    """The trials of proposals, each resolved once.

    Args:
        study: The study.
        source: Name of its config file, for messages.
    """

    def __init__(self, study: Study, source: str) -> None:
        self.study = study
        self.source = source
        self._resolved: dict[tuple[str, Settings | None, str], tuple[ResolvedTrial, ...]] = {}

    def resolve(
        self, name: str, chosen: Settings | None, rounds: Sequence[Sequence[Values]]
    ) -> list[list[Proposed]]:
        """The proposals of an experiment with their trials.

        Args:
            name: The experiment.
            chosen: As of `expand`.
            rounds: The values of the proposals of each round.
        """
        seen: set[str] = set()
        resolved = []
        for number, proposals in enumerate(rounds):
            found = []
            for values in proposals:
                trials = self._trials(name, chosen, values)
                # What has no effect on a trial may be all in which two proposals differ.
                if any(trial.id in seen for trial in trials):
                    trials = ()
                seen |= {trial.id for trial in trials}
                found.append(
                    Proposed(values, tuple(replace(trial, round=number) for trial in trials))
                )
            resolved.append(found)
        return resolved

    def _trials(
        self, name: str, chosen: Settings | None, values: Values
    ) -> tuple[ResolvedTrial, ...]:
        key = (name, chosen, values_key(values))
        if key not in self._resolved:
            start = base_settings(self.study, name, chosen, self.source)
            derived = DerivedSettings(self.study, start)
            place = f"{self.source}: experiments.{name}.search.space"
            try:
                trials = repeats_of(derived, name, (values, place), chosen is not None)
            except UserError:
                # The examples with which the study was checked were possible. A rare combination
                # that is not counts as a failed trial.
                trials = []
            self._resolved[key] = tuple(trials)
        return self._resolved[key]


def read_round(text: str) -> Round:
    """The proposals in a proposals.json."""
    found: Mapping[str, Any] = json.loads(text)
    return Round(found["basis"], tuple(found["proposals"]))


def write_round(one: Round) -> str:
    """The content of a proposals.json."""
    return json.dumps({"basis": one.basis, "proposals": one.proposals}, indent=1) + "\n"
