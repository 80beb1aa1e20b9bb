"""How often Snakemake looks for jobs to start."""

from pathlib import Path

from small_snakefile import run_snakemake

SNAKEFILE = """
from snakemake.scheduling.job_scheduler import JobScheduler
from scenery.pipeline.snakemake_internals import look_again_when_limited

look_again_when_limited()
select = JobScheduler.job_selector


def counted(scheduler, jobs):
    with open("looks.log", "a") as file:
        file.write("look\\n")
    return select(scheduler, jobs)


JobScheduler.job_selector = counted


rule all:
    input: expand("{number}.txt", number=range(12))


rule one:
    output: "{number}.txt"
    shell: "sleep 0.4; touch {output}"
"""


def looks(folder: Path, *options: str) -> int:
    """How often Snakemake selects jobs to start, until all twelve have run."""
    (folder / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    run_snakemake(folder, *options)
    assert len(list(folder.glob("*.txt"))) == 12
    return len((folder / "looks.log").read_text(encoding="utf-8").splitlines())


def test_jobs_that_wait_for_a_processor_are_looked_for_once_for_each_that_ends(
    tmp_path: Path,
) -> None:
    # Twelve and `all`. Without the change, some forty times.
    assert 13 <= looks(tmp_path, "--cores", "1") <= 16


def test_jobs_that_wait_for_a_limit_start_after_its_time(tmp_path: Path) -> None:
    assert 3 <= looks(tmp_path, "--cores", "12", "--max-jobs-per-timespan", "5/1s") <= 20
