"""Runs a job as a fork of a process that has imported the libraries.

    python -I -S client.py PYTHON SOCKET MODULES [arguments of Python]

Snakemake uses this program instead of Python. A script of a job, or `-m` with one of MODULES, is
sent to the server at SOCKET. This process then waits for the fork, forwards signals to it and exits
with its exit status. If this process is killed, the fork is killed. All other arguments, and all
arguments if there is no server, are passed to PYTHON. Standard library only.
"""

import os
import signal
import socket
import sys

SCRIPT = ".snakemake/scripts/tmp"
FORWARDED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
MAX_REQUEST_BYTES = 120_000


def is_supported(arguments: list[str], modules: list[str]) -> bool:
    """Whether the server can run these arguments of Python."""
    if arguments[:1] == ["-m"]:
        return len(arguments) > 1 and arguments[1].split(".")[0] in modules
    return bool(arguments) and SCRIPT in arguments[0]


def request_fork(server: str, arguments: list[str]) -> socket.socket | None:
    """Send a request to the server.

    Returns:
        The connection on which the server will send the exit status, or None if it refused.
    """
    import json

    program = server.rpartition("/")[0] + "/python"
    text = json.dumps([arguments, dict(os.environ), program])
    request = text.encode("utf-8", "surrogateescape")
    if len(request) > MAX_REQUEST_BYTES:
        return None
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(server)
        socket.send_fds(connection, [request], [0, 1, 2, folder])
        answer = connection.recv(16)
    except OSError:
        return None
    finally:
        os.close(folder)
    return connection if answer == b"forked" else None


def wait(connection: socket.socket) -> int:
    """Wait for the fork.

    Returns:
        Its exit status, or minus the number of the signal that ended it.
    """
    for number in FORWARDED:
        signal.signal(number, lambda number, _: connection.send(bytes([number])))
    answer = connection.recv(16)
    return int(answer) if answer else 1


def main() -> int:
    """Run the arguments as a fork or in this process; returns the exit status."""
    python, server, modules, *arguments = sys.argv[1:]
    supported = is_supported(arguments, modules.split(","))
    connection = request_fork(server, arguments) if supported else None
    if connection is None:
        os.execv(python, [python, *arguments])
    status = wait(connection)
    if status < 0:
        # The caller must see the same signal.
        if -status not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main())
