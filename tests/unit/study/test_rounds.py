"""Rounds of a search: the trials of proposals, and what is known while some are missing."""

from typing import Any

import pytest

from scenery.config.study import Study
from scenery.config.validation import check_files, read_study
from scenery.errors import UserError
from scenery.study.checks import check_study
from scenery.study.expansions import Expansions
from scenery.study.plan import Plan
from scenery.study.rounds import (
    NotProposedYet,
    Round,
    first_basis,
    next_basis,
    read_round,
    searches_in_rounds,
    write_round,
)
from scenery.study.trial_counts import count_trials

BASE = {"backbone": "SqueezeNet", "weights": "none", "image_size": 64}
SPACE = {"epochs": {"integer": [1, 50]}, "trainable": ["head", "all"]}


def study(**search: Any) -> Study:
    one = {"search": {"n_trials": 5, "batch": 2, "space": SPACE, **search}, "repeats": 2}
    return read_study(
        {
            "base": BASE,
            "trials_per_job": 3,
            "experiments": {"a": one, "b": {"grid": {"seed": [1]}}},
        },
        "s.yaml",
    )


class Files:
    """Proposals, as the files of a study hold them."""

    def __init__(self, found: Study, *rounds: list[dict[str, Any]]) -> None:
        self.study = found
        self.plan = Plan(
            found, "s.yaml", self.never, self.never, proposed=self.read, known_rounds=self.read
        )
        basis = self.plan.first_basis("a", None)
        self.rounds: list[Round] = []
        for proposals in rounds:
            self.rounds.append(Round(basis, tuple(proposals)))
            basis = next_basis(basis, proposals)

    @staticmethod
    def never(name: str) -> Any:
        raise AssertionError(name)

    def read(self, name: str, number: int) -> Round:
        if number >= len(self.rounds):
            raise NotProposedYet(str(number))
        return self.rounds[number]


FIRST = [{"epochs": 3, "trainable": "head"}, {"epochs": 4, "trainable": "all"}]
SECOND = [{"epochs": 5, "trainable": "head"}, {"epochs": 6, "trainable": "head"}]


def test_rounds_are_batches_and_one_for_samples_without_results() -> None:
    assert study().experiments["a"].search.round_sizes == (2, 2, 1)
    for sampler in ("qmc", "random"):
        assert study(sampler=sampler).experiments["a"].search.round_sizes == (5,)
    assert searches_in_rounds(study(), "a")
    assert not searches_in_rounds(study(), "b")


def test_trials_of_rounds_keep_their_jobs_when_a_round_follows() -> None:
    one = Files(study(), FIRST).plan
    both = Files(study(), FIRST, SECOND).plan
    shards = both.shards("a", "train_heads")
    # Two repeats of each head; a job has trials of one round.
    assert [[trial.round for trial in shard] for shard in shards] == [[0, 0], [1, 1, 1], [1]]
    assert one.shards("a", "train_heads") == shards[:1]
    assert both.shards("a", "train_heads", before=1) == shards[:1]
    assert [trial.repeat for trial in both.fine_tuned("a")] == [0, 1]
    assert [row["round"] for row in both.identities("a")] == [0] * 4 + [1] * 4
    assert "round" not in both.identities("b")[0]


def test_proposals_of_another_search_are_not_known() -> None:
    files = Files(study(), FIRST, SECOND)
    assert len(files.plan.rounds("a", wait=False).rounds) == 2
    # The first round was proposed anew, and gave something else.
    files.rounds[0] = Round(files.rounds[0].basis, (FIRST[0], {"epochs": 9, "trainable": "all"}))
    assert len(files.plan.rounds("a", wait=False).rounds) == 1
    other = Files(study(seed=2))
    other.rounds = files.rounds
    assert other.plan.rounds("a", wait=False).rounds == []


def test_basis_does_not_depend_on_the_number_of_trials() -> None:
    few, many = study().experiments["a"].search, study(n_trials=50).experiments["a"].search
    start = study().base
    assert first_basis(few, start) == first_basis(many, start)
    assert first_basis(few, start) != first_basis(
        study(sampler="gp").experiments["a"].search, start
    )


def test_proposals_that_cannot_be_have_no_trials() -> None:
    impossible = {"epochs": 3, "trainable": "head+99"}
    (one,) = Files(study(), [FIRST[0], impossible]).plan.rounds("a").rounds
    assert [len(proposed.trials) for proposed in one] == [2, 0]


def test_proposals_survive_their_file() -> None:
    one = Round("abc", ({"head.dense": [64], "optimizer.learning_rate": 1.234e-5},))
    assert read_round(write_round(one)) == one


def test_check_counts_the_trials_of_rounds() -> None:
    found = study()
    expansions = Expansions(found, "s.yaml")
    check_study(found, "s.yaml", expansions)
    count = count_trials(expansions)["a"]
    assert (count.fewest, count.most, count.fine_tuned) == (10, 10, 10)


@pytest.mark.parametrize("known", ["b", "a", "c"])
def test_warm_start_from_an_experiment_that_is_not_before_is_refused(known: str) -> None:
    found = study(warm_start=known)
    with pytest.raises(UserError, match=f"warm_start: there is no experiment '{known}' before it"):
        check_study(found, "s.yaml", Expansions(found, "s.yaml"))


def test_warm_start_from_a_missing_file_is_refused() -> None:
    with pytest.raises(UserError, match=r"a\.search\.warm_start: there is no file 'nowhere\.csv'"):
        check_files(study(warm_start="nowhere.csv"), (), "s.yaml")


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"epoch": [1, 2, 3, 4, 5]}, "search.space.epoch: unknown setting"),
        ({"epochs": [1, 2]}, "search.n_trials: 5 trials are asked for, but the space has 2"),
        ({"cut": ["conv1", "nowhere"], "epochs": {"integer": [1, 9]}}, "no layer 'nowhere'"),
        ({"epochs": {"integer": [1, 9], "when": {"seed": [1]}}}, "seed is not drawn here"),
    ],
)
def test_wrong_space_is_refused_before_the_first_round(space: dict[str, Any], message: str) -> None:
    found = study(space=space)
    with pytest.raises(UserError, match=message):
        check_study(found, "s.yaml", Expansions(found, "s.yaml"))
