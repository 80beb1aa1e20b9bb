"""What can be known without running a job: job counts, messages, lint."""

import re
import subprocess
import sys
from typing import Any

import pytest
from checkout import REPOSITORY, Checkout
from course_photographs import write_photographs, write_shared_files


def test_the_course_project(fresh: Checkout) -> None:
    write_photographs(fresh.folder / "data" / "MIT_split")
    found = Checkout(fresh.folder, "config/mit_scenes.yaml").dry_run().jobs
    # Nine networks of three sizes (224, 260 and 299), fine-tuned after a first step on features;
    # what follows from their choice is not known yet, but every experiment ends in a score.
    expected = {
        "catalogue": 1, "split": 1, "provide_weights": 9, "check_weights": 9,
        "pack": 6, "extract_features": 18, "fine_tune": 9, "choose": 6, "evaluate": 6,
        "list_trials": 1, "summarize": 1, "make_slides": 1, "report": 1, "write_config": 1,
        "plot_experiment": 6, "plot_test": 6, "plot_best": 6, "tabulate_experiment": 6,
    }  # fmt: skip
    assert {name: found.get(name) for name in expected} == expected
    assert "train_heads" not in found


def test_the_default_study_needs_no_config(fresh: Checkout) -> None:
    jobs = Checkout(fresh.folder, "config/config.yaml").dry_run().jobs
    assert jobs["draw_scenes"] == 1
    # The installed weights of EfficientNetLite0.
    assert jobs["provide_weights"] == jobs["check_weights"] == 1
    assert jobs["fine_tune"] == 1
    assert jobs["evaluate"] == jobs["choose"] == 6


def test_picture_of_the_rules_shows_those_of_the_default_study(fresh: Checkout) -> None:
    graph = Checkout(fresh.folder, "config/config.yaml").snakemake("--rulegraph")
    rules = set(re.findall(r'label = "(\w+)"', graph))
    assert {"split", "fine_tune", "evaluate"} < rules
    picture = (REPOSITORY / "docs/images/rules.svg").read_text(encoding="utf-8")
    # If this fails: python docs/pictures/draw.py rules
    assert set(re.findall(r">(\w+)</text>", picture)) == rules


def test_frozen_networks_on_photographs(fresh: Checkout) -> None:
    write_shared_files(fresh)
    found = Checkout(fresh.folder, "config/photographs.yaml").dry_run().jobs
    expected = {"choose": 3, "evaluate": 3, "draw_subset": 6, "provide_weights": 3}
    assert {name: found.get(name) for name in expected} == expected
    assert not {"fine_tune", "refit_network"} & set(found)


def test_recipes_for_fine_tuning(fresh: Checkout) -> None:
    write_photographs(fresh.folder.parent / "shared" / "data" / "MIT_split")
    found = Checkout(fresh.folder, "config/recipes.yaml").dry_run().jobs
    # 13 recipes and 3 rates, each three times with images of its own. Some start with a head.
    expected = {
        "fine_tune": 48, "draw_subset": 3, "pack": 2, "extract_features": 2, "choose": 2,
        "provide_weights": 1, "evaluate": 2,
    }  # fmt: skip
    assert {name: found.get(name) for name in expected} == expected


def test_the_small_study(small: Checkout) -> None:
    jobs = small.dry_run().jobs
    assert (jobs["train_heads"], jobs["fine_tune"], jobs["choose"]) == (3, 2, 6)
    # Of the search that ends trials early only the first comparison is known.
    assert (jobs["fine_tune_rung"], jobs["promote"]) == (3, 1)


def test_groups_that_are_looked_for_need_vectors_of_the_images(small: Checkout) -> None:
    assert "embed_images" not in small.dry_run().jobs
    config = small.read_config()
    config["dataset"]["groups"] = "auto"
    small.write_config(config)
    assert small.dry_run().jobs["embed_images"] == 1


