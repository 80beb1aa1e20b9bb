"""Scenes that a study has drawn stay as they are after changes of what comes after them."""

from pathlib import Path

from checkout import Checkout
from killing import TARGET


def test_another_split_draws_and_checks_nothing_again(
    undisturbed: Checkout, tmp_path: Path
) -> None:
    checkout = undisturbed.copy_to(tmp_path / "copy")
    config = checkout.read_config()
    config["split"]["seed"] = 2
    checkout.write_config(config)
    found = checkout.dry_run(TARGET)
    assert "split" in found.stale
    assert not {"draw_scenes", "catalogue"} & set(found.jobs)


def test_a_changed_line_of_the_head_draws_nothing_again(
    undisturbed: Checkout, tmp_path: Path
) -> None:
    checkout = undisturbed.copy_to(tmp_path / "copy")
    checkout.replace("src/scenery/models/heads.py", "MOMENTUM = 0.9", "MOMENTUM = 0.95")
    found = checkout.dry_run(TARGET)
    assert "train_heads" in found.stale
    assert "draw_scenes" not in found.jobs
