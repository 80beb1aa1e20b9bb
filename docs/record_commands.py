"""Record the commands of the front page: run them, and draw the terminal as an SVG.

    python docs/record_commands.py PHOTOGRAPHS NEW_PHOTOGRAPHS FOLDER

The commands run in FOLDER, with the environment `.venv` of this clone. What each one writes is kept
in FOLDER/recorded, and a command that is recorded there does not run again. The picture is
docs/images/commands.svg. It shows the choices and the end of `scenery run`.
"""

import html
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURE = REPOSITORY / "docs" / "images" / "commands.svg"
PHOTOGRAPHS, NEW = "photos", "new_photos"
# As on the front page, and a look at the answers.
COMMANDS = {
    "install": "make install",
    "init": f"scenery init {PHOTOGRAPHS} --offline",
    "run": "scenery run config.yaml",
    "predict": f"scenery predict results/{PHOTOGRAPHS} {NEW} --out answers.csv",
    "answers": "head -4 answers.csv",
}
# Of these commands only such lines are shown; of the others the first lines.
SHOWN = {
    "install": re.compile(r"^Installing"),
    "run": re.compile(r"validation accuracy \d.* of \d+\)|100%|^The report|^To classify"),
}
MAX_LINES = 8
# The time of day at the beginning of a line says nothing to a reader.
CLOCK = re.compile(r"^\d\d:\d\d:\d\d ")
# Of the picture: columns, and pixels.
COLUMNS, WIDTH, LINE, SIZE, MARGIN = 104, 940, 21, 14, 18


def record(name: str, folder: Path) -> list[str]:
    """Run a command, or read what it wrote before; gives the lines that are shown."""
    kept = folder / "recorded" / f"{name}.log"
    if not kept.exists():
        paths = [str(REPOSITORY / ".venv" / "bin"), os.environ["PATH"]]
        done = subprocess.run(
            COMMANDS[name],
            shell=True,
            cwd=REPOSITORY if name == "install" else folder,
            env=os.environ | {"PATH": os.pathsep.join(paths)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            sys.exit(f"{COMMANDS[name]} failed\n{done.stdout[-4000:]}")
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(done.stdout, encoding="utf-8")
    lines = kept.read_text(encoding="utf-8").splitlines()
    if name in SHOWN:
        lines = [line for line in lines if SHOWN[name].search(line)]
    return lines[-MAX_LINES:]


def rows_of(command: str, lines: list[str]) -> list[tuple[str, str]]:
    """A command and its output as rows of the terminal: kind and text."""
    pieces = [
        piece
        for line in lines
        for piece in textwrap.wrap(CLOCK.sub("", line), COLUMNS, replace_whitespace=False) or [""]
    ]
    return [("command", f"$ {command}"), *(("output", piece) for piece in pieces), ("output", "")]


def picture(recorded: list[tuple[str, list[str]]]) -> str:
    """The terminal as an SVG whose text can be selected.

    Args:
        recorded: Commands and the lines that are shown of their output.
    """
    rows = [row for command, lines in recorded for row in rows_of(command, lines)][:-1]
    height = LINE * len(rows) + 2 * MARGIN
    texts = "".join(
        f'<text class="{kind}" x="{MARGIN}" y="{MARGIN + LINE * number + SIZE}" '
        f'xml:space="preserve">{html.escape(text)}</text>\n'
        for number, (kind, text) in enumerate(rows)
        if text
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img">\n'
        "<title>Commands of Scenery and what they write</title>\n"
        f"<style>text {{ font: {SIZE}px ui-monospace, 'DejaVu Sans Mono', monospace; }} "
        ".command { fill: #8bd5ff; font-weight: bold; } .output { fill: #e8e8e8; }</style>\n"
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#16181c"/>\n{texts}</svg>\n'
    )


def main() -> None:
    """Run and draw."""
    photographs, new, folder = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for given, name in ((photographs, PHOTOGRAPHS), (new, NEW)):
        if not (folder / name).exists():
            (folder / name).symlink_to(given.resolve())
    recorded = [(command, record(name, folder)) for name, command in COMMANDS.items()]
    PICTURE.write_text(picture(recorded), encoding="utf-8")


if __name__ == "__main__":
    main()
