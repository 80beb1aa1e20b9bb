"""Results that stay when a run is over, for a job whose end Snakemake did not see."""

from pathlib import Path

import pytest

from scenery.training.checkpoints import CheckpointStore, kept_weights


@pytest.fixture
def results(tmp_path: Path) -> list[Path]:
    files = [tmp_path / "metrics.csv", tmp_path / "record.json"]
    for file in files:
        file.write_text(file.name, encoding="utf-8")
    return files


def state(folder: Path) -> None:
    """A state after an epoch, as far as it matters here."""
    (folder / "epoch_00003").mkdir(parents=True)
    (folder / "epoch_00003" / "best.npz").touch()


def test_results_come_back(tmp_path: Path, results: list[Path]) -> None:
    folder = tmp_path / "checkpoints"
    state(folder)
    assert not CheckpointStore(folder, "key").finished(results)
    CheckpointStore(folder, "key").finish(results, keep_state=False)
    assert not list(folder.glob("epoch_*"))
    for file in results:
        file.unlink()
    assert CheckpointStore(folder, "key").finished(results)
    assert [file.read_text(encoding="utf-8") for file in results] == ["metrics.csv", "record.json"]


def test_results_of_other_settings_do_not(tmp_path: Path, results: list[Path]) -> None:
    folder = tmp_path / "checkpoints"
    CheckpointStore(folder, "old").finish(results, keep_state=False)
    results[0].write_text("mine", encoding="utf-8")
    assert not CheckpointStore(folder, "new").finished(results)
    assert results[0].read_text(encoding="utf-8") == "mine"
    CheckpointStore(folder, "new").finish(results, keep_state=False)
    assert CheckpointStore(folder, "new").finished(results)


def test_results_of_which_one_is_gone_do_not(tmp_path: Path, results: list[Path]) -> None:
    folder = tmp_path / "checkpoints"
    CheckpointStore(folder, "key").finish(results, keep_state=False)
    (folder / "results" / "record.json").unlink()
    assert not CheckpointStore(folder, "key").finished(results)


def test_the_last_state_stays_where_it_is_wanted(tmp_path: Path, results: list[Path]) -> None:
    folder = tmp_path / "checkpoints"
    state(folder)
    CheckpointStore(folder, "key").finish(results, keep_state=True)
    assert (folder / "epoch_00003" / "best.npz").exists()
    CheckpointStore(folder, "key").clear()
    assert kept_weights(folder) is None
