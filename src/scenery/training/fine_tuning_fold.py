"""A network that is fine-tuned in one fold and keeps its predictions of the held-out images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scenery.evaluation.scores import accuracy, cross_entropy
from scenery.training.fine_tuning import FineTuningTrainer


class FoldFineTuningTrainer(FineTuningTrainer):
    """A whole network in one fold; see `epochs.Trainer`.

    Attributes:
        predictions: Class probabilities of the held-out images after each epoch, each of shape
            (images, classes).
    """

    predictions: Sequence[np.ndarray] = ()

    def validate(self) -> tuple[float, float]:
        """Cross-entropy and accuracy on the held-out images, whose predictions are kept."""
        assert self.validation is not None
        predicted = self.predict(self.validation)
        self.predictions = [*self.predictions, predicted]
        labels = self.validation.labels
        return cross_entropy(predicted, labels), accuracy(predicted, labels)

    def save_state(self, path: str) -> None:
        """Write the weights, the state of the optimizer and all predictions so far."""
        super().save_state(path)
        np.save(_predictions_of(path), np.stack(self.predictions))

    def load_state(self, path: str) -> None:
        """Read what `save_state` wrote."""
        kept = np.load(_predictions_of(path), allow_pickle=False)
        super().load_state(path)
        self.predictions = list(kept)


def _predictions_of(state: str) -> Path:
    return Path(state).with_name("held_out.npy")
