"""What Scenery changes in Snakemake."""

import inspect
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake.common
import snakemake.jobs
import snakemake.rules
import snakemake.script
import yaml
from snakemake.logging import logger
from snakemake.resources import Resources

from scenery.pipeline.snakemake_internals import (
    drop_notices,
    keep_slurm_logs_if_refused,
    parameters_once,
    plan_many_jobs_fast,
    python_by_name,
    source_once,
)

PROFILE = Path(__file__).resolve().parents[3] / "profiles/slurm/config.yaml"


class Places:
    """An object without a hash."""

    __hash__ = None  # type: ignore[assignment]

    def places(self, wildcards: object) -> str:
        """An input function of an object."""
        return ""


def places(wildcards: object, attempt: int) -> str:
    """An input function."""
    return ""


@pytest.fixture
def unfiltered() -> Iterator[None]:
    before = list(logger.filters)
    yield
    logger.filters[:] = before


@pytest.mark.usefixtures("unfiltered")
def test_line_without_content_is_dropped_and_others_are_kept() -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    drop_notices()
    handler, level = Kept(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.info("Select jobs to execute...")
    logger.info("Finished jobid: 3 (Rule: choose)")
    logger.removeHandler(handler)
    logger.setLevel(level)
    assert lines == ["Finished jobid: 3 (Rule: choose)"]


def test_the_parameters_of_a_function_are_asked_once() -> None:
    asked: list[object] = []

    def inspected(function: Callable[..., Any]) -> Mapping[str, Any]:
        asked.append(function)
        return inspect.signature(function).parameters

    parameters = parameters_once(inspected)
    assert [list(parameters(places)) for _ in range(2)] == [["wildcards", "attempt"]] * 2
    assert asked == [places]
    # A method of what has no hash has none either.
    assert [list(parameters(Places().places)) for _ in range(2)] == [["wildcards"]] * 2
    assert len(asked) == 3


def test_a_script_is_read_once_unless_it_depends_on_the_job() -> None:
    asked: list[str] = []

    def read(path: str, *more: object) -> str:
        asked.append(path)
        return f"text of {path}"

    source = source_once(read)
    for path in ("a.py", "a.py", "{b}.py", "{b}.py"):
        assert source(path, None, "folder", None, None) == f"text of {path}"
    assert asked == ["a.py", "{b}.py", "{b}.py"]
    source("a.py", None, "another folder")
    assert asked[-1] == "a.py"
    assert len(asked) == 4


@pytest.mark.parametrize("name", ["job.py", "job.R", "job.ipynb", "job"])
def test_language_of_a_script_is_that_of_snakemake(name: str) -> None:
    metadata = {"language_info": {"name": "R"}}
    source = json.dumps({"metadata": metadata, "nbformat": 4, "nbformat_minor": 4, "cells": []})
    file = snakemake.script.infer_source_file(name)
    snakemakes = snakemake.script.get_language
    assert python_by_name(snakemakes)(file, source) == snakemakes(file, source)


def test_a_script_in_python_imports_nothing_for_notebooks() -> None:
    def asked(source_file: object, source: str) -> str:
        raise AssertionError("asked")

    file = snakemake.script.infer_source_file("job.py")
    assert python_by_name(asked)(file, "") == "python"


def test_all_of_snakemake_asks_the_parameters_of_a_function_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    modules = (snakemake.common, snakemake.jobs, snakemake.rules)
    for module in modules:
        monkeypatch.setattr(module, "get_function_params", module.get_function_params)
    for name in ("get_source", "get_language"):
        monkeypatch.setattr(snakemake.script, name, getattr(snakemake.script, name))
    plan_many_jobs_fast()
    asked: list[object] = []
    signature = inspect.signature

    def counted(function: Callable[..., Any]) -> inspect.Signature:
        asked.append(function)
        return signature(function)

    def fresh(wildcards: object, attempt: int) -> str:
        return ""

    monkeypatch.setattr(inspect, "signature", counted)
    for module in modules:
        assert list(module.get_function_params(fresh)) == ["wildcards", "attempt"]
    for _ in range(2):
        found = snakemake.common.get_input_function_aux_params(fresh, {"attempt": 1, "input": []})
        assert found == {"attempt": 1}
    assert asked == [fresh]


def test_the_profile_sets_all_that_snakemake_takes_from_the_size_of_the_input() -> None:
    # With ten thousand jobs, a third of a dry run would be spent on asking for these sizes.
    profile = yaml.safe_load(PROFILE.read_text("utf-8"))["default-resources"]
    by_size = {name for name, value in Resources.DEFAULTS["full"].items() if "input" in value}
    assert by_size == {"mem", "disk"}
    assert all(isinstance(profile[f"{name}_mb"], int) for name in by_size)


@pytest.mark.parametrize(("refused", "days"), [(True, 0), (False, 10)])
def test_a_refused_snakemake_leaves_the_folders_of_logs(refused: bool, days: int) -> None:
    workflow = SimpleNamespace(executor_settings=SimpleNamespace(delete_logfiles_older_than=10))
    with suppress(SystemExit), keep_slurm_logs_if_refused(workflow):
        if refused:
            sys.exit(1)
    assert workflow.executor_settings.delete_logfiles_older_than == days


def test_without_slurm_a_refusal_ends_snakemake_too() -> None:
    with (
        pytest.raises(SystemExit),
        keep_slurm_logs_if_refused(SimpleNamespace(executor_settings=None)),
    ):
        sys.exit(1)
