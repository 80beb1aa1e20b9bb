"""Run a finished study again from its config, and list what differs."""

import csv
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from scenery.errors import UserError
from scenery.pipeline.launch import snakemake_command
from scenery.pipeline.layout import Layout

# Columns that a second run need not repeat.
TIMES = ("seconds", "peak_memory_mb")
KEYS = ("experiment", "trial")
MAX_LINES = 40
# Paths below any results folder.
INSIDE = Layout(".")


def run_again(original: Path, out: Path, options: Sequence[str]) -> None:
    """Run the study of a results folder again, from the config in it.

    Args:
        original: A results folder with config.yaml and summary.csv.
        out: Where the second run's results go; results or a folder below it. One that a killed
            second run left is gone on with.
        options: Further options of Snakemake.

    Raises:
        UserError: A file is missing, `out` holds something else, or the study does not end well.
    """
    for name in ("summary.csv", "config.yaml"):
        if not (original / name).is_file():
            raise UserError(f"{original}: there is no {name}; give the results of a whole study")
    config = yaml.safe_load((original / "config.yaml").read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise UserError(f"{original / 'config.yaml'}: is no config of a study")
    text = yaml.safe_dump({**config, "results": str(out)}, sort_keys=False, allow_unicode=True)
    given = out / "reproduced_from.yaml"
    if out.exists() and any(out.iterdir()):
        if not given.is_file() or given.read_text(encoding="utf-8") != text:
            raise UserError(f"--out: {out} is not empty; name a folder that is not there yet")
    else:
        out.mkdir(parents=True, exist_ok=True)
        given.write_text(text, encoding="utf-8")
    targets = [str(out / name) for name in ("summary.csv", "record.json")]
    done = subprocess.run(snakemake_command(given, options, targets), check=False)
    if done.returncode:
        raise UserError(
            f"the study of {original} did not end well when run again (status "
            f"{done.returncode}); what is above says why, and the same command goes on from there"
        )


def differences(original: Path, again: Path) -> list[str]:
    """The differences of a second run, one line each.

    Every value of summary.csv but times, every choice, and every prediction on test images is
    compared as it was written, to the last digit.

    Raises:
        UserError: A file of the original results is missing or is no such table.
    """
    found = list(_in_summary(original / "summary.csv", again / "summary.csv"))
    for name in _experiments(original / "summary.csv"):
        paths = INSIDE.experiment(name)
        found += _in_choice(original, again, Path(paths.chosen))
        found += _in_predictions(original, again, Path(paths.test("predictions.csv")))
    if found:
        found += _made_with(original, again)
    return found


def describe_differences(original: Path, found: Sequence[str]) -> list[str]:
    """The verdict as lines to print."""
    if not found:
        rows = _read(original / "summary.csv")
        experiments = _experiments(original / "summary.csv")
        return [
            f"same: trials ({len(rows)}), choices ({len(experiments)}) and predictions on test "
            "images, to the last digit; times aside"
        ]
    more = [f"and {len(found) - MAX_LINES} more"] if len(found) > MAX_LINES else []
    return [f"different: {len(found)} points", *found[:MAX_LINES], *more]


def _read(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read as a table ({error})") from None
    return rows


def _experiments(summary: Path) -> list[str]:
    return list(dict.fromkeys(row.get("experiment", "") for row in _read(summary)))


def _in_summary(first: Path, second: Path) -> Iterator[str]:
    tables = [_by_key(first), _by_key(second)]
    columns = [set(next(iter(table.values()), {})) - set(TIMES) for table in tables]
    for name in sorted(columns[0] ^ columns[1]):
        yield f"summary.csv: the column {name} is {_only(name in columns[0])}"
    for key in dict.fromkeys([*tables[0], *tables[1]]):
        rows = [table.get(key) for table in tables]
        place = f"summary.csv: {key[0]}: {key[1]}"
        if rows[0] is None or rows[1] is None:
            yield f"{place}: the trial is {_only(rows[0] is not None)}"
            continue
        for name in rows[0]:
            if name in columns[0] & columns[1] and rows[0][name] != rows[1][name]:
                yield f"{place}: {_change(name, rows[0][name], rows[1][name])}"


def _by_key(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    rows = _read(path)
    if rows and not set(KEYS) <= set(rows[0]):
        raise UserError(f"{path}: is no summary of a study: it lacks {' or '.join(KEYS)}")
    return {(row["experiment"], row["trial"]): row for row in rows}


def _only(first: bool) -> str:
    return "in the original results alone" if first else "in the second run alone"


def _change(name: str, first: Any, second: Any) -> str:
    return f"{name} was {_shown(first)} and is {_shown(second)}"


def _shown(value: Any) -> str:
    text = "empty" if value in ("", None) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _both(original: Path, again: Path, file: Path) -> str | None:
    """Why a file cannot be compared; None where both are there."""
    there = [(folder / file).is_file() for folder in (original, again)]
    if there[0] != there[1]:
        return f"{file} is {_only(there[0])}"
    return None if all(there) else f"{file} is missing in both"


def _in_choice(original: Path, again: Path, file: Path) -> Iterator[str]:
    problem = _both(original, again, file)
    if problem:
        yield problem
        return
    first, second = (
        _flat(yaml.safe_load((folder / file).read_text(encoding="utf-8")))
        for folder in (original, again)
    )
    for name in dict.fromkeys([*first, *second]):
        if first.get(name) != second.get(name):
            yield f"{file}: {_change(name, first.get(name), second.get(name))}"


def _in_predictions(original: Path, again: Path, file: Path) -> Iterator[str]:
    problem = _both(original, again, file)
    if problem:
        yield problem
        return
    first, second = (
        {row.get("file", ""): row for row in _read(folder / file)} for folder in (original, again)
    )
    if first == second:
        return
    if first.keys() != second.keys():
        yield f"{file}: {len(first.keys() ^ second.keys())} images are in one of both runs alone"
    both = [(first[name], second[name]) for name in first if name in second]
    otherwise = sum(one.get("predicted") != two.get("predicted") for one, two in both)
    changed = sum(one != two for one, two in both)
    largest = max((_largest_change(one, two) for one, two in both), default=0.0)
    yield (
        f"{file}: {otherwise} of {len(both)} images are predicted otherwise, {changed} rows "
        f"differ, a probability by {largest:.6f} at most"
    )


def _largest_change(first: Mapping[str, str], second: Mapping[str, str]) -> float:
    prefixes = ("probability:", "calibrated:")
    names = [name for name in first if name.startswith(prefixes) and name in second]
    return max((abs(float(first[name]) - float(second[name])) for name in names), default=0.0)


def _made_with(original: Path, again: Path) -> Iterator[str]:
    """What the two runs were made with, where it differs: the likely reason."""
    records = []
    for folder in (original, again):
        try:
            record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            yield f"{folder / 'record.json'} is missing or broken: what it was made with is unknown"
            return
        records.append(_flat({name: record.get(name) for name in ("code", "data", "versions")}))
    first, second = records
    same = True
    for name in dict.fromkeys([*first, *second]):
        if first.get(name) != second.get(name):
            same = False
            yield f"made with other {_change(name, first.get(name), second.get(name))}"
    if same:
        yield "made with the same code, data and versions: look for another machine or processor"


def _flat(values: Any, before: str = "") -> dict[str, Any]:
    if not isinstance(values, dict) or not values:
        return {before: values}
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(value, f"{before}.{name}" if before else str(name))
    return found
