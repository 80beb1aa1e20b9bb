"""The state of a training run after each epoch, from which a killed job continues.

It is outside the outputs of the rule, which Snakemake deletes when a job fails. A finished run
leaves its results there: a job that ends on a cluster after Snakemake was killed counts as
unfinished, and must not be trained again.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from scenery.evaluation.training_result import Epoch, TrainingResult, Weights
from scenery.training.fine_tuning import FineTuningTrainer

log = logging.getLogger("scenery")


class CheckpointStore:
    """The folder of the states of one run; each state is a folder that is renamed when complete.

    Args:
        folder: Where states are kept.
        key: What the run depends on (settings, code, data); a state of another key is not used.
    """

    def __init__(self, folder: str | Path, key: str) -> None:
        self.folder = Path(folder)
        self.key = key

    def save(self, trainer: FineTuningTrainer, run: TrainingResult, improved: bool) -> None:
        """Write the state after an epoch and remove the one before."""
        epoch = len(run.history)
        partial = self.folder / f"epoch_{epoch:05d}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        trainer.save_state(str(partial / "state.weights.h5"))
        previous = self._latest()
        if improved or previous is None:
            np.savez(partial / "best.npz", *run.best)
        else:
            (partial / "best.npz").hardlink_to(previous / "best.npz")
        record = {
            "key": self.key,
            "best_epoch": run.best_epoch,
            "history": [asdict(row) for row in run.history],
        }
        (partial / "run.json").write_text(json.dumps(record), encoding="utf-8")
        partial.replace(self.folder / f"epoch_{epoch:05d}")
        if previous is not None:
            shutil.rmtree(previous, ignore_errors=True)

    def restore(self, trainer: FineTuningTrainer) -> TrainingResult | None:
        """Load the last state into the trainer; None if there is none with this key."""
        latest = self._latest()
        if latest is None:
            return None
        try:
            record = json.loads((latest / "run.json").read_text(encoding="utf-8"))
            if record["key"] != self.key:
                self.clear()
                return None
            run = TrainingResult(
                history=[Epoch(**row) for row in record["history"]],
                best=_read_weights(latest / "best.npz"),
                best_epoch=record["best_epoch"],
            )
            # Last, so that a trainer keeps its own weights where the state cannot be read.
            trainer.load_state(str(latest / "state.weights.h5"))
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            log.warning(
                "the state in %s cannot be read (%s): training starts from the beginning",
                latest,
                error,
            )
            self.clear()
            return None
        log.info("continuing after epoch %d", len(run.history))
        return run

    def finish(self, results: Sequence[Path], keep_state: bool) -> None:
        """Keep the results of a run that is over.

        Args:
            results: Its output files.
            keep_state: Whether its last state stays, too.
        """
        kept = self.folder / "results"
        shutil.rmtree(kept, ignore_errors=True)
        partial = self.folder / "results.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for path in results:
            shutil.copyfile(path, partial / path.name)
        (partial / "key").write_text(self.key, encoding="utf-8")
        partial.replace(kept)
        if not keep_state:
            for state in self.folder.glob("epoch_*"):
                shutil.rmtree(state, ignore_errors=True)

    def finished(self, results: Sequence[Path]) -> bool:
        """Copy the results of a finished run with this key; return whether there is one.

        Args:
            results: Output files to write.
        """
        kept = self.folder / "results"
        key = kept / "key"
        if not key.is_file() or key.read_text(encoding="utf-8") != self.key:
            return False
        if not all((kept / path.name).is_file() for path in results):
            return False
        for path in results:
            shutil.copyfile(kept / path.name, path)
        log.info("found the results of a job that finished after Snakemake was killed")
        return True

    def clear(self) -> None:
        """Remove all states."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _latest(self) -> Path | None:
        states = sorted(p for p in self.folder.glob("epoch_?????") if p.is_dir())
        return states[-1] if states else None


def kept_weights(folder: str | Path) -> Weights | None:
    """The best weights of a finished run; None if its folder has none."""
    states = sorted(Path(folder).glob("epoch_?????/best.npz"))
    return _read_weights(states[-1]) if states else None


def _read_weights(path: Path) -> Weights:
    with np.load(path, allow_pickle=False) as stored:
        return [stored[name] for name in stored.files]


def state_key(code: str, what: Mapping[str, Any], files: Iterable[Path]) -> str:
    """The key of a run: a digest of what it depends on.

    Args:
        code: Digest of the code.
        what: Settings or choice, as plain values.
        files: Files whose content counts: tables, facts of arrays, weights.
    """
    digest = hashlib.sha256(code.encode())
    digest.update(json.dumps(what, sort_keys=True).encode())
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()
