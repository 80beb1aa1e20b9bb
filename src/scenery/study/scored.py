"""The settings of an experiment that are scored on test images: the chosen one and its company."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scenery.config.experiment import Choose
from scenery.errors import UserError
from scenery.study.selection import Candidate, Result, average, best_settings, choose

CHOSEN, CONTROL, REGIME, MEMBER = "chosen", "control", "training set", "ensemble member"
SOUP_MEMBER = "soup member"
# The settings that stand for the mean of the members: of their probabilities, of their weights.
ENSEMBLE, SOUP = "ensemble", "soup"


@dataclass(frozen=True)
class Scored:
    """A setting that is scored on test images.

    Attributes:
        setting: What its repeats share.
        trials: Its trials; the final model of each is scored.
        roles: Why it is scored: chosen; control; the best one with its training set; member of the
            ensemble or of the soup.
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
    soup_groups: Mapping[str, str] | None = None,
) -> list[Scored]:
    """The settings that are scored, the chosen one first. None of them changes the choice.

    Args:
        results: One per trial, in the order of the config.
        chosen: What was chosen among them.
        control: The control of the experiment; None without one.
        training_sets: Name of the training set by setting.
        how: The rule of choice, which also picks the best setting of each training set and the
            members of the ensemble and of the soup.
        experiment: The name of the experiment, for messages.
        soup_groups: What `soup_group` gives for each setting, without those for which it gives
            None; None: no soup is asked for.
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
    for role, count, groups in (
        (MEMBER, how.ensemble, training_sets),
        (SOUP_MEMBER, how.soup, soup_groups or {}),
    ):
        inside = [one for one in results if groups.get(one.setting) == groups.get(chosen.setting)]
        if count is not None and chosen.setting in groups:
            for member in best_settings(inside, how, count):
                roles.setdefault(member.setting, []).append(role)
    return [Scored(name, found[name].trials, tuple(words)) for name, words in roles.items()]


def too_few_members(how: Choose, scored: Sequence[Scored]) -> list[str]:
    """What is to be said where an ensemble or a soup has fewer members than were asked for.

    Args:
        how: The rule of choice.
        scored: The settings that are scored.
    """
    said = []
    for what, wanted, role, shared in (
        ("an ensemble", how.ensemble, MEMBER, "the training set"),
        ("a soup", how.soup, SOUP_MEMBER, "the network, the initial weights and the training set"),
    ):
        members = sum(role in one.roles for one in scored)
        if wanted is None or members >= wanted:
            continue
        have = "1 setting has" if members == 1 else f"{members} settings have"
        made = "so many are its members" if members > 1 else "there is none"
        said.append(
            f"{what} of {wanted} settings is asked for, but {have} {shared} of the chosen one and "
            f"completed; {made}"
        )
    return said
