"""Template processes that have imported the libraries and fork for each job of a test study.

TensorFlow takes seconds to import, and a small study has a hundred jobs. A template process imports
third-party modules only, because every checkout has its own copy of the first-party modules. It
computes nothing, so TensorFlow has not started a thread, and a fork behaves like a new process.

    python fork_server.py FOLDER

starts a server that listens on FOLDER/socket until its standard input is closed. The server starts
one template process for each set of environment variables, because libraries read some of them at
import time.
"""

import ast
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
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import Any, NoReturn

REPOSITORY = Path(__file__).resolve().parents[2]
# Not imported by template processes as third-party modules.
FIRST_PARTY = ("scenery", "benchmarks", "snakemake")
# What a dry run imports; Snakemake imports most of it late.
SNAKEMAKE_MODULES = (
    "snakemake.cli", "snakemake.api", "snakemake.report", "snakemake.executors.local",
    "snakemake_executor_plugin_slurm", "numpy", "pandas", "psutil", "pydantic", "yaml", "PIL.Image",
)  # fmt: skip
JOB_MODULES = ("snakemake.logging", "snakemake.iocontainers")
# Variables that no library reads at import time.
LATE_VARIABLES = (
    "PYTHONPATH", "PWD", "OLDPWD", "SHLVL", "_", "PATH", "TMPDIR", "TMP", "TEMP", "TEMPDIR",
    "COLUMNS", "LINES",
)  # fmt: skip
LATE_PREFIXES = ("PYTEST_", "SCENERY_")
# Snakemake itself does not use these; it sets them for its jobs.
THREAD_SUFFIXES = ("_NUM_THREADS", "_MAXIMUM_THREADS")
# Of template processes, each with half a gigabyte of memory.
MAX_TEMPLATES = 5
PYTHON_VARIABLE = "SCENERY_TESTS_PYTHON"
SECONDS_FILE = "SCENERY_FORKED_SECONDS"
# This file is not the module `__main__`, because a fork replaces that module by its script.
TEMPLATE = """
import sys
sys.path[0] = sys.argv[1]
import fork_server
fork_server.run_template(sys.argv[2], int(sys.argv[3]))
"""
TEMPLATE_COMMAND = (sys.executable, "-c", TEMPLATE, str(Path(__file__).parent))


def third_party_modules() -> list[str]:
    """The third-party modules that the code of the project imports, in functions too."""
    found = set()
    for folder in ("src", "workflow/scripts"):
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module)
    return sorted(name for name in found if name.split(".")[0] not in FIRST_PARTY)


def preload(kind: str) -> None:
    """Import the modules of a kind of process; a module that fails here fails in the job."""
    names = SNAKEMAKE_MODULES if kind == "snakemake" else (*JOB_MODULES, *third_party_modules())
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    # The garbage collector of a fork would write to all objects and so copy their memory.
    gc.freeze()


def kind_of(arguments: list[str]) -> str:
    """The kind of template process: `snakemake`, or `job` for scripts and benchmarks."""
    command_line = arguments[0] == "-m" and arguments[1].split(".")[0] != "benchmarks"
    return "snakemake" if command_line else "job"


def early_variables(environment: dict[str, str], kind: str) -> dict[str, str]:
    """The variables that libraries may read at import time."""
    return {
        name: value
        for name, value in environment.items()
        if name not in LATE_VARIABLES
        and not name.startswith(LATE_PREFIXES)
        and not (kind == "snakemake" and name.endswith(THREAD_SUFFIXES))
    }


class Server:
    """Starts template processes and passes each request to one of them."""

    def __init__(self, folder: Path) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(folder / "socket"))
        self.listener.listen(64)
        self.links: dict[str, socket.socket] = {}

    def serve(self) -> None:
        """Serve until standard input is closed, at the end of the test run."""
        selector = selectors.DefaultSelector()
        selector.register(self.listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    return
                connection, _ = self.listener.accept()
                with connection:
                    self.pass_on(connection)

    def pass_on(self, connection: socket.socket) -> None:
        """Pass a request and its connection to a template process; without one, close both."""
        request, handles, _, _ = socket.recv_fds(connection, 1 << 17, 4, socket.MSG_CMSG_CLOEXEC)
        link = None
        try:
            if not request:
                return
            arguments, environment = json.loads(request)
            link = self.link(kind_of(arguments), environment)
            if link is not None:
                socket.send_fds(link, [request], [connection.fileno(), *handles])
        except OSError:
            # The template process has ended; the next request starts another one.
            self.links = {key: one for key, one in self.links.items() if one is not link}
        finally:
            for handle in handles:
                os.close(handle)

    def link(self, kind: str, environment: dict[str, str]) -> socket.socket | None:
        """The socket of a template process for these variables; None if there are too many."""
        early = early_variables(environment, kind)
        key = json.dumps([kind, sorted(early.items())])
        if key not in self.links:
            if len(self.links) == MAX_TEMPLATES:
                return None
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                subprocess.Popen(
                    [*TEMPLATE_COMMAND, kind, str(theirs.fileno())],
                    env={key: value for key, value in environment.items() if key != "PYTHONPATH"},
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            self.links[key] = ours
        return self.links[key]


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


def prepare(arguments: list[str], environment: dict[str, str], base: list[str]) -> dict[str, Any]:
    """Give this fork the state of `python ARGUMENTS` before its first line.

    Args:
        arguments: A script, or -m and a module, followed by their arguments.
        environment: All environment variables.
        base: `sys.path` without its first entry and PYTHONPATH.

    Returns:
        The global variables of the module `__main__`.
    """
    os.setsid()
    die_with_parent()
    os.environ.clear()
    os.environ.update(environment)
    # Snakemake starts its jobs with this program, so they are forks, too.
    sys.executable = environment.get(PYTHON_VARIABLE, sys.executable)
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
        runpy._run_module_as_main(arguments[1], alter_argv=True)
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
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit((status or 0) & 0xFF)


def run_template(kind: str, descriptor: int) -> None:
    """Import modules, then fork for each request; only forks return from `serve` with one."""
    die_with_parent()
    base, variables = sys.path[1:], dict(os.environ)
    preload(kind)
    # Variables that the modules set at import time.
    added = {name: v for name, v in os.environ.items() if variables.get(name) != v}
    record_seconds("", f"libraries of {kind}", time.process_time())
    request = Template(socket.socket(fileno=descriptor)).serve()
    if request is not None:
        arguments, environment = request
        run_and_exit(arguments, prepare(arguments, environment | added, base))


if __name__ == "__main__":
    Server(Path(sys.argv[1])).serve()
