"""Ends Snakemake when nobody can read what it says: a closed terminal, or a program it pipes to.

Python ignores the signal of a broken pipe, so Snakemake would go on unseen, or wait, and refuse the
next call in its folder.
"""

import contextlib
import os
import select
import signal
import sys
import threading
import time

import psutil

# How often streams are looked at, and how long Snakemake has to end in order, in seconds.
INTERVAL = 2.0
PATIENCE = 30.0


def watch_terminal(interval: float = INTERVAL, patience: float = PATIENCE) -> threading.Thread:
    """Watch standard output and standard error of this process in a thread of its own.

    A file or /dev/null, as `nohup` and Slurm have them, never goes away.

    Args:
        interval: Seconds between two looks.
        patience: Seconds after which this process is killed if the signal did not end it.
    """
    thread = threading.Thread(target=_watch, args=(interval, patience), daemon=True)
    thread.start()
    return thread


def is_gone(stream: int) -> bool:
    """Whether nobody can read what is written to a file descriptor."""
    poll = select.poll()
    poll.register(stream, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _watch(interval: float, patience: float) -> None:
    streams = [1, 2]
    while not any(is_gone(stream) for stream in streams):
        time.sleep(interval)
    # What is written from now on would raise an error.
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        if is_gone(stream):
            os.dup2(nothing, stream)
    print("The terminal is gone; Snakemake and its jobs end.", file=sys.stderr, flush=True)
    jobs = psutil.Process().children(recursive=True)
    for job in jobs:
        with contextlib.suppress(psutil.NoSuchProcess):
            job.terminate()
    # At once, so that no further job is started; Snakemake ends in order and lifts its lock.
    os.kill(os.getpid(), signal.SIGTERM)
    for job in psutil.wait_procs(jobs, timeout=patience)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            job.kill()
    time.sleep(patience)
    os.kill(os.getpid(), signal.SIGKILL)
