"""Results that cannot be written: one line before anything runs."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from checkout import Checkout

Mount = Callable[..., None]


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mount something for one test; skips it where that is not allowed."""
    mounted: list[Path] = []

    def run(*options: str, place: Path) -> None:
        done = subprocess.run(["mount", *options, str(place)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"nothing may be mounted here ({done.stderr.strip()})")
        mounted.append(place)

    yield run
    for place in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def only_line(said: str) -> str:
    """The one line after the words that a study cannot start."""
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if line.strip()]
    after = lines[lines.index("The study cannot start.") + 1 :]
    assert len(after) == 1, after
    return after[0]


def test_results_that_are_a_file(fresh: Checkout) -> None:
    (fresh.folder / "results").write_text("mine", encoding="utf-8")
    assert "results is a file" in only_line(fresh.snakemake(fails=True))
    assert (fresh.folder / "results").read_text(encoding="utf-8") == "mine"


def test_a_read_only_results_folder(fresh: Checkout, mount: Mount) -> None:
    place = fresh.folder / "results"
    place.mkdir()
    mount("-t", "tmpfs", "-o", "ro", "tmpfs", place=place)
    assert "results cannot be written: it is read-only" in only_line(fresh.snakemake(fails=True))


@pytest.mark.parametrize("whole", [True, False], ids=["whole project", "results alone"])
def test_a_disk_that_is_full_from_the_start(fresh: Checkout, mount: Mount, whole: bool) -> None:
    place = fresh.folder / "results"
    place.mkdir()
    if whole:
        place = fresh.folder.rename(fresh.folder.with_name("moved"))
        fresh.folder.mkdir()
        mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", place=fresh.folder)
        subprocess.run(["cp", "-a", f"{place}/.", str(fresh.folder)], check=True)
        place = fresh.folder
    else:
        mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", place=place)
    with (place / "filler").open("wb", buffering=0) as out, pytest.raises(OSError, match="space"):
        while True:
            out.write(bytes(4096))
    said = fresh.snakemake(fails=True)
    name = "this folder" if whole else "results"
    assert f"results: no space is left in {name}" in only_line(said)
