"""What every script does around its work: a log, one clear line for a user's mistake."""

import errno
import logging
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scenery.errors import UserError
from scenery.redact import redact

log = logging.getLogger("scenery")

# Goes with a message that is for the log file and not for the terminal: extra=FILE_ONLY.
FILE_ONLY = {"file_only": True}
FULL = (errno.ENOSPC, errno.EDQUOT)
_steps: list[float] = []
UNEXPECTED = "This should not happen; please report it with the lines below."


class MaskingFormatter(logging.Formatter):
    """Lines and tracebacks without passwords and tokens."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record."""
        return redact(super().format(record))


@contextmanager
def script_log(log_file: str | Path) -> Iterator[None]:
    """Run a script's work with its messages in its log file and on the terminal.

    A UserError or a full disk ends the process with status 1 and one message; any other exception
    is a defect of Scenery, so its traceback goes to the log file and the terminal.
    """
    Path(log_file).parent.mkdir(parents=True, exist_ok=True)
    form = MaskingFormatter("%(asctime)s %(message)s", datefmt="%H:%M:%S")
    handlers: list[logging.Handler] = [
        logging.FileHandler(log_file, mode="w"),
        logging.StreamHandler(sys.stderr),
    ]
    log.setLevel(logging.INFO)
    log.propagate = False
    log.handlers.clear()
    handlers[1].addFilter(lambda record: not getattr(record, "file_only", False))
    for handler in handlers:
        handler.setFormatter(form)
        log.addHandler(handler)
    _steps.clear()
    try:
        yield
        if _steps:
            text = "%.3f s in training, feature or evaluation steps"
            log.info(text, sum(_steps), extra=FILE_ONLY)
    except UserError as error:
        log.error("ERROR: %s", error)
        sys.exit(1)
    except OSError as error:
        if error.errno not in FULL:
            log.exception(UNEXPECTED)
            sys.exit(1)
        # The log file may be on the full disk, too, and its traceback would hide this line.
        logging.raiseExceptions = False
        log.error(
            "ERROR: %s: no space is left, or your quota is used up (%s). Free some (`df -h .` and "
            "`quota -s` show how much there is), then call Snakemake again; it goes on from here",
            error.filename or Path.cwd(),
            error.strerror,
        )
        sys.exit(1)
    except Exception:
        log.exception(UNEXPECTED)
        sys.exit(1)


def count_steps(seconds: float) -> None:
    """Note time spent in training, feature or evaluation steps; the log's last line is their sum.

    The rest of a job's time is overhead, which `benchmarks/overhead.py` measures.
    """
    _steps.append(seconds)


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in MiB."""
    # Linux counts ru_maxrss in KiB, macOS in bytes.
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
