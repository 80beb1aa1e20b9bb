"""Opening a study: what the Snakefile does before any rule."""

import contextlib
import functools
import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from scenery.config.loading import load_config
from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.config.validation import check_files, read_study
from scenery.data.sources import list_images
from scenery.errors import UserError
from scenery.installation import missing_packages
from scenery.pipeline.run_lock import begin
from scenery.pipeline.terminal_watch import watch_terminal
from scenery.pipeline.user_settings import check_process
from scenery.registry.datasets import DATASET_IMAGES, NAMED_DATASETS
from scenery.registry.presets import PRESET
from scenery.study.checks import check_study
from scenery.study.expansions import Expansions
from scenery.study.plan import NotChosenYet
from scenery.study.rounds import NotProposedYet, Round, read_round
from scenery.study.selection import refuse_unknown_classes

# Snakemake's own notes of a run fit into this many bytes.
MIN_FREE_BYTES = 1 << 20
# Written in C where PyYAML was built so, which reads choices several times as fast.
SAFE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_config(config: Mapping[str, Any], source: str) -> Expansions:
    """The study that a config describes, checked as far as it can be before anything runs.

    Returns:
        The study with the trials that were expanded for the check.

    Raises:
        UserError: For mistakes in the config, and for images and weights that are not there.
    """
    study = read_study(config, source)
    expansions = Expansions(study, source)
    weights = check_study(study, source, expansions)
    check_files(study, weights, source)
    check_export(study, source)
    check_presets(weights, source)
    if not study.dataset.made:
        dataset = study.dataset
        images = list_images(dataset.path, dataset.root, **dataset.reading)
        classes = {image.class_name for image in images}
        for name, experiment in study.experiments.items():
            refuse_unknown_classes(experiment.choose.costs, classes, name)
    return expansions


def count_images(study: Study) -> tuple[int, int]:
    """The training and validation images of a study, about, and its classes.

    About, since duplicates and damaged files are not looked for.
    """
    dataset = study.dataset
    if dataset.path == "generated":
        from scenery.demo.scenes import SCENE_CLASSES

        classes = len(SCENE_CLASSES)
        total, test = classes * dataset.generated.per_class, 0
    elif dataset.made:
        classes = len(NAMED_DATASETS[dataset.path])
        total, test = DATASET_IMAGES[dataset.path]
    else:
        images = list_images(dataset.path, dataset.root, **dataset.reading)
        classes = len({image.class_name for image in images})
        total, test = len(images), sum(image.partition == "test" for image in images)
    return total - (test or round(study.split.test * total)), classes


def check_export(study: Study, source: str) -> None:
    """Refuse a format whose packages are not installed.

    Raises:
        UserError: With the command that installs them.
    """
    if "onnx" in study.export and (missing := missing_packages("onnx")):
        raise UserError(f"{source}: export: onnx {missing}, or leave out onnx")


def check_presets(weights: Iterable[str], source: str) -> None:
    """Refuse weights of a preset where the packages that read it are not installed.

    Raises:
        UserError: With the command that installs them.
    """
    if any(one.startswith(PRESET) for one in weights) and (missing := missing_packages("hub")):
        raise UserError(f"{source}: weights: preset {missing}")


def open_study(
    config: Mapping[str, Any], source: str, files: Iterable[str | Path] = (), check: bool = True
) -> Expansions:
    """The checked study and its trials; a mistake ends the process with one line and status 1.

    Args:
        config: The config as Snakemake loaded it.
        source: Name of its file, for messages.
        files: The files that Snakemake loaded it from. They are read once more, since Snakemake
            takes the last of two keys that are the same, and drops the other without a word.
        check: Whether to check all experiments, files and images. Jobs on a cluster read the
            Snakefile anew; what was checked when the study started need not be checked by each.
    """
    try:
        if not check:
            return Expansions(read_study(config, source), source)
        check_process()
        for file in files:
            load_config(file)
        expansions = check_config(config, source)
        check_results_folder(expansions.study.results)
        return expansions
    except UserError as error:
        # A traceback through Snakemake would hide the one line that helps.
        print(f"\nThe study cannot start.\n{error}\n", file=sys.stderr, flush=True)
        sys.exit(1)


