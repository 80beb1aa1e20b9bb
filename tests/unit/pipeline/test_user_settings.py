"""A user's own settings: the study's hold, or one line says what to set."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scenery.errors import UserError
from scenery.installation import SOURCE
from scenery.pipeline import user_settings
from scenery.pipeline.user_settings import PINNED, check_process, override_user_settings

# What a job does with Keras, pandas and Matplotlib, in one process: imports take seconds.
JOB = """
import sys
import numpy as np, pandas as pd
from scenery import quiet_tensorflow
import keras
from scenery.reporting.style import new_figure, save, set_title, styled

print(keras.config.backend(), keras.config.floatx(), keras.config.image_data_format(),
      keras.config.epsilon(), keras.layers.Dense(1).dtype_policy.name)
layer = keras.layers.Conv2D(2, 3)
print(layer(np.zeros((1, 8, 8, 3), "float32")).shape, keras.config.max_epochs())
print(pd.Series(["a"]).dtype, sys.stdout.encoding)

@styled
def draw():
    figure = new_figure(3, 3)
    axes = figure.subplots()
    axes.plot([0, 1])
    set_title(figure, "cost in $ and 50 % of class_1")
    return figure

save(draw(), None, sys.argv[1])
"""
KERAS_JSON = {
    "floatx": "float16", "image_data_format": "channels_first", "backend": "theano",
    "epsilon": 0.25,
}  # fmt: skip
HOSTILE = {
    "KERAS_BACKEND": "torch",
    "KERAS_MAX_EPOCHS": "one",
    "MPLBACKEND": "module://no_such_backend",
    "PANDAS_FUTURE_INFER_STRING": "0",
    "SKLEARN_WORKING_MEMORY": "a lot",
    "OMP_NUM_THREADS": "all",
    "LOKY_MAX_CPU_COUNT": "few",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2",
    "PYTHONWARNINGS": "error",
    "PYTHONUTF8": "0",
    "PYTHONIOENCODING": "ascii:strict",
    "LC_ALL": "C",
}


def run_job(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the job with the environment that the workflow makes of a user's."""
    override_user_settings(environment)
    return subprocess.run(
        [sys.executable, "-c", JOB, str(folder / "figure.png")],
        env={**environment, "PYTHONPATH": str(SOURCE), "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_jobs_are_the_same_with_settings_of_the_user(tmp_path: Path) -> None:
    plain, hostile = tmp_path / "plain", tmp_path / "hostile"
    for folder in (plain, hostile):
        folder.mkdir()
    home = tmp_path / "home"
    for file, text in (
        (home / ".keras" / "keras.json", json.dumps(KERAS_JSON)),
        (home / ".config" / "matplotlib" / "matplotlibrc", "text.usetex: True\n"),
        # One in the current folder goes before all others.
        (hostile / "matplotlibrc", "font.size: 40\naxes.facecolor: black\nsavefig.dpi: 9\n"),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    first = run_job(plain, {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "no home")})
    second = run_job(hostile, {"PATH": os.environ["PATH"], "HOME": str(home), **HOSTILE})
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout.splitlines() == [
        "tensorflow float32 channels_last 1e-07 float32",
        "(1, 6, 6, 2) None",
        "str utf-8",
    ]
    assert second.stdout == first.stdout
    assert (plain / "figure.png").read_bytes() == (hostile / "figure.png").read_bytes()


def test_keras_file_that_keras_refuses_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text('{"floatx": "bfloat8"}', encoding="utf-8")
    done = run_job(tmp_path, {"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ERROR: Keras does not start: Invalid `floatx` configuration.")
    assert "remove keras.json" in last


@pytest.mark.parametrize("name", ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"])
def test_matplotlib_has_a_folder_where_the_home_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    environment = {"HOME": str(tmp_path)}
    override_user_settings(environment)
    assert "MPLCONFIGDIR" not in environment
    # No folder can be made below a file, whoever asks.
    environment = {"HOME": str(tmp_path), name: str(tmp_path / "file" / "home")}
    override_user_settings(environment)
    assert environment["MPLCONFIGDIR"] == str(tmp_path / ".snakemake" / "scenery_matplotlib")
    own = {"HOME": "/dev/null/home", "MPLCONFIGDIR": "/somewhere"}
    override_user_settings(own)
    assert own["MPLCONFIGDIR"] == "/somewhere"


def test_override_keeps_what_is_the_users_to_choose() -> None:
    environment = {
        "HOME": "/", "OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "many", "CUDA_VISIBLE_DEVICES": "1",
        "KERAS_HOME": "/weights", "XLA_FLAGS": "--xla_gpu_cuda_data_dir=/cuda",
    }  # fmt: skip
    before = dict(environment)
    override_user_settings(environment)
    del before["MKL_NUM_THREADS"]
    assert environment.items() >= before.items()
    assert environment.items() >= PINNED.items()
    assert "MKL_NUM_THREADS" not in environment


def test_check_process_names_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    check_process()
    before = os.umask(0o277)
    try:
        with pytest.raises(UserError, match=r"umask 0277 takes your own rights .* umask 022"):
            check_process()
    finally:
        os.umask(before)
    monkeypatch.setattr(user_settings.sys, "getfilesystemencoding", lambda: "ascii")
    with pytest.raises(UserError, match=r"is ascii, .* export PYTHONUTF8=1"):
        check_process()
