"""A process that has imported the libraries and forks for each job.

It imports modules of other projects only, because a job must run the code as it is when the job
starts. It computes nothing, so TensorFlow has not started a thread, and a fork behaves like a new
process. Standard library only, but for the modules that it is told to import.
"""

import atexit
import builtins
import contextlib
import ctypes
import gc
import importlib
import json
import os
import random
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

# Names a file for processor seconds of jobs.
SECONDS_FILE = "SCENERY_FORKED_SECONDS"


def preload(names: Sequence[str]) -> None:
    """Import modules, and names from modules; what fails here fails in the job that imports it."""
    for name in names:
        module, _, attribute = name.partition(":")
        with contextlib.suppress(ImportError):
            # A package may load its names late. A name may also be a module of it.
            if not hasattr(importlib.import_module(module), attribute or "__name__"):
                importlib.import_module(f"{module}.{attribute}")
    gc.collect()
    # The garbage collector of a fork would write to all objects and so copy their memory.
    gc.freeze()


class Template:
    """Forks for each request, sends exit statuses, and kills the forks of killed clients."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.selector = selectors.DefaultSelector()
        self.selector.register(link, selectors.EVENT_READ)
        self.forks: dict[int, tuple[socket.socket, int]] = {}
        self.descriptions: dict[int, tuple[str, str]] = {}

    def serve(self) -> list[Any] | None:
        """Serve until the server has exited.

        Returns:
            The request in a fork, None in the template process.
        """
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.link:
                    request, handles, _, _ = socket.recv_fds(
                        self.link, 1 << 17, 5, socket.MSG_CMSG_CLOEXEC
                    )
                    if not request:
                        for process in self.forks:
                            os.kill(process, signal.SIGKILL)
                        return None
                    started = self.fork(json.loads(request), handles)
                    if started is not None:
                        return started
                elif isinstance(key.fileobj, int):
                    self.report_exit(key.data)
                else:
                    self.forward_signal(key.data)

    def fork(self, request: list[Any], handles: list[int]) -> list[Any] | None:
        """Fork; the fork takes over the standard streams and the folder of the client.

        Returns:
            The request in the fork, None in the template process.
        """
        connection = socket.socket(fileno=handles[0])
        with warnings.catch_warnings():
            # Python warns of threads. These belong to OpenBLAS, which stops them at a fork.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
        if not process:
            for number, handle in enumerate(handles[1:4]):
                os.dup2(handle, number)
            os.fchdir(handles[4])
            self.close_all(connection, handles[1:])
            return request
        for handle in handles[1:]:
            os.close(handle)
        watch = os.pidfd_open(process)
        self.forks[process] = (connection, watch)
        test = request[1].get("PYTEST_CURRENT_TEST", "")
        self.descriptions[process] = (test, Path(request[0][request[0][0] == "-m"]).name)
        self.selector.register(watch, selectors.EVENT_READ, process)
        self.selector.register(connection, selectors.EVENT_READ, process)
        with contextlib.suppress(OSError):
            connection.send(b"forked")
        return None

    def close_all(self, connection: socket.socket, handles: list[int]) -> None:
        """Close all descriptors of the template process in a fork."""
        for other, watch in self.forks.values():
            other.close()
            os.close(watch)
        for handle in handles:
            os.close(handle)
        connection.close()
        self.link.close()
        self.selector.close()

    def forward_signal(self, process: int) -> None:
        """Send a signal to a fork; kill the fork if its client has gone."""
        if process not in self.forks:
            return
        connection, _ = self.forks[process]
        try:
            number = connection.recv(1)
        except OSError:
            number = b""
        os.kill(process, number[0] if number else signal.SIGKILL)
        if not number:
            self.selector.unregister(connection)

    def report_exit(self, process: int) -> None:
        """Send the exit status of a fork to its client."""
        _, status, usage = os.wait4(process, 0)
        connection, watch = self.forks.pop(process)
        self.selector.unregister(watch)
        os.close(watch)
        with contextlib.suppress(KeyError):
            self.selector.unregister(connection)
        with contextlib.suppress(OSError), connection:
            connection.send(str(os.waitstatus_to_exitcode(status)).encode())
        record_seconds(*self.descriptions.pop(process), usage.ru_utime + usage.ru_stime)


def record_seconds(test: str, work: str, seconds: float) -> None:
    """Append processor seconds to the file that SCENERY_FORKED_SECONDS names, if any."""
    if os.environ.get(SECONDS_FILE):
        with Path(os.environ[SECONDS_FILE]).open("a", encoding="utf-8") as file:
            file.write(json.dumps([test, work, round(seconds, 3)]) + "\n")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent exits."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def prepare(
    arguments: list[str], environment: dict[str, str], program: str, base: list[str]
) -> dict[str, Any]:
    """Give this fork the state of `python ARGUMENTS` before its first line.

    Args:
        arguments: A script, or -m and a module, followed by their arguments.
        environment: All environment variables.
        program: The program that was started in place of Python.
        base: `sys.path` without its first entry and PYTHONPATH.

    Returns:
        The global variables of the module `__main__`.
    """
    os.setsid()
    die_with_parent()
    os.environ.clear()
    os.environ.update(environment)
    sys.executable = program
    sys.orig_argv = [sys.executable, *arguments]
    folders = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    if arguments[0] == "-m":
        first, sys.argv = str(Path.cwd()), arguments[1:]
    else:
        first, sys.argv = str(Path(arguments[0]).resolve().parent), arguments
    sys.path[:] = [first, *folders, *base]
    importlib.invalidate_caches()
    tempfile.tempdir = None
    # A new process has its own random state.
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    del sys.modules[__name__]
    for name in ("sitecustomize", "usercustomize"):
        # Python imports these before a script.
        sys.modules.pop(name, None)
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)
    names = vars(sys.modules["__main__"])
    names.clear()
    names |= {"__name__": "__main__", "__builtins__": builtins, "__doc__": None}
    names["__annotations__"] = {}
    names |= {"__package__": None, "__spec__": None, "__cached__": None, "__loader__": None}
    return names


def run(arguments: list[str], names: dict[str, Any]) -> None:
    """Run a script or a module as `__main__`."""
    if arguments[0] == "-m":
        runpy._run_module_as_main(arguments[1], alter_argv=True)  # type: ignore[attr-defined]
        return
    names["__file__"] = arguments[0]
    source = Path(arguments[0]).read_bytes()
    exec(compile(source, arguments[0], "exec", dont_inherit=True), names)


def run_and_exit(arguments: list[str], names: dict[str, Any]) -> NoReturn:
    """Run a script or a module, and exit as Python does, except that modules are not deleted.

    Deleting them would copy the memory that forks share, and takes half a second.
    """
    status: object = 0
    interrupted = False
    try:
        run(arguments, names)
    except SystemExit as end:
        status = end.code
    except BaseException as error:
        status = 1
        interrupted = isinstance(error, KeyboardInterrupt)
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    if not isinstance(status, int | None):
        print(status, file=sys.stderr)
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit((status or 0) & 0xFF)


def run_template(descriptor: int, names: Sequence[str]) -> None:
    """Import modules, then fork for each request; only forks return from `serve` with one.

    Args:
        descriptor: Descriptor of the socket to the server.
        names: Names of the modules.
    """
    die_with_parent()
    base, variables = list(sys.path), dict(os.environ)
    preload(names)
    # Variables that the modules set at import time.
    added = {name: v for name, v in os.environ.items() if variables.get(name) != v}
    record_seconds("", "libraries", time.process_time())
    link = socket.socket(fileno=descriptor)
    link.send(b"ready")
    request = Template(link).serve()
    if request is not None:
        arguments, environment, program = request
        run_and_exit(arguments, prepare(arguments, environment | added, program, base))
