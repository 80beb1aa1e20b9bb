"""Studies on a real Slurm: whole, disturbed, killed, without a controller, twice at once.

The folders' studies run side by side from the start, since most of their time is waiting; each
test then looks at one of them.
"""

import csv
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import psutil
import pytest
from slurm.cluster import CHOSEN, LAYOUT, TEST_IMAGES, Call, Folder, control, slurm_says, until

pytestmark = pytest.mark.slurm

TRAINED = ("fine_tune", "refit_network", "extract_features")


@pytest.fixture(scope="module")
def whole(make_folder: Callable[[str], Folder]) -> tuple[Folder, Call]:
    """The whole study, undisturbed."""
    folder = make_folder("whole")
    # Made anew, for this study is to run all rules.
    for name in ("results", ".snakemake", "logs"):
        shutil.rmtree(folder.path / name, ignore_errors=True)
    return folder, folder.start(targets=(), study="whole.yaml")


@pytest.fixture(scope="module")
def disturbed(make_folder: Callable[[str], Folder]) -> tuple[Folder, Call]:
    """A study of two trials, each of which loses its first job; see `disturb`."""
    folder = make_folder("disturbed")
    return folder, folder.start(targets=[CHOSEN], forked=False)


@pytest.fixture(scope="module")
def losses(disturbed: tuple[Folder, Call]) -> Iterator[Future[tuple[str, str]]]:
    """The two trials of which the jobs were lost: canceled, and killed."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(disturb, *disturbed)


def disturb(folder: Folder, call: Call) -> tuple[str, str]:
    """Cancel the job of one trial and kill the process of the other, as the kernel does for want
    of memory, each in the middle of its training. One may have ended before the other begins."""
    canceled = until(lambda: trained(folder, 2), call)[0]
    slurm_says("scancel", number_of(folder, canceled))
    (killed,) = until(lambda: set(trained(folder, 2)) - {canceled}, call)
    python_of(number_of(folder, killed)).kill()
    return canceled, killed


@pytest.fixture(scope="module")
def killed(make_folder: Callable[[str], Folder]) -> tuple[Folder, Call]:
    """A study that will lose its Snakemake; one of its jobs does not begin before that."""
    folder = make_folder("killed")
    later = "pack:slurm_extra='--begin=now+3600'"
    call = folder.start("--set-resources", later, targets=[CHOSEN, TEST_IMAGES])
    return folder, call


@pytest.fixture(scope="module", autouse=True)
def all_at_work(disturbed: object, losses: object, whole: object) -> None:
    """Start the studies side by side, but for `killed`: it must not be over before its test."""


def history(folder: Folder, trial: str) -> list[dict[str, str]]:
    """A trial's epochs without the time that they took."""
    path = folder.file(f"experiments/tune/fine_tune/{trial}/history.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(stream)]


def trained(folder: Folder, epochs: int) -> list[str]:
    """The trials at work of which so many epochs are on disk."""
    checkpoints = folder.path / LAYOUT.checkpoints("tune")
    found = sorted(path.name for path in checkpoints.glob("MobileNet-*"))
    return [trial for trial in found if folder.epochs(trial) >= epochs]


def number_of(folder: Folder, trial: str) -> str:
    """The number of a trial's first job."""
    numbers = {job.wildcards: job.number for job in reversed(folder.jobs("fine_tune"))}
    return numbers[f"tune_{trial}"]


def trials_at_work(folder: Folder, call: Call) -> list[str]:
    """Both trials, once their jobs run and two epochs of one are on disk."""

    def found() -> list[str]:
        jobs = folder.jobs("fine_tune")
        running = [job.wildcards.removeprefix("tune_") for job in jobs if job.state == "RUNNING"]
        return running if len(running) == 2 and trained(folder, 2) else []

    return until(found, call)


def log_of(folder: Folder, trial: str) -> str:
    """What the last job of a trial said."""
    return (folder.path / f"logs/small/fine_tune/tune/{trial}.log").read_text(encoding="utf-8")


def python_of(number: str) -> psutil.Process:
    """The process in which a job's script runs."""
    for process in psutil.process_iter(["cmdline"]):
        try:
            if ".fine_tune.py" not in " ".join(process.info["cmdline"] or [""])[-200:]:
                continue
            if process.environ().get("SLURM_JOB_ID") == number and "bash" not in process.name():
                return process
        except psutil.Error:
            continue
    pytest.fail(f"no process of job {number}")


def test_another_snakemake_on_the_same_files_is_refused(whole: tuple[Folder, Call]) -> None:
    folder, call = whole
    until(lambda: list((folder.path / ".snakemake/scenery").glob("*.json")), call)
    second = folder.start(targets=(), study="whole.yaml")
    assert second.wait() != 0
    # The process is a fork, of which the number is not that of the call.
    assert re.search(r"Snakemake is at work: process \d+ on ", second.output)
    assert "Directory cannot be locked" in second.output


def test_another_study_in_the_same_folder_is_refused(disturbed: tuple[Folder, Call]) -> None:
    folder, call = disturbed
    until(lambda: list((folder.path / ".snakemake/scenery").glob("*.json")), call)
    text = (folder.path / "study.yaml").read_text(encoding="utf-8")
    other = text.replace("results/small", "results/other")
    (folder.path / "other.yaml").write_text(other, encoding="utf-8")
    # Where a job of the first one that waits in the queue would write its log.
    log = folder.path / "logs/slurm/rule_waiting/in_queue"
    log.mkdir(parents=True)
    target = "results/other/data/catalogue.csv"
    second = folder.start(targets=[target], study="other.yaml")
    assert second.wait() != 0
    assert "Another Snakemake is at work in this folder" in second.output
    assert f"process {call.process.pid} on " in second.output
    assert "Traceback" not in second.output
    assert not (folder.path / target).exists()
    assert log.is_dir()


def test_a_killed_snakemake_is_followed_up(killed: tuple[Folder, Call]) -> None:
    folder, first = killed
    split = folder.file("data/split.csv").stat().st_mtime_ns
    trials = trials_at_work(folder, first)
    until(lambda: folder.jobs("pack"), first)
    first.kill()
    assert [job.state for job in folder.jobs("pack")] == ["PENDING"]
    assert [job.state for job in folder.jobs("fine_tune")] == ["RUNNING"] * 2

    second = folder.start(targets=[CHOSEN, TEST_IMAGES])
    assert second.wait() == 0, second.output
    assert "its lock is lifted" in second.output
    assert "Cancelling jobs that a killed Snakemake left in the queue" in second.output
    # On a busy machine they have ended before the second call looks; then they ran once.
    waited = "Waiting for jobs that a killed Snakemake left running" in second.output
    assert waited or len(folder.jobs("fine_tune")) == 2
    assert [job.state for job in folder.jobs("pack")] == ["CANCELLED", "COMPLETED"]
    for trial in trials:
        jobs = [job for job in folder.jobs("fine_tune") if job.wildcards == f"tune_{trial}"]
        # A job that ended before the second call looked is taken as whole. Where Snakemake still
        # notes it as incomplete it runs once more, to find that it was trained already.
        assert [job.state for job in jobs] in (["COMPLETED"], ["COMPLETED", "COMPLETED"])
        assert len(jobs) == 1 or "found the results of a job" in log_of(folder, trial)
        assert len(history(folder, trial)) == 25
    assert folder.file("data/split.csv").stat().st_mtime_ns == split
    assert not folder.jobs("catalogue")
    assert not list((folder.path / ".snakemake/scenery").glob("*.json"))


def test_lost_jobs_go_on_from_their_last_epoch(
    disturbed: tuple[Folder, Call],
    losses: Future[tuple[str, str]],
    whole: tuple[Folder, Call],
) -> None:
    folder, call = disturbed
    canceled, out_of_memory = losses.result()
    assert call.wait() == 0, call.output
    assert whole[1].wait() == 0, whole[1].output
    for trial, states in (
        (canceled, ["CANCELLED", "COMPLETED"]),
        (out_of_memory, ["FAILED", "COMPLETED"]),
    ):
        jobs = [job for job in folder.jobs("fine_tune") if job.wildcards == f"tune_{trial}"]
        assert [job.state for job in jobs] == states
        assert [job.memory for job in jobs] == ["8000M", "16000M"]
        assert [job.limit for job in jobs] == ["4:00:00", "8:00:00"]
        assert [job.gpus for job in jobs] == [1, 1]
        _, _, after = log_of(folder, trial).partition("continuing after epoch ")
        assert int(after.split()[0]) >= 2
        assert len(history(folder, trial)) == 25
        assert history(folder, trial) == history(whole[0], trial)


def test_the_whole_study_ran(whole: tuple[Folder, Call]) -> None:
    folder, call = whole
    assert call.wait() == 0, call.output
    for name in ("summary.csv", "slides.pdf", "slides.pptx", "report.html"):
        assert folder.file(name).stat().st_size > 100
    with folder.file("summary.csv").open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 3
    jobs = folder.jobs()
    assert {job.state for job in jobs} == {"COMPLETED"}
    tuned = [job for job in jobs if job.rule == "fine_tune"]
    assert len({job.wildcards for job in tuned}) == len(tuned) == 2
    for job in jobs:
        assert job.gpus == (1 if job.rule in TRAINED else 0), job
    # However few processors the machine has on which Snakemake runs.
    assert {job.processors for job in tuned} == {4}
    rules = {job.rule for job in jobs}
    assert {"catalogue", "pack", "train_heads", "refit_head", "evaluate", *TRAINED} <= rules
    # Light rules are none of Slurm's business.
    light = {"draw_scenes", "split", "choose", "list_trials", "summarize", "make_slides", "report"}
    assert rules.isdisjoint(light)
    # Slurm gave each its own of the pretended GPUs, of which TensorFlow sees none.
    trial = tuned[0].wildcards.removeprefix("tune_")
    assert "this job asked for a GPU and TensorFlow sees none (CUDA_VISIBLE_DEVICES: " in (
        log_of(folder, trial)
    )


def test_the_study_survives_a_controller_that_is_away(make_folder: Callable[[str], Folder]) -> None:
    folder = make_folder("away")
    call = folder.start(targets=[CHOSEN])
    trials = trials_at_work(folder, call)
    control("controller", "stop")
    try:
        # Nor does a submission in that time fail: it waits.
        submission = subprocess.Popen(
            [folder.path / "workflow/slurm/sbatch", "--parsable", "--wrap", "true"],
            cwd=folder.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        time.sleep(12)
        assert submission.poll() is None
    finally:
        control("controller", "start")
    out, err = submission.communicate(timeout=60)
    assert (submission.returncode, out.strip().isdigit()) == (0, True), err
    assert "waiting for Slurm" in err
    assert call.wait() == 0, call.output
    assert [job.state for job in folder.jobs("fine_tune")] == ["COMPLETED"] * len(trials)


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        (
            ("--default-resources", "slurm_partition=nosuch", "mem_mb=500", "runtime=5"),
            ("invalid partition specified: nosuch", "set slurm_partition"),
        ),
        (("--set-resources", "pack:mem_mb=999999999"), ("Memory specification", "lower mem_mb")),
        (("--set-threads", "pack=99"), ("requested than permitted", "lower set-threads")),
        (
            ("--set-resources", "pack:gpu=1", "pack:gpu_model=a100"),
            ("Requested node configuration is not available", "gpu_model"),
        ),
    ],
)
def test_a_refusal_says_what_to_set_and_where(
    make_folder: Callable[[str], Folder], options: tuple[str, ...], messages: tuple[str, ...]
) -> None:
    folder = make_folder("refused_" + "".join(c for c in options[1] if c.isalnum()))
    call = folder.start("--retries", "0", *options, targets=[TEST_IMAGES])
    assert call.wait(90) != 0
    for message in (*messages, "profiles/slurm/config.yaml"):
        assert message in call.output
