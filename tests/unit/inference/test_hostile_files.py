"""Files in results or from elsewhere that try to run code: nothing of theirs is run."""

import ast
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from scenery.classical import classifiers, codebooks
from scenery.data.feature_files import read_features
from scenery.data.packed_images import open_packed
from scenery.errors import UserError
from scenery.inference.final_model import load_final
from scenery.models.weights import load_weights
from scenery.pipeline.preflight import SAFE_LOADER, chosen_settings
from scenery.reporting.reading import read_pictures
from scenery.training.checkpoints import kept_weights

SOURCE = Path(__file__).resolve().parents[3]
TABLE = pd.DataFrame({"file": ["a"], "label": [0], "row": [0]})


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that hostile code would make, in an own working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "trapped"


class Pickled:
    """What makes a folder as soon as it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, ("trapped",)


def test_the_trap_works(trap: Path) -> None:
    np.save("a.npy", np.array([Pickled()], dtype=object))
    np.load("a.npy", allow_pickle=True)
    assert trap.exists()


def lambda_model() -> keras.Model:
    """A model that makes a folder when it is called."""
    attack = lambda x: (__import__("os").makedirs("trapped", exist_ok=True), x)[1]  # noqa: E731
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Lambda(attack, output_shape=(4,))(inputs))


def test_a_model_with_code_in_it_is_refused(trap: Path) -> None:
    lambda_model().save("model.keras")
    shutil.rmtree(trap, ignore_errors=True)
    keras.models.load_model("model.keras", safe_mode=False)(np.zeros((1, 4)))
    assert trap.exists()
    trap.rmdir()
    with pytest.raises(UserError, match=r"model.keras: .*asks for code, which is never run"):
        load_final("model.keras")
    assert not trap.exists()


@pytest.mark.parametrize(
    "part",
    [
        {"module": "os", "class_name": "function", "config": "mkdir", "registered_name": "mkdir"},
        {"module": "builtins", "class_name": "function", "config": "exec", "registered_name": None},
        {"class_name": "__lambda__", "config": {"value": "4wEA", "defaults": None}},
    ],
    ids=["a function of os", "exec", "marshalled code"],
)
def test_a_model_whose_layer_names_a_function_is_refused(trap: Path, part: dict[str, Any]) -> None:
    inputs = keras.Input((4,))
    keras.Model(inputs, keras.layers.Dense(2, activation="relu")(inputs)).save("good.keras")
    with zipfile.ZipFile("good.keras") as good, zipfile.ZipFile("bad.keras", "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"]["layers"][1]["config"]["activation"] = part
                content = json.dumps(config).encode()
            bad.writestr(name, content)
    assert load_final("good.keras") is not None
    with pytest.raises(UserError, match=r"bad.keras: this model is damaged, or asks for code"):
        load_final("bad.keras")
    assert not trap.exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_a_damaged_model_is_one_line(trap: Path, content: bytes) -> None:
    Path("model.keras").write_bytes(content)
    with pytest.raises(UserError, match=r"model.keras: this model is damaged") as error:
        load_final("model.keras")
    assert "\n" not in str(error.value)


def test_weights_are_read_from_a_whole_model_without_its_code(trap: Path) -> None:
    inputs = keras.Input((4,))
    network = keras.Model(inputs, keras.layers.Dense(2, name="one")(inputs))
    other = keras.Model(inputs, keras.layers.Dense(2, name="one")(inputs))
    other.save("whole.h5")
    attack = json.loads(json.dumps(lambda_model().get_config(), default=str))
    shutil.rmtree(trap, ignore_errors=True)
    with h5py.File("whole.h5", "r+") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": attack})
        file.attrs["pickled"] = np.void(b"cos\nmkdir\n(S'trapped'\ntR.")
    load_weights(network, "whole.h5")
    assert (network.get_weights()[0] == other.get_weights()[0]).all()
    assert not trap.exists()


def test_pickled_arrays_are_refused(trap: Path) -> None:
    hostile = np.array([Pickled()], dtype=object)
    np.save("a.npy", hostile)
    Path("a.json").write_text('{"views": 0}')
    state = Path("checkpoints/epoch_00001")
    state.mkdir(parents=True)
    np.savez(state / "best.npz", a=hostile)
    np.savez("mistakes.npz", files=hostile, pictures=hostile)
    readers = [
        lambda: open_packed("a.npy", TABLE),
        lambda: read_features(Path("a.npy"), Path("a.json"), TABLE),
        lambda: kept_weights("checkpoints"),
        lambda: read_pictures("mistakes.npz"),
    ]
    for read in readers:
        with pytest.raises(
            ValueError, match=r"[Pp]ickle|Python objects in dtype|Array can't be memory"
        ):
            read()
    assert not trap.exists()


def test_classical_models_and_codebooks_hold_no_code(trap: Path) -> None:
    step = FunctionTransformer(os.mkdir)
    skops.io.dump(Pipeline([("attack", step)]), "model.skops")
    with pytest.raises(UserError, match=r"model.skops: it holds .*mkdir"):
        classifiers.load("model.skops")
    skops.io.dump({"projection": None, "words": step}, "codebook.skops")
    with pytest.raises(UserError, match=r"codebook.skops: this file holds no codebook"):
        codebooks.load_codebook(Path("codebook.skops"))
    assert not trap.exists()


def test_yaml_that_asks_for_python_is_refused(trap: Path) -> None:
    Path("chosen.yaml").write_text("settings: !!python/object/apply:os.mkdir [trapped]\n")
    with pytest.raises(yaml.constructor.ConstructorError):
        chosen_settings("chosen.yaml")
    assert not trap.exists()


# Calls that run what a file says, and how each is written where it is safe.
RUNS_CODE = {
    "load_model": ("safe_mode", True),
    "np.load": ("allow_pickle", False),
    "yaml.load": ("Loader", "SAFE_LOADER"),
}
NEVER = (
    "eval", "exec", "yaml.unsafe_load", "yaml.full_load", "pickle.load",
    "pickle.loads", "joblib.load", "marshal.loads", "shelve.open", "os.system", "pd.read_pickle",
    "keras.config.enable_unsafe_deserialization", "torch.load", "__import__",
)  # fmt: skip


def calls() -> list[tuple[str, str, ast.Call]]:
    found = []
    for folder in ("src", "workflow"):
        for path in sorted((SOURCE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    place = f"{path.relative_to(SOURCE)}:{node.lineno}"
                    found.append((place, ast.unparse(node.func), node))
    return found


def test_no_code_of_the_project_runs_what_a_file_says() -> None:
    seen = set()
    for place, name, call in calls():
        # The job server runs the scripts that Snakemake would give to Python.
        script = name == "exec" and place.startswith("src/scenery/pipeline/job_server/template.py")
        assert script or name not in NEVER, f"{place}: {name}"
        words = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert words.get("shell") != "True", f"{place}: a shell"
        assert words.get("trusted") != "True", f"{place}: trusts all types"
        for function, (word, safe) in RUNS_CODE.items():
            if name.endswith(function):
                seen.add(function)
                assert words.get(word) == str(safe), f"{place}: {name} without {word}={safe}"
    assert seen == set(RUNS_CODE)
    assert issubclass(SAFE_LOADER, (yaml.SafeLoader, yaml.CSafeLoader))
