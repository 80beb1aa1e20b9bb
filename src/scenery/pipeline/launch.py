"""The call of Snakemake that runs a study in the current directory."""

import importlib.util
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from scenery.config.loading import load_config
from scenery.errors import UserError
from scenery.installation import PROFILES, SNAKEFILE

# With these options of Snakemake no job runs, so that TensorFlow is not needed.
WITHOUT_JOBS = re.compile(
    r"-[a-zA-Z]*n[a-zA-Z]*|--dry-?run|-h|--help|-v|--version|-l|--list(-rules)?|--lint|--dag|"
    r"--(rule|file)graph|-[SD]|--(detailed-)?summary|--unlock"
)
DEFAULT_PROFILE = "profiles/default"


def snakemake_command(
    config: Path, options: Sequence[str], targets: Sequence[str] = ()
) -> list[str]:
    """The call of Snakemake that runs a study in the current directory.

    The settings of profiles/default hold: those of the current directory where it has that
    folder, else those that come with Scenery.

    Args:
        config: The config file. Snakemake ends in a traceback where it cannot be read, so that is
            found out here. What it says is checked by the Snakefile.
        options: Options of Snakemake. A profile that comes with Scenery, such as profiles/slurm,
            is found from any directory.
        targets: Files to make; none: the whole study.

    Raises:
        UserError: The config cannot be read, or jobs would run without TensorFlow.
    """
    load_config(config)
    names = {option.partition("=")[0] for option in options}
    runs_jobs = not any(WITHOUT_JOBS.fullmatch(name) for name in names)
    if runs_jobs and importlib.util.find_spec("tensorflow") is None:
        raise UserError(
            "TensorFlow is not installed, and a study needs it; install Scenery with the extra cpu "
            "or gpu, in the folder of its source: pip install '.[cpu]'"
        )
    command = [sys.executable, "-m", "snakemake", "--configfile", str(config)]
    # Not right after --configfile, which takes all file names that follow it.
    command += ["--snakefile", str(SNAKEFILE), *targets]
    if "--workflow-profile" not in names:
        # Snakemake would take a folder `default` of the current directory for a profile.
        command += ["--workflow-profile", _shipped(DEFAULT_PROFILE)]
    return command + [_shipped(option) for option in options]


def _shipped(option: str) -> str:
    """An option; a profile that the current directory lacks as the path of the shipped one."""
    name, equals, value = option.rpartition("=")
    if name not in ("", "--profile", "--workflow-profile") or not value.startswith("profiles/"):
        return option
    path = PROFILES / value.removeprefix("profiles/")
    return f"{name}{equals}{path}" if path.is_dir() and not Path(value).exists() else option
