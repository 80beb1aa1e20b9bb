"""The answers of a model, as rows of a table."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

import numpy as np

DIGITS = 7
UNLIKE = "unlike anything it was trained on"


@dataclass(frozen=True)
class Answer:
    """What a model says of one photograph.

    Attributes:
        file: The file.
        classes: The most probable classes, most probable first; empty for an unreadable file.
        probabilities: Their probabilities, as many.
        problem: Why the file cannot be read; empty where it can.
        prediction_set: The classes of which one is the true class for 95 % of images like those
            of the study; None where that is not known.
        novelty: Above 1 it is unlike all training images; None where that is not known.
    """

    file: str
    classes: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    problem: str = ""
    prediction_set: tuple[str, ...] | None = None
    novelty: float | None = None

    @property
    def note(self) -> str:
        """What is said of a photograph that is unlike all training images."""
        return UNLIKE if self.novelty is not None and self.novelty > 1 else ""


def best_classes(
    file: str,
    probabilities: np.ndarray,
    classes: Sequence[str],
    top: int,
    in_set: np.ndarray | None = None,
    novelty: float | None = None,
) -> Answer:
    """The answer for one photograph; of equal probabilities the first class comes first.

    Args:
        file: The file.
        probabilities: Shape (classes,).
        classes: Their names, as many.
        top: Number of classes in the answer.
        in_set: Whether each class is in the prediction set, shape (classes,).
        novelty: As of `Answer`.
    """
    order = np.argsort(-probabilities, kind="stable")
    known = None if in_set is None else tuple(classes[n] for n in order if in_set[n])
    return Answer(
        file,
        tuple(classes[place] for place in order[:top]),
        tuple(float(probabilities[place]) for place in order[:top]),
        prediction_set=known,
        novelty=novelty,
    )


class AnswerTable:
    """A CSV table that is written row by row.

    Args:
        out: An open text file.
        top: Classes in a row.
        sets: Whether there is a column `prediction_set`.
        novelty: Whether there are columns `novelty` and `note`.
    """

    def __init__(self, out: TextIO, top: int, sets: bool = False, novelty: bool = False) -> None:
        self._top, self._sets, self._novelty = top, sets, novelty
        self._writer = csv.writer(out, lineterminator="\n")
        self._writer.writerow(self._header())

    def _header(self) -> list[str]:
        names = ["class", "probability"]
        for rank in range(2, self._top + 1):
            names += [f"class_{rank}", f"probability_{rank}"]
        names += ["prediction_set"] * self._sets + ["novelty", "note"] * self._novelty
        return ["file", *names, "problem"]

    def add(self, answer: Answer) -> None:
        """Write one row."""
        cells: list[str] = []
        for name, value in zip(answer.classes, answer.probabilities, strict=True):
            cells += [name, f"{value:.{DIGITS}f}"]
        cells += [""] * (2 * self._top - len(cells))
        if self._sets:
            cells.append("; ".join(answer.prediction_set or ()))
        if self._novelty:
            cells += ["" if answer.novelty is None else f"{answer.novelty:.4f}", answer.note]
        self._writer.writerow([answer.file, *cells, answer.problem])
