"""After a change exactly what is stale runs again."""

import os
import re
from collections.abc import Callable
from typing import Any

from checkout import Checkout

TRAINING = {
    "train_heads", "fine_tune", "fine_tune_rung", "refit_head", "refit_network", "keep_network"
}  # fmt: skip
# What runs before anything is trained; none of the changes below makes it stale.
BEFORE = {"catalogue", "split", "draw_subset", "pack", "extract_features"}
HEADS = "src/scenery/models/heads.py"

ChangeConfig = Callable[[str, Any], Checkout]


def test_new_times_alone_make_nothing_stale(changeable: Checkout) -> None:
    for folder in ("src", "workflow", "config", "profiles"):
        for path in (changeable.folder / folder).rglob("*"):
            os.utime(path)
    os.utime(changeable.folder / "Snakefile")
    os.utime(changeable.folder / "study.yaml")
    assert changeable.dry_run().jobs == {}


def test_what_changes_no_result_makes_nothing_stale(changeable: Checkout) -> None:
    for file, old, new in [
        (HEADS, "MOMENTUM = 0.9", "# a comment\nMOMENTUM = 0.9"),
        (HEADS, '"""The head:', '"""What is the head:'),
        (
            "workflow/scripts/train_heads.py",
            "from pathlib import Path",
            "from pathlib import Path  # of files",
        ),
        ("workflow/rules/train.smk", "# Trials.", "# All trials."),
        ("Snakefile", "# Scenery:", "# This is Scenery:"),
        ("study.yaml", "# Every kind", "# Each kind"),
    ]:
        changeable.replace(file, old, new)
    results = changeable.folder / "results"
    # Results that were copied without their times.
    for path in [*results.glob("features/*/*"), *results.glob("data/*/*.npy")]:
        os.utime(path)
    assert changeable.dry_run().jobs == {}


def test_a_changed_line_of_the_head_trains_again(changeable: Checkout) -> None:
    changeable.replace(HEADS, "MOMENTUM = 0.9", "MOMENTUM = 0.95")
    found = changeable.dry_run()
    # What is refitted is known once the trials are there again.
    assert found.stale == {"train_heads", "fine_tune", "fine_tune_rung"}
    assert not BEFORE & set(found.jobs)
    assert found.jobs["fine_tune"] == 2
    assert found.jobs["train_heads"] == 3


def test_a_changed_check_hides_nothing_else_that_is_stale(changeable: Checkout) -> None:
    # A check of weights that waits to run again would hide what is stale behind the choices.
    changeable.replace("workflow/scripts/check_weights.py", "all covered", "covered")
    assert changeable.dry_run().stale == {"write_record"}
    changeable.replace("src/scenery/reporting/style.py", "import ", "UNUSED = 1\nimport ")
    found = changeable.dry_run()
    assert "check_weights" not in found.jobs
    assert found.jobs["plot_experiment"] == found.jobs["plot_best"] == 6


def test_a_changed_caption_renews_the_report_alone(changeable: Checkout) -> None:
    caption = changeable.folder / "workflow" / "report" / "summary.rst"
    caption.write_text(caption.read_text(encoding="utf-8") + "\nMore.\n", encoding="utf-8")
    assert changeable.dry_run().jobs == {"report": 1}


def test_a_changed_style_draws_again_and_trains_nothing(changeable: Checkout) -> None:
    style = "src/scenery/reporting/style.py"
    changeable.replace(style, "import ", "A_NEW_NUMBER = 7\nimport ")
    found = changeable.dry_run()
    assert {"plot_experiment", "plot_test", "plot_best", "plot_study"} <= found.stale
    assert not (TRAINING | BEFORE | {"choose", "evaluate", "summarize", "explain"}) & set(
        found.jobs
    )


def test_a_changed_score_scores_again_and_trains_nothing(changeable: Checkout) -> None:
    changeable.replace("workflow/scripts/evaluate.py", "metrics, indent=1", "metrics, indent=2")
    found = changeable.dry_run()
    assert found.stale == {"evaluate", "evaluate_compared"}
    assert found.jobs["evaluate"] == 6
    assert not (TRAINING | BEFORE | {"choose"}) & set(found.jobs)


