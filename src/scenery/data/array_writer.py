"""Writing large arrays to .npy files row after row, with the facts beside them."""

import hashlib
import json
import logging
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from scenery.files import atomic_path, write_text

log = logging.getLogger("scenery")

SECONDS_BETWEEN_LINES = 15.0


class ArrayWriter:
    """An array on disk that is written row after row and appears once it is complete.

    So memory does not grow with the number of images, and a full disk is an error. Read it with
    ``np.load(out, mmap_mode="r")``.

    Args:
        out: .npy file; its folder is made where it is missing.
        images: Number of images.
        shape: Shape of one image's values.
        views: Renderings of each image; 0: the plain images.
        kind: Type of the values, as NumPy writes it.
        what: What is written, for the log.

    Attributes:
        facts: Once the array is complete: shape, views, and digest (SHA-256 of the array's bytes).

    Raises:
        OSError: The file cannot be written.
    """

    def __init__(
        self,
        out: Path,
        images: int,
        shape: tuple[int, ...],
        views: int = 0,
        kind: str = "<f4",
        what: str = "features",
    ) -> None:
        self.out = out
        self.facts: dict[str, Any] = {}
        self._shape = (views, images, *shape) if views else (images, *shape)
        self._views = views
        self._kind = kind
        self._digest = hashlib.sha256()
        self._progress = _Progress(images * max(views, 1), what)

    def __enter__(self) -> "ArrayWriter":
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            partial = stack.enter_context(atomic_path(self.out))
            self._file = stack.enter_context(partial.open("wb"))
            header = {"descr": self._kind, "fortran_order": False, "shape": self._shape}
            np.lib.format.write_array_header_1_0(self._file, header)
            self._stack = stack.pop_all()
        return self

    def add(self, values: np.ndarray) -> None:
        """Write the values of the next images, shape (some images, ...), view after view."""
        rows = np.ascontiguousarray(values, self._kind)
        self._digest.update(rows.data)
        self._file.write(rows.data)
        self._progress.add(len(rows))

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)
        if error[0] is None:
            digest = self._digest.hexdigest()
            self.facts = {"shape": list(self._shape), "views": self._views, "digest": digest}


def write_facts(facts: dict[str, Any], out: str | Path) -> None:
    """Write facts as JSON with sorted keys."""
    write_text(json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False) + "\n", out)


class _Progress:
    """A line now and then: images done, rate, time left."""

    def __init__(self, total: int, what: str) -> None:
        self.total, self.done, self.what = total, 0, what
        self.started = self.last = time.monotonic()

    def add(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES and self.done < self.total:
            return
        self.last = now
        rate = self.done / max(now - self.started, 1e-9)
        left = (self.total - self.done) / rate
        log.info(
            "%s: %d of %d images, %.0f images/s, %.0f s left",
            self.what,
            self.done,
            self.total,
            rate,
            left,
        )
