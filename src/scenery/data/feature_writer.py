"""Writing large arrays of features with the facts beside them. Light: no TensorFlow."""

import hashlib
import json
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np

log = logging.getLogger("scenery")

SECONDS_BETWEEN_LINES = 15.0


class FeatureWriter:
    """An array on disk that is written row after row and appears once it is complete.

    So memory does not grow with the number of images, and a full disk is an error.

    Args:
        out: .npy file.
        images: Number of images.
        shape: Shape of one image's features.
        views: Renderings of each image; 0: the plain images.
        kind: Type of the values, as numpy writes it.

    Attributes:
        facts: Shape, views and digest of the content, once it is complete.
    """

    def __init__(
        self, out: Path, images: int, shape: tuple[int, ...], views: int, kind: str = "<f4"
    ) -> None:
        self.out = out
        self.facts: dict[str, Any] = {}
        self._partial = out.with_suffix(".partial.npy")
        self._shape = (views, images, *shape) if views else (images, *shape)
        self._views = views
        self._kind = kind
        self._digest = hashlib.sha256(repr(self._shape).encode())
        self._progress = _Progress(images * max(views, 1))

    def __enter__(self) -> "FeatureWriter":
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._partial.open("wb")
        header = {"descr": self._kind, "fortran_order": False, "shape": self._shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        return self

    def add(self, values: np.ndarray) -> None:
        """Write the features of the next images, view after view."""
        rows = np.ascontiguousarray(values, self._kind)
        self._digest.update(rows.data)
        self._file.write(rows.data)
        self._progress.add(len(rows))

    def __exit__(self, kind: Any, *error: Any) -> None:
        self._file.close()
        if kind is None:
            self._partial.replace(self.out)
            digest = self._digest.hexdigest()[:16]
            self.facts = {"shape": list(self._shape), "views": self._views, "digest": digest}


def write_facts(facts: dict[str, Any], out: str | Path) -> None:
    """Write facts as JSON with sorted keys."""
    Path(out).write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")


class _Progress:
    """A line now and then: images done, rate, time left."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
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
            "features: %d of %d images, %.0f images/s, %.0f s left",
            self.done,
            self.total,
            rate,
            left,
        )
