"""Jobs of classical models start without TensorFlow."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
REFUSE = """
import importlib, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras"):
            raise ImportError(f"{name} is imported")

sys.meta_path.insert(0, Refuse())
sys.path[:0] = sys.argv[2:]
importlib.import_module(sys.argv[1])
"""


@pytest.mark.parametrize(
    "script", ["learn_codebook", "encode_features", "fit_classifiers", "refit_classifier"]
)
def test_script_of_a_classical_job_imports_no_tensorflow(script: str) -> None:
    paths = [str(ROOT / "src"), str(ROOT / "workflow/scripts")]
    subprocess.run([sys.executable, "-c", REFUSE, script, *paths], check=True, cwd=ROOT)
