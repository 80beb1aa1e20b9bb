"""Where the files of the workflow are: at the top of a clone, or inside the installed package.

Standard library only: the Snakefile and the command line read it in every call.
"""

import tomllib
from importlib import metadata, util
from pathlib import Path

# The folder that `import scenery` looks in: src of a clone, or site-packages.
SOURCE = Path(__file__).resolve().parents[1]
IN_CLONE = SOURCE.name == "src" and (SOURCE.parent / "workflow" / "Snakefile").is_file()
# The folder with Snakefile, workflow/, config/ and profiles/.
PROJECT = SOURCE.parent if IN_CLONE else SOURCE / "scenery" / "_workflow"
SNAKEFILE = PROJECT / "Snakefile"
WORKFLOW = PROJECT / "workflow"
PROFILES = PROJECT / "profiles"
# The packages that optional dependencies, such as scenery[onnx], install.
EXTRAS = {
    "onnx": ("onnx", "onnxruntime", "tf2onnx"),
    "serve": ("starlette", "uvicorn"),
    "hub": ("keras_hub",),
}
# Extras with which pip would install a second TensorFlow, unlike requirements/.
PINNED = ("hub",)


def version() -> str:
    """The version of Scenery; `unknown` for a copy of the code without pyproject.toml."""
    if IN_CLONE:
        try:
            text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
        except OSError:
            return "unknown"
        return str(tomllib.loads(text)["project"]["version"])
    try:
        return metadata.version("scenery")
    except metadata.PackageNotFoundError:
        return "unknown"


def missing_packages(extra: str) -> str:
    """Which packages of optional dependencies are missing and how to get them; "" with all.

    Args:
        extra: A key of `EXTRAS`.
    """
    missing = [name for name in EXTRAS[extra] if util.find_spec(name) is None]
    if not missing:
        return ""
    pip = f"'scenery[{extra}]'"
    if extra in PINNED:
        pip = f"--no-deps -r requirements/{extra}.txt"
    return (
        f"needs packages that are not installed: {', '.join(missing)}; install them with "
        f"pip install {pip}, in a clone with make .venv/.{extra}"
    )
