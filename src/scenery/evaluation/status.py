"""How a trial ended."""

from enum import StrEnum


class TrialStatus(StrEnum):
    """The values of the column `status`.

    Attributes:
        COMPLETED: It was trained to its end.
        STOPPED: Successive halving stopped it; it has a result, but cannot be chosen.
        DIVERGED: Its loss became infinite or NaN.
        FAILED: A classical model could not be fitted.
    """

    COMPLETED = "completed"
    STOPPED = "stopped"
    DIVERGED = "diverged"
    FAILED = "failed"

    @property
    def has_result(self) -> bool:
        """Whether the trial has a validation accuracy."""
        return self in (TrialStatus.COMPLETED, TrialStatus.STOPPED)


WITHOUT_RESULT = tuple(status for status in TrialStatus if not status.has_result)
