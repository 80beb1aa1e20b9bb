"""Reading photographs in threads, some batches ahead of the model."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from scenery.data.images import Pixels, model_input, try_read_image
from scenery.pipeline.model_folder import ModelFacts

# Photographs that are read before the model asks for them, in batches.
AHEAD = 3


class ReadPhotograph(NamedTuple):
    """A file, its image as the model takes it (None if it cannot be read), and its problem."""

    file: str
    pixels: Pixels | None
    problem: str


def as_input(pixels: Pixels, facts: ModelFacts) -> Pixels:
    """A decoded image as the model takes it: uint8 RGB, shape (height, width, 3)."""
    gray = facts.color_mode == "grayscale"
    return model_input(pixels, facts.image_size, facts.resize, facts.interpolation, gray)


def read_batches(
    files: Sequence[str], facts: ModelFacts, batch: int, jobs: int
) -> Iterator[list[ReadPhotograph]]:
    """Read files as training did, in their order.

    Memory does not grow with the number of files: decoded images are made small in the thread that
    read them, and a few batches are in flight.

    Args:
        files: Names of files.
        facts: How they become the input of the model.
        batch: Files in a batch; the last may have fewer.
        jobs: Threads.
    """

    def read(file: str) -> ReadPhotograph:
        pixels, problem = try_read_image(file, facts.max_pixels, facts.white_level)
        if pixels is None:
            return ReadPhotograph(file, None, problem)
        return ReadPhotograph(file, as_input(pixels, facts), "")

    waiting: deque[Future[ReadPhotograph]] = deque()
    left = iter(files)
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while True:
                missing = AHEAD * batch - len(waiting)
                waiting.extend(pool.submit(read, file) for file in islice(left, missing))
                if not waiting:
                    return
                yield [waiting.popleft().result() for _ in range(min(batch, len(waiting)))]
        finally:
            for future in waiting:
                future.cancel()
