"""How far a long command is, and how long it will take."""

import time
from collections.abc import Callable
from typing import TextIO

# Seconds between two lines where the output is no terminal.
PAUSE = 30.0
PAUSE_ON_TERMINAL = 0.5


class Progress:
    """A line with the number done, the rate and the time left.

    On a terminal the line is rewritten in place. Elsewhere a line is written now and then.

    Args:
        total: Number of photographs.
        out: Where the lines go.
        clock: Gives seconds.
    """

    def __init__(
        self, total: int, out: TextIO, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.total, self.done = total, 0
        self._out, self._clock = out, clock
        self._terminal = out.isatty()
        self._start = self._said = clock()

    def add(self, count: int) -> None:
        """Count photographs, and write a line if it is time."""
        self.done += count
        now = self._clock()
        if now - self._said >= (PAUSE_ON_TERMINAL if self._terminal else PAUSE):
            self._said = now
            self._say(self.line(), end="" if self._terminal else "\n")

    def line(self) -> str:
        """The line."""
        seconds = max(self._clock() - self._start, 1e-9)
        rate = self.done / seconds
        left = duration((self.total - self.done) / rate) if self.done else "unknown time"
        return f"{self.done:,} of {self.total:,} photographs, {rate:,.3g} a second, {left} left"

    def end(self) -> str:
        """Clear the line, and give the time that it took and the rate."""
        seconds = max(self._clock() - self._start, 1e-9)
        if self._terminal:
            self._say("", end="")
        return f"{duration(seconds)} ({self.done / seconds:,.3g} photographs a second)"

    def _say(self, line: str, end: str) -> None:
        start = "\r\x1b[K" if self._terminal else ""
        self._out.write(f"{start}{line}{end}")
        self._out.flush()


def duration(seconds: float) -> str:
    """Seconds as a person says them: `4 s`, `2 min 10 s`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
