"""Passes requests for jobs to template processes, which have the libraries and fork.

    python server.py FOLDER NAME...

starts a server that listens on FOLDER/socket until its standard input is closed. NAME are the
modules that template processes import. Standard library only.
"""

import contextlib
import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
from pathlib import Path

# This file is not the module `__main__` of a template process, because a fork replaces it.
TEMPLATE = """
import sys
sys.path[0] = sys.argv[1]
import template
del sys.path[0]
template.run_template(int(sys.argv[2]), sys.argv[3:])
"""
TEMPLATE_COMMAND = (sys.executable, "-c", TEMPLATE, str(Path(__file__).parent))
# Variables that no library reads at import time.
LATE_VARIABLES = (
    "PYTHONPATH", "PWD", "OLDPWD", "SHLVL", "_", "PATH", "TMPDIR", "TMP", "TEMP", "TEMPDIR",
    "COLUMNS", "LINES",
)  # fmt: skip
LATE_PREFIXES = ("PYTEST_", "SCENERY_")


class Server:
    """Starts template processes and passes each request to one of them.

    Jobs differ in environment variables, such as the number of threads, which libraries read at
    import time. So there is one template process for each set of such variables.

    Args:
        folder: Folder of the socket.
        modules: Modules that template processes import.
    """

    # Each has half a gigabyte of memory.
    max_templates = 3
    # Whether a request waits for a template process that is still importing. A job of a study does
    # not: it starts as a process of its own meanwhile.
    patient = False

    def __init__(self, folder: Path, modules: list[str]) -> None:
        self.modules = modules
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(folder / "socket"))
        self.listener.listen(64)
        self.selector = selectors.DefaultSelector()
        self.links: dict[str, socket.socket] = {}
        self.ready: set[socket.socket] = set()

    def kind_of(self, arguments: list[str]) -> str:
        """A name for jobs that import the same modules."""
        return "job"

    def modules_of(self, kind: str) -> list[str]:
        """The modules that the template process of a kind imports."""
        return self.modules

    def early_variables(self, environment: dict[str, str], kind: str) -> dict[str, str]:
        """The variables that libraries may read at import time."""
        return {
            name: value
            for name, value in environment.items()
            if name not in LATE_VARIABLES and not name.startswith(LATE_PREFIXES)
        }

    def serve(self) -> None:
        """Serve until standard input is closed, which also happens where Snakemake is killed."""
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is self.listener:
                    connection, _ = self.listener.accept()
                    with connection:
                        self.pass_on(connection)
                elif isinstance(key.fileobj, socket.socket):
                    self.hear_from_template(key.fileobj)

    def hear_from_template(self, link: socket.socket) -> None:
        """A template process has imported its modules, or it has ended."""
        try:
            said = link.recv(16)
        except OSError:
            said = b""
        if said:
            self.ready.add(link)
        else:
            self.forget(link)

    def forget(self, link: socket.socket) -> None:
        """Forget a template process that has ended; the next request starts another one."""
        self.links = {key: one for key, one in self.links.items() if one is not link}
        self.ready.discard(link)
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(link)
        link.close()

    def pass_on(self, connection: socket.socket) -> None:
        """Pass a request and its connection to a template process; without one, close both."""
        request, handles, _, _ = socket.recv_fds(connection, 1 << 17, 4, socket.MSG_CMSG_CLOEXEC)
        link = None
        try:
            if not request:
                return
            arguments, environment, _ = json.loads(request)
            link = self.link(self.kind_of(arguments), environment)
            if link is not None and (self.patient or link in self.ready):
                socket.send_fds(link, [request], [connection.fileno(), *handles])
        except OSError:
            if link is not None:
                self.forget(link)
        finally:
            for handle in handles:
                os.close(handle)

    def link(self, kind: str, environment: dict[str, str]) -> socket.socket | None:
        """The socket of a template process for these variables; None if there are too many."""
        early = self.early_variables(environment, kind)
        key = json.dumps([kind, sorted(early.items())])
        if key not in self.links:
            if len(self.links) == self.max_templates:
                return None
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                subprocess.Popen(
                    [*TEMPLATE_COMMAND, str(theirs.fileno()), *self.modules_of(kind)],
                    env={key: value for key, value in environment.items() if key != "PYTHONPATH"},
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            self.links[key] = ours
            self.selector.register(ours, selectors.EVENT_READ)
        return self.links[key]


if __name__ == "__main__":
    Server(Path(sys.argv[1]), sys.argv[2:]).serve()
    shutil.rmtree(sys.argv[1], ignore_errors=True)
