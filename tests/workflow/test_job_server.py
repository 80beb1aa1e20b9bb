"""Jobs that are forks of the job server: like processes of their own, gone with their caller."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from checkout import REPOSITORY, Checkout, check_out
from forked import starting
from forms import form
from killing import experiments_of

from scenery.pipeline.job_server.server import LATE_VARIABLES
from scenery.pipeline.user_settings import override_user_settings

SEEN = """
import json, os, random, sys, threading
print(json.dumps({
    "argv": sys.argv, "path": sys.path, "folder": os.getcwd(), "name": __name__, "file": __file__,
    "variables": dict(os.environ), "names": sorted(globals()),
    "flags": list(sys.flags), "threads": threading.active_count(),
    "tasks": len(os.listdir("/proc/self/task")),
    "open": sorted(os.listdir("/proc/self/fd")), "said": sys.stdin.read(),
}), flush=True)
"""
OF_LIBRARIES = """
import json, sys
own = sorted(name for name in sys.modules if name.split(".")[0] == "scenery")
there = "tensorflow" in sys.modules
import tensorflow as tf
from tensorflow.python.eager import context
begun = context.context()._context_handle is not None
tf.config.threading.set_intra_op_parallelism_threads(1)
print(json.dumps([own, there, begun]))
"""


@pytest.fixture
def python() -> str:
    """What stands in for Python."""
    if starting.VARIABLE not in os.environ:
        pytest.skip("no server here: SCENERY_PLAIN_JOBS is 1, or the system has no pidfd_open")
    program = Path(os.environ[starting.VARIABLE])
    # The server has just been started if this test runs first. Without it jobs start as usual.
    while not program.with_name("socket").exists():
        time.sleep(0.1)
    return str(program)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Where Snakemake would put a script."""
    path = tmp_path / ".snakemake" / "scripts" / "tmpabc.job.py"
    path.parent.mkdir(parents=True)
    return path


def variables_of_a_job(**more: str) -> dict[str, str]:
    """What a job of a study gets, for which a process with libraries is at work mostly."""
    names = ("OMP_NUM", "GOTO_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM", "NUMEXPR_NUM")
    variables = starting.environment(**{f"{name}_THREADS": "1" for name in names}, **more)
    override_user_settings(variables)
    return variables


def run(python: str, script: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code as a job's script."""
    script.write_text(textwrap.dedent(code), encoding="utf-8")
    return subprocess.run(
        [python, script], cwd=script.parents[2], env=variables_of_a_job(**variables), input="words",
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_a_fork_is_like_a_process_of_its_own(python: str, script: Path) -> None:
    (script.parents[2] / "on the path").mkdir()
    variables = {"PYTHONPATH": str(script.parents[2] / "on the path"), "SCENERY_X": "1"}
    there, here = (
        json.loads(run(one, script, SEEN, **variables).stdout) for one in (python, sys.executable)
    )
    ours, plain = there.pop("variables"), here.pop("variables")
    assert there == here
    # What the shell sets for the program that stands in; and what libraries set for themselves.
    changed = {name for name in plain if ours.get(name) != plain[name]}
    # OpenCV extends the last one at import time.
    assert changed <= {*LATE_VARIABLES, "LD_LIBRARY_PATH"}
    assert ours["PYTHONPATH"] == variables["PYTHONPATH"]
    assert there["said"] == "words"


def test_libraries_are_there_and_nothing_of_ours_or_of_tensorflow_is_at_work(
    python: str, script: Path
) -> None:
    assert json.loads(run(python, script, OF_LIBRARIES).stdout) == [[], True, False]
    assert json.loads(run(sys.executable, script, OF_LIBRARIES).stdout) == [[], False, False]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", 0),
        ("import sys; sys.exit(3)", 3),
        ("import sys; sys.exit('words')", 1),
        ("raise ValueError('words')", 1),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
    ],
)
def test_it_ends_as_a_process_ends(python: str, script: Path, code: str, status: int) -> None:
    there, here = (run(one, script, code) for one in (python, sys.executable))
    assert there.returncode == here.returncode == status
    assert there.stderr == here.stderr


