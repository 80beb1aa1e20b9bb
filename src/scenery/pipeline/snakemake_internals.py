"""The few places where Scenery touches what Snakemake does not offer by an interface."""

import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import snakemake.api  # Before the others, which import each other.
import snakemake.common
import snakemake.jobs
import snakemake.rules
import snakemake.script
from snakemake.dag import DAG
from snakemake.io import is_flagged
from snakemake.scheduling.job_scheduler import JobScheduler

from scenery.pipeline.preflight import local_gpus
from scenery.pipeline.user_settings import override_user_settings

# Snakemake writes this for each job. The lines about the job itself follow.
NOTICE = "Select jobs to execute..."


def plan_many_jobs_fast() -> None:
    """Save time with the graph of ten thousand jobs.

    For each job, Snakemake inspects the parameters of the same few functions and reads the same
    few scripts, which is a tenth of a dry run. To tell the language of a script, it imports a
    library for notebooks, which takes a tenth of a second.
    """
    parameters = parameters_once(snakemake.common.get_function_params)
    for module in (snakemake.common, snakemake.jobs, snakemake.rules):
        module.get_function_params = parameters
    snakemake.script.get_source = source_once(snakemake.script.get_source)
    snakemake.script.get_language = python_by_name(snakemake.script.get_language)


Parameters = Callable[[Callable[..., Any]], Mapping[str, Any]]


def parameters_once(inspected: Parameters) -> Parameters:
    """Snakemake's function for the parameters of a function, asked once for each function."""
    known: dict[Callable[..., Any], Mapping[str, Any]] = {}

    def parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
        try:
            return known[function]
        except KeyError:
            return known.setdefault(function, inspected(function))
        except TypeError:  # It has no hash.
            return inspected(function)

    return parameters


def source_once(read: Callable[..., Any]) -> Callable[..., Any]:
    """Snakemake's function for the text of a script, asked once for each script."""
    known: dict[tuple[str, str], Any] = {}

    def source(
        path: Any, sourcecache: Any, basedir: Any = None, wildcards: Any = None, params: Any = None
    ) -> Any:
        key = str(path), str(basedir)
        if "{" in key[0]:
            # The script depends on the job.
            return read(path, sourcecache, basedir, wildcards, params)
        if key not in known:
            known[key] = read(path, sourcecache, basedir, wildcards, params)
        return known[key]

    return source


def python_by_name(language_of: Callable[[Any, str], str | None]) -> Callable[..., str | None]:
    """Snakemake's function for the language of a script, not asked for scripts in Python."""

    def language(source_file: Any, source: str) -> str | None:
        if source_file.get_filename().endswith(".py"):
            return "python"
        return language_of(source_file, source)

    return language


def resolve_checkpoints_in_order() -> None:
    """Let jobs wait for a checkpoint that itself waits for another one.

    A checkpoint whose inputs depend on another checkpoint cannot be known to be up to date before
    they are known. Snakemake takes it for up to date if its output is there. Jobs after it are
    then planned with its old output, and nothing runs them again if its new output differs.
    """
    DAG.update_checkpoint_dependencies = in_order(DAG.update_checkpoint_dependencies)