def check_results_folder(results: str) -> None:
    """Whether results can be written; Snakemake itself ends in a traceback where they cannot.

    Raises:
        UserError: The folder is a file, may not be written, or its disk is full.
    """
    folder = Path(results)
    while not (folder.exists() or folder.is_symlink()):
        folder = folder.parent
    for place in (Path(), folder):
        name = place if place.name else f"this folder ({Path.cwd()})"
        if not place.is_dir():
            raise UserError(
                f"results: {name} is a file, or a link that leads nowhere; a folder is needed there"
            )
        if not os.access(place, os.W_OK | os.X_OK):
            raise UserError(
                f"results: {name} cannot be written: it is read-only, or its rights (ls -ld) do "
                "not allow it; run in a copy of the project that is yours"
            )
        if shutil.disk_usage(place).free < MIN_FREE_BYTES:
            raise UserError(
                f"results: no space is left in {name}; free some (`df -h .` shows how much there "
                "is), then call Snakemake again; it goes on from here"
            )


def reset_future_times(results: str | Path) -> int:
    """Give files of the results that are dated in the future the time of now.

    A clock that was ahead and has been set leaves such files. Snakemake takes back whatever is
    made of them, since it is older than they are.

    Returns:
        Number of files.
    """
    now, found = time.time(), 0
    for folder, _, files in os.walk(results):
        for path in (Path(folder, name) for name in files):
            # A job that an earlier Snakemake left at work may remove its own files meanwhile.
            with contextlib.suppress(FileNotFoundError):
                if not path.is_symlink() and path.stat().st_mtime > now + 1:
                    os.utime(path, (now, now))
                    found += 1
    if found:
        print(f"Dated in the future, so set to now: {found} files of {results}.", file=sys.stderr)
    return found


def start_run(submits: bool, results: str) -> None:
    """Note this run of Snakemake, or end it where another one is at work in this folder."""
    try:
        begin(submits)
        watch_terminal()
        reset_future_times(results)
    except UserError as error:
        print(f"\nThe study cannot start.\n{error}\n", file=sys.stderr, flush=True)
        sys.exit(1)


def chosen_settings(path: str | Path) -> Settings:
    """The settings in a chosen.yaml.

    Raises:
        NotChosenYet: While there is none.
    """
    return _read_chosen(str(path), *_state(path))[0]


def chosen_record(path: str | Path) -> dict[str, Any]:
    """The content of a chosen.yaml, not to be changed; raises as `chosen_settings` does."""
    return _read_chosen(str(path), *_state(path))[1]


def _state(path: str | Path) -> tuple[int, int, int]:
    try:
        state = Path(path).stat()
    except FileNotFoundError:
        raise NotChosenYet(str(path)) from None
    return state.st_ino, state.st_mtime_ns, state.st_size


@functools.cache
def _read_chosen(path: str, *state: int) -> tuple[Settings, dict[str, Any]]:
    # Every job of an experiment asks for the choice that it comes after; the file's state is
    # among the arguments, so that a new choice is read anew.
    record = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=SAFE_LOADER)
    return Settings.model_validate(record["settings"]), record


def proposed_round(path: str | Path) -> Round:
    """The proposals of a round.

    Raises:
        NotProposedYet: While there are none.
    """
    try:
        return read_round(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, KeyError):
        # A file that a killed job left half written is no proposal either.
        raise NotProposedYet(str(path)) from None


def local_gpus() -> int:
    """Number of NVIDIA devices of this machine."""
    return len([p for p in Path("/dev").glob("nvidia[0-9]*") if p.name[6:].isdigit()])
