"""Run a script of usual/ unchanged and record the time of each epoch of each `fit`.

python -m benchmarks.timed_script OUT SCRIPT [ARGUMENTS ...]
"""

import json
import runpy
import sys
import time
from pathlib import Path
from typing import Any

import keras


class _Clock(keras.callbacks.Callback):
    def __init__(self, out: list[float]) -> None:
        super().__init__()
        self.out = out

    def on_train_begin(self, logs: Any = None) -> None:
        self.last = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        now = time.perf_counter()
        self.out.append(now - self.last)
        self.last = now


def main() -> None:
    """Run the script and write the seconds of its epochs, one list for each `fit`."""
    out, script = Path(sys.argv[1]), Path(sys.argv[2])
    fits: list[list[float]] = []
    original = keras.Model.fit

    def fit(self: keras.Model, *arguments: Any, **more: Any) -> Any:
        fits.append([])
        more["callbacks"] = [*(more.get("callbacks") or []), _Clock(fits[-1])]
        return original(self, *arguments, **more)

    keras.Model.fit = fit
    sys.argv = [str(script), *sys.argv[3:]]
    sys.path.insert(0, str(script.parent))
    runpy.run_path(str(script), run_name="__main__")
    out.write_text(json.dumps(fits), encoding="utf-8")


if __name__ == "__main__":
    main()