def in_order(update: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
    """Snakemake's method that tells the jobs after a checkpoint what its output is.

    Args:
        update: The method. It is called once for each level of checkpoints that are up to date.
    """

    async def update_in_order(dag: DAG, jobs: Any = None) -> bool:
        # Most jobs that end are no checkpoints, and nothing waits for them to be known.
        if jobs is not None and not any(job.is_checkpoint for job in jobs):
            return await update(dag, jobs)
        with _waiting_is_stale(dag):
            updated = await update(dag, jobs)
        while up_to_date := await _newly_up_to_date(dag):
            with _waiting_is_stale(dag):
                updated = await update(dag, up_to_date) or updated
        return updated

    return update_in_order


def _waits(job: Any) -> bool:
    """Whether inputs of a job are unknown until a checkpoint has run."""
    return any(is_flagged(file, "checkpoint_target") for file in job.input)


@contextmanager
def _waiting_is_stale(dag: DAG) -> Iterator[None]:
    """While `dag` looks for checkpoints with output, one that waits for another counts as stale."""
    needrun, finish_update = dag.needrun, dag.postprocess_after_update

    async def finish() -> None:
        # What follows decides which jobs run.
        dag.needrun = needrun
        await finish_update()

    dag.needrun = lambda job: needrun(job) or (job.is_checkpoint and _waits(job))
    dag.postprocess_after_update = finish
    try:
        yield
    finally:
        del dag.postprocess_after_update
        del dag.needrun


async def _newly_up_to_date(dag: DAG) -> list[Any]:
    """Checkpoints that are now known to be up to date; the jobs after them do not know it yet."""
    known = dag.workflow.checkpoints.created_output
    found = (
        job
        for job in dag.jobs
        if job.is_checkpoint
        and not dag.needrun(job)
        and not _waits(job)
        and not known.issuperset(job.output)
    )
    return [job for job in found if all([await file.exists() for file in job.output])]


def look_again_when_limited() -> None:
    """Let the scheduler look for jobs to start only when something has changed.

    While jobs wait for a processor, Snakemake looks again after each second, because the number of
    jobs that start in a second is limited. Each look plans the next one, and each job that ends
    adds another look for each second. With many jobs, Snakemake itself then uses a processor.
    """
    JobScheduler._schedule_reevalutation = when_limited(JobScheduler._schedule_reevalutation)


def when_limited(plan: Callable[[Any, float], None]) -> Callable[[Any, float], None]:
    """Snakemake's method that plans another look, used where the limit holds jobs back.

    Args:
        plan: The method, of a scheduler and a delay in seconds.
    """

    def plan_when_limited(scheduler: Any, delay: float) -> None:
        limiter = scheduler.job_rate_limiter
        # Another delay is for files that Snakemake waits for.
        if limiter is not None and delay == limiter.timespan:
            now = time.monotonic()
            planned = vars(scheduler).get("next_look", now) > now
            if planned or limiter.get_free_jobs():
                return
            scheduler.next_look = now + delay
        plan(scheduler, delay)

    return plan_when_limited


def look_behind_ancient_files() -> None:
    """Let a job run for its own reasons even if it reads an ancient file of a job that runs.

    Snakemake does not look for reasons of jobs after one that runs, because they run anyway. It
    forgets that a job after an ancient file does not, so its output may be missing or stale when
    all has run (issue 4166 of Snakemake).
    """
    DAG.update_needrun = behind_ancient(DAG.update_needrun)


def behind_ancient(update: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Snakemake's method that finds the jobs to run.

    Args:
        update: The method. It asks `bfs` for the jobs that run because another one does.
    """

    async def update_behind_ancient(dag: DAG, *arguments: Any, **options: Any) -> None:
        dag.bfs = lambda direction, *jobs: _jobs_to_follow(direction, jobs)
        try:
            await update(dag, *arguments, **options)
        finally:
            del dag.bfs

    return update_behind_ancient


def _jobs_to_follow(direction: Mapping[Any, Mapping[Any, Any]], jobs: Iterable[Any]) -> set[Any]:
    """The jobs, and those that run because of them: by files that are not ancient."""
    found, waiting = set(jobs), list(jobs)
    while waiting:
        for job, files in direction[waiting.pop()].items():
            if job not in found and not all(file.is_ancient for file in files):
                found.add(job)
                waiting.append(job)
    return found


def drop_notices() -> None:
    """Leave a line without content out of the output of Snakemake."""
    logging.getLogger("snakemake.logging").addFilter(_has_content)


def _has_content(record: logging.LogRecord) -> bool:
    return record.getMessage() != NOTICE


def submits_jobs(workflow: Any) -> bool:
    """Whether jobs go to a cluster: Snakemake sets `nodes` there and nowhere else."""
    return workflow.resource_settings.nodes is not None


@contextmanager
def keep_slurm_logs_if_refused(workflow: Any) -> Iterator[None]:
    """Leave the folder of Slurm's logs as it is where the block ends Snakemake.

    At its end, the Slurm plugin removes empty folders there. The jobs of another Snakemake that
    wait in the queue will write their logs into them, and fail where they are gone.
    """
    try:
        yield
    except SystemExit:
        if hasattr(workflow.executor_settings, "delete_logfiles_older_than"):
            workflow.executor_settings.delete_logfiles_older_than = 0
        raise


def number_of_jobs(workflow: Any) -> int:
    """The jobs that this run will start, as far as it is known before they run."""
    return sum(1 for _ in workflow.dag.needrun_jobs())


def config_file_name(workflow: Any) -> str:
    """The config file, relative to the working directory where it lies below it.

    Neither messages nor slides should hold the folders of one machine. Snakemake keeps the list
    of config files to itself.
    """
    if not workflow.configfiles:
        return "--config"
    path = Path(str(workflow.configfiles[-1]))
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def prepare_resources(workflow: Any, stand_ins: Path) -> None:
    """Set the resources of this run before any job is planned.

    Args:
        workflow: Snakemake's workflow.
        stand_ins: Folder of programs that stand in for Slurm's, to be found first.
    """
    if submits_jobs(workflow):
        # `cores: all` means this machine's, of which a job elsewhere knows nothing.
        workflow.resource_settings.cores = None
        workflow.global_resources["_cores"] = None
        os.environ["PATH"] = os.pathsep.join([str(stand_ins), os.environ["PATH"]])
    elif local_gpus() and workflow.global_resources.get("gpu") is None:
        # Jobs that fine-tune ask for a GPU each. Where the jobs run on this machine and it has
        # GPUs, no more of them run at once than it has. Where it has none, they run on its
        # processor.
        workflow.global_resources["gpu"] = local_gpus()


def prepare_environment(source: Path) -> None:
    """Set the environment of scripts, which run in processes of their own, on other machines too.

    Args:
        source: Folder from which Python imports the package.
    """
    path = [str(source), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path).rstrip(os.pathsep)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    override_user_settings(os.environ)
