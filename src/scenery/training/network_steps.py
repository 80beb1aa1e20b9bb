"""The one or two steps of a fine-tuned trial, from its last state."""

from collections.abc import Callable

from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import Epoch, TrainingResult
from scenery.training.checkpoints import CheckpointStore
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.fine_tuning import FineTuningTrainer
from scenery.training.first_step import joined


def train_in_steps(
    learner: FineTuningTrainer,
    plan: EpochPlan,
    name: str,
    store: CheckpointStore,
    first_step: Callable[[], TrainingResult],
    after_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> TrainingResult:
    """Both steps, or what is left of them.

    Args:
        learner: The network and its images.
        plan: How long the second step takes, and its rates.
        name: What the trial is called in the progress lines.
        store: The states after each epoch.
        first_step: Trains the head alone, where the settings say so.
        after_epoch: Called with each new epoch.
    """
    first = None
    run = store.restore(learner)
    if learner.settings.first_step is not None:
        # A second or two on features; its history is wanted even when the state is restored.
        weights = learner.get_weights() if run else None
        first = first_step()
        if weights is not None:
            learner.set_weights(weights)
        if first.status != TrialStatus.COMPLETED:
            return first

    def keep(so_far: TrainingResult, improved: bool) -> None:
        store.save(learner, so_far, improved)
        after_epoch(so_far.history[-1])

    return joined(first, run_epochs(learner, plan, name, run, keep))
