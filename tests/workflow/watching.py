"""A study under watch: each process notes who opens test images, and cannot use the network."""

from pathlib import Path

SECRET = "hunter2-of-the-environment"
FOLDER, SEEN = "watch", "watch.txt"
# Python runs this first in every process; it notes and forbids what is not asked for.
WATCH = """
import os, sys

def note(line):
    handle = os.open(os.environ["SCENERY_WATCH"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, (line + "\\n").encode())
    os.close(handle)

def watch(event, arguments):
    if event == "open" and "/test/" in str(arguments[0]):
        note(f"open\\t{(sys.argv or [''])[0]}\\t{arguments[0]}")
    network = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
    if network or (event == "socket.connect" and not isinstance(arguments[1], (str, bytes))):
        note(f"network\\t{(sys.argv or [''])[0]}\\t{event} {arguments[1:]}")
        raise PermissionError("no network in this test")

sys.addaudithook(watch)
"""


def watch(root: Path) -> dict[str, str]:
    """Prepare a folder for a study under watch; what is seen is noted in `watch.txt`.

    Returns:
        Variables for the environment of Snakemake, two of them with a secret.
    """
    folder = root / FOLDER
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    return {
        "PYTHONPATH": str(folder),
        "SCENERY_WATCH": str(root / SEEN),
        "SCENERY_TOKEN": SECRET,
        "https_proxy": f"http://anna:{SECRET}@localhost:9",
    }


def seen(root: Path) -> list[list[str]]:
    """What was noted: open or network, the program, and the file or the call."""
    return [line.split("\t") for line in (root / SEEN).read_text("utf-8").splitlines()]
