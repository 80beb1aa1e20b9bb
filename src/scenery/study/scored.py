"""The settings of an experiment that are scored on test images: the chosen one and its company."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scenery.config.experiment import Choose
from scenery.errors import UserError
from scenery.study.selection import Candidate, Result, average, best_settings, choose

CHOSEN, CONTROL, REGIME, MEMBER = "chosen", "control", "training set", "ensemble member"
# The setting that stands for the mean of the members.
ENSEMBLE = "ensemble"


@dataclass(frozen=True)
class Scored:
    """A setting that is scored on test images.

    Attributes:
        setting: What its repeats share.
        trials: Its trials; the final model of each is scored.
        roles: Why it is scored: chosen; control; the best one with its training set; member of the
            ensemble.
    """

    setting: str
    trials: tuple[str, ...]
    roles: tuple[str, ...]


def scored_settings(
    results: Sequence[Result],
    chosen: Candidate,
    control: str | None,
    training_sets: Mapping[str, str],
    how: Choose,
    experiment: str,
) -> list[Scored]:
    """The settings that are scored, the chosen one first. None of them changes the choice.

    Args:
        results: One per trial, in the order of the config.
        chosen: What was chosen among them.
        control: The control of the experiment; None without one.
        training_sets: Name of the training set by setting.
        how: The rule of choice, which also picks the best setting of each training set and the
            members of the ensemble.
        experiment: The name of the experiment, for messages.
    """
    found = {candidate.setting: candidate for candidate in average(results)}
    roles: dict[str, list[str]] = {chosen.setting: [CHOSEN]}
    if control in found:
        roles.setdefault(str(control), []).append(CONTROL)
    regimes = dict.fromkeys(training_sets[setting] for setting in found)
    for regime in regimes if len(regimes) > 1 else ():
        inside = [one for one in results if training_sets[one.setting] == regime]
        try:
            best = choose(inside, how, experiment).setting
        except UserError:
            # No setting of it can be chosen.
            continue
        roles.setdefault(best, []).append(REGIME)
    if how.ensemble is not None:
        alike = training_sets[chosen.setting]
        inside = [one for one in results if training_sets[one.setting] == alike]
        for member in best_settings(inside, how, how.ensemble):
            roles.setdefault(member.setting, []).append(MEMBER)
    return [Scored(name, found[name].trials, tuple(words)) for name, words in roles.items()]