@pytest.mark.parametrize("code", ["1 +", "import nothing_of_this_name"])
def test_code_that_does_not_run(python: str, script: Path, code: str) -> None:
    there, here = (run(one, script, code) for one in (python, sys.executable))
    assert there.returncode == here.returncode == 1
    assert there.stderr.splitlines()[-1] == here.stderr.splitlines()[-1]


def test_what_is_left_to_the_end_is_done(python: str, script: Path) -> None:
    done = run(
        python, script,
        """
        import atexit, threading, time
        atexit.register(print, "last")
        threading.Thread(target=lambda: (time.sleep(0.5), print("thread"))).start()
        print("first")
        """,
    )  # fmt: skip
    assert done.stdout.split() == ["first", "thread", "last"]


def test_a_customized_python_is_customized(python: str, script: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; print(sys.orig_argv[1:], sys.argv)")
    there, here = (
        run(one, script, "print('job')", PYTHONPATH=str(tmp_path)).stdout
        for one in (python, sys.executable)
    )
    assert there == here
    assert there.splitlines()[-1] == "job"


@pytest.mark.parametrize("arguments", [["-c", "print(1)"], ["-S", "-c", "print(1)"]])
def test_anything_else_is_a_plain_start(python: str, arguments: list[str]) -> None:
    said = subprocess.run([python, *arguments], capture_output=True, text=True, check=True)
    assert said.stdout == "1\n"


WAITING = """
import os, signal, time
# print would fail where the signal comes while it writes.
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"told\\n"), os._exit(5)))
print(os.getpid(), flush=True)
time.sleep(300)
"""


def started(command: list[str], script: Path) -> tuple[subprocess.Popen[str], psutil.Process]:
    """A job that waits, and the process that its code runs in."""
    script.write_text(WAITING, encoding="utf-8")
    job = subprocess.Popen(
        [*command, str(script)], env=variables_of_a_job(), stdout=subprocess.PIPE, text=True
    )
    assert job.stdout is not None
    return job, psutil.Process(int(job.stdout.readline()))


def test_a_signal_reaches_the_fork(python: str, script: Path) -> None:
    job, fork = started([python], script)
    assert fork.pid != job.pid
    job.terminate()
    assert job.communicate(timeout=60)[0] == "told\n"
    assert job.returncode == 5


def test_a_fork_ends_when_its_caller_is_killed(python: str, script: Path) -> None:
    job, fork = started([python], script)
    job.kill()
    job.communicate()
    fork.wait(timeout=60)


def test_all_end_when_the_tests_are_killed(script: Path, tmp_path: Path) -> None:
    tests = tmp_path / "tests.py"
    tests.write_text(
        f"""
import os, subprocess, sys, time
sys.path[:0] = {[str(REPOSITORY / "tests"), str(REPOSITORY / "src")]}
from forked import starting
from forms import form
with starting.server():
    subprocess.run([os.environ[starting.VARIABLE], "-m", "snakemake", "--version"], check=True)
    time.sleep(300)
""",
        encoding="utf-8",
    )
    killed = subprocess.Popen([sys.executable, tests], stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    assert killed.stdout.readline().startswith("9.")
    below = psutil.Process(killed.pid).children(recursive=True)
    assert len(below) >= 2
    killed.kill()
    killed.communicate()
    for one in below:
        one.wait(timeout=60)


def test_a_study_gives_the_same_with_and_without_forks(
    python: str, undisturbed: Checkout, tmp_path: Path
) -> None:
    """Byte for byte, but for how long things took; the long form fine-tunes, too."""
    plain = check_out(tmp_path / "plain", "faults.yaml")
    # Jobs that compute with TensorFlow, and those before them.
    test = f"results/experiments/{form('heads', 'network')}/test/metrics.json"
    plain.snakemake(test, forked=False, environment={"SCENERY_PLAIN_JOBS": "1"})
    there, here = experiments_of(undisturbed), experiments_of(plain)
    assert {file: there[file] for file in here} == here
    assert {Path(file).name for file in here} >= {"chosen.yaml", "predictions.csv", "metrics.json"}
    for pattern in ("data/**/*.npy", "features/**/*.npy", "data/*.csv", "data/generated/**/*.png"):
        files = sorted((plain.folder / "results").glob(pattern))
        assert files
        for path in files:
            other = undisturbed.folder / path.relative_to(plain.folder)
            assert path.read_bytes() == other.read_bytes(), path