def test_a_setting_of_one_experiment_trains_that_one(change_config: ChangeConfig) -> None:
    found = change_config("experiments/networks/overrides", {"batch_size": 4}).dry_run()
    assert not BEFORE & set(found.jobs)
    # A head and two networks; the heir's trial is one of them.
    assert (found.jobs["train_heads"], found.jobs["fine_tune"]) == (1, 2)
    assert {"train_heads", "list_trials", "write_config"} <= found.stale | set(found.jobs)


def test_one_draw_more_trains_one_job_more(change_config: ChangeConfig) -> None:
    found = change_config("experiments/search/random/n_trials", 4).dry_run()
    # Three draws, twice each, filled three jobs of two; the fourth is a job of its own.
    assert found.jobs["train_heads"] == 1
    assert not (BEFORE | {"fine_tune"}) & set(found.jobs)
    assert found.jobs["choose"] == 1


def test_one_value_more_in_a_grid_trains_one_job_more(change_config: ChangeConfig) -> None:
    rates = [0.01, 100, 0.02]
    found = change_config("experiments/heads/grid/optimizer.learning_rate", rates).dry_run()
    assert found.jobs["train_heads"] == 1
    assert not (BEFORE | {"fine_tune"}) & set(found.jobs)


def test_a_new_experiment_runs_alone(change_config: ChangeConfig) -> None:
    new = {"start_from": "networks", "grid": {"batch_size": [4, 16]}}
    found = change_config("experiments/new", new).dry_run()
    assert found.jobs["choose"] == 1
    assert found.jobs["fine_tune"] == 2
    assert not (BEFORE | {"train_heads", "refit_head"}) & set(found.jobs)


def test_an_experiment_less_trains_nothing(changeable: Checkout) -> None:
    config = changeable.read_config()
    del config["experiments"]["search"]
    changeable.write_config(config)
    found = changeable.dry_run()
    assert {"write_config", "list_trials", "summarize", "make_slides"} <= set(found.jobs)
    assert not (TRAINING | BEFORE | {"choose", "evaluate"}) & set(found.jobs)


def test_another_split_starts_from_there(change_config: ChangeConfig) -> None:
    found = change_config("split/seed", 2).dry_run()
    assert "split" in found.stale
    assert {"pack", "extract_features", "train_heads", "fine_tune"} <= set(found.jobs)
    assert "catalogue" not in found.jobs


def executed(said: str) -> set[str]:
    return set(re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)$", said, re.MULTILINE))


def test_a_new_title_trains_and_scores_nothing(change_config: ChangeConfig) -> None:
    checkout = change_config("experiments/null/title", "Another title")
    rules = executed(checkout.snakemake())
    assert {"choose", "plot_best", "make_slides", "report"} <= rules
    assert not (TRAINING | BEFORE | {"evaluate"}) & rules
    assert "Another title" in (checkout.folder / "results" / "summary.csv").read_text("utf-8")
    assert checkout.dry_run().jobs == {}


def test_more_draws_keep_the_trials_there_are(change_config: ChangeConfig) -> None:
    checkout = change_config("experiments/search/random/n_trials", 4)
    table = checkout.folder / "results" / "experiments" / "search" / "trials.csv"
    before = table.read_text(encoding="utf-8").splitlines()
    rules = executed(checkout.snakemake("results/experiments/search/chosen.yaml"))
    assert "train_heads" in rules
    assert not {"fine_tune", *BEFORE} & rules
    after = table.read_text(encoding="utf-8").splitlines()
    assert len(after) == len(before) + 2
    # The last column says whether the trial was chosen, which a better one may change.
    assert [r.rsplit(",", 1)[0] for r in after[: len(before)]] == [
        r.rsplit(",", 1)[0] for r in before
    ]


def test_another_choice_after_another_experiment_is_refitted_and_scored(
    change_config: ChangeConfig,
) -> None:
    changed = {
        "start_from": "networks",
        "grid": {"label_smoothing": [0, 0.1]},
        "choose": {"only": {"label_smoothing": 0.1}},
    }
    checkout = change_config("experiments/null", changed)
    rules = executed(checkout.snakemake("results/experiments/null/test/metrics.json"))
    assert {"fine_tune", "choose", "refit_network", "evaluate"} <= rules
    assert not {"train_heads", *BEFORE} & rules
