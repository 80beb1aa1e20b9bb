"""How many trials a study has, before anything has run."""

from dataclasses import dataclass

from scenery.study.expansions import Expansions
from scenery.study.possible_networks import experiment_starts
from scenery.study.rounds import searches_in_rounds


@dataclass
class TrialCount:
    """The number of trials of an experiment.

    The number depends on the choice that an experiment starts from: combinations that the chosen
    network does not allow are left out.

    Attributes:
        start_from: The experiment that it starts from; None: base.
        fewest: Trials after the choice that leaves fewest.
        most: Trials after the choice that leaves most.
        fine_tuned: Most trials that train the backbone, each a job of its own.
    """

    start_from: str | None
    fewest: int
    most: int
    fine_tuned: int

    def __str__(self) -> str:
        number = str(self.most)
        if self.fewest < self.most:
            number = f"{self.fewest} to {self.most}"
        return number if self.start_from is None else f"{number} after {self.start_from}"


def count_trials(expansions: Expansions) -> dict[str, TrialCount]:
    """The number of trials of each experiment, in the order of the config.

    Args:
        expansions: The trials of a checked study.
    """
    found: dict[str, TrialCount] = {}
    experiments = expansions.study.experiments
    for one in experiment_starts(expansions):
        expanded = expansions.of(one.experiment, one.start)
        trials, tuned = len(expanded.trials), len(expanded.fine_tuned)
        if searches_in_rounds(expansions.study, one.experiment):
            # These trials are examples.
            trials = (
                experiments[one.experiment].search.n_trials * experiments[one.experiment].repeats
            )
            tuned = trials if tuned else 0
        start_from = experiments[one.experiment].start_from
        known = found.setdefault(one.experiment, TrialCount(start_from, trials, trials, tuned))
        known.fewest = min(known.fewest, trials)
        known.most = max(known.most, trials)
        known.fine_tuned = max(known.fine_tuned, tuned)
    return found


def describe_counts(counts: dict[str, TrialCount]) -> str:
    """One line: the trials of each experiment, and how many are expensive."""
    each = ", ".join(f"{name} ({one})" for name, one in counts.items())
    total = sum(one.most for one in counts.values())
    tuned = sum(one.fine_tuned for one in counts.values())
    at_most = "at most " if any(one.fewest < one.most for one in counts.values()) else ""
    return (
        f"trials: {each}; {at_most}{total - tuned} on features of a frozen backbone, which take "
        f"seconds each, and {tuned} that train the backbone, each a job of its own"
    )