def test_classic_networks(fresh: Checkout) -> None:
    config = Checkout(fresh.folder, "config/classic_networks.yaml").read_config()
    write_photographs(fresh.folder / "data" / "MIT_split")
    config["dataset"]["path"] = "data/MIT_split"
    fresh.write_config(config)
    found = fresh.dry_run().jobs
    # 9 systems, 2 x 2 regularized, 2 x 2 x 4 depths, 6 shapes and 3 x 3 starts, each of its own;
    # three partitions at 32 and at 67 pixels, and those of the validation set at 16.
    expected = {"fine_tune": 44, "choose": 5, "evaluate": 5, "pack": 6}
    assert {name: found.get(name) for name in expected} == expected
    assert not {"provide_weights", "extract_features", "train_heads"} & set(found)


def test_data_sets_by_name(fresh: Checkout) -> None:
    lenet = {"backbone": "LeNet5", "trainable": "scratch", "epochs": 1}
    fresh.write_config({"dataset": {"path": "mnist"}, "base": lenet, "experiments": {"one": {}}})
    found = fresh.dry_run().jobs
    assert (found["fetch_dataset"], found["fine_tune"]) == (1, 1)
    assert "draw_scenes" not in found


def test_a_config_stands_alone(fresh: Checkout) -> None:
    """A study given with --configfile is not mixed with the default one."""
    fresh.write_config({"experiments": {"one": {}}, "base": {"weights": "none"}})
    jobs = fresh.dry_run().jobs
    assert jobs["choose"] == jobs["train_heads"] == jobs["evaluate"] == 1


def test_divisions_are_jobs(fresh: Checkout) -> None:
    fresh.write_config(
        {
            "base": {"weights": "none"}, "split": {"repeats": 3}, "slides": "short",
            "experiments": {"one": {}, "tuned": {"overrides": {"trainable": "all"}}},
        }
    )  # fmt: skip
    jobs = fresh.dry_run().jobs
    assert (jobs["split"], jobs["split_again"], jobs["extract_test_features"]) == (1, 2, 1)
    assert (jobs["score_division"], jobs["compare_divisions"], jobs["plot_divisions"]) == (3, 1, 1)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"experiments": {"a": {}}, "bse": {}}, "study.yaml: bse: unknown key; did you mean base?"),
    ({"experiments": {"a": {"grid": {"epochs": [0]}}}}, "experiments.a.grid: epochs: input should"),
    (
        {"experiments": {"a": {"start_from": "b"}}},
        "experiments.a.start_from: there is no experiment 'b'",
    ),
    ({"base": {"backbone": "ResNeXt50"}, "experiments": {"a": {}}}, "Keras does not ship it"),
    (
        {
            "base": {"backbone": "ConvNet", "trainable": "scratch", "image_size": 16},
            "experiments": {"a": {"grid": {"network.stages": [3, 6], "network.depth": [8]}}},
        },
        "image_size: ConvNet with these options needs at least 32 pixels; found 16",
    ),
    ({"dataset": {"path": "nowhere"}, "experiments": {"a": {}}}, "dataset.path: there is no file"),
    ({"base": {"weights": "w.h5"}, "experiments": {"a": {}}}, "weights: there is no file 'w.h5'"),
    ({"dataset": {"path": "config"}, "experiments": {"a": {}}}, "config: has no class folders"),
]


@pytest.mark.parametrize(("config", "message"), BAD, ids=[message[:30] for _, message in BAD])
def test_a_mistake_is_one_line_and_ends_with_status_1(
    fresh: Checkout, config: dict[str, Any], message: str
) -> None:
    fresh.write_config(config)
    said = fresh.snakemake("-n", fails=True)
    assert message in said
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if line.strip()]
    after = lines[lines.index("The study cannot start.") + 1 :]
    assert len(after) == 1, after


def test_lint() -> None:
    script = REPOSITORY / ".ci" / "lint_workflow.py"
    done = subprocess.run([sys.executable, script], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
