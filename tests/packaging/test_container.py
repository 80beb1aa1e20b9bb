"""The definitions of container images: their files exist, and their steps are documented."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
APPTAINER = (REPOSITORY / "scenery.def").read_text(encoding="utf-8")
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def instructions(name: str) -> list[str]:
    """The arguments of one instruction of the Dockerfile, in order."""
    return re.findall(rf"^{name} (.*)$", DOCKERFILE, re.MULTILINE)


def section(name: str) -> list[str]:
    """The lines of one section of Apptainer's definition."""
    found = re.search(rf"^%{name}\n((?:    .*\n)+)", APPTAINER, re.MULTILINE)
    assert found is not None
    return [line.strip() for line in found[1].splitlines()]


def copied() -> list[str]:
    """What the Dockerfile copies."""
    return [source for line in instructions("COPY") for source in line.split()[:-1]]


def test_copied_files_exist() -> None:
    assert [name for name in copied() if not (REPOSITORY / name).exists()] == []


def test_apptainer_copies_the_same_files() -> None:
    lines = [line.split() for line in section("files")]
    assert sorted(source for source, _ in lines) == sorted(copied())
    assert all(target == f"/opt/scenery/{source}" for source, target in lines)


def test_apptainer_runs_the_same_steps() -> None:
    steps = [line.replace("{{ HARDWARE }}", "$HARDWARE") for line in section("post")]
    assert [step for step in steps if not step.startswith("cd ")] == instructions("RUN")
    assert f"From: {instructions('FROM')[0]}" in APPTAINER


def test_run_steps_are_those_of_the_readme() -> None:
    system, install = instructions("RUN")
    packages = system.split("--no-install-recommends ")[1].split()
    assert [name for name in packages if name not in README.casefold()] == []
    assert install == "make install HARDWARE=$HARDWARE"
    assert re.search(r"^make install\b", README, re.MULTILINE)
    assert "HARDWARE=gpu" in README


def test_wheel_needs_no_more_than_is_copied() -> None:
    pyproject = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    forced = pyproject.split("force-include]\n")[1].split("\n\n")[0]
    sources = re.findall(r'^"([^"]+)" =', forced, re.MULTILINE)
    assert set(sources) <= set(copied())
