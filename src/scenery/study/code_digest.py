"""What a rule's results depend on in the code: its script and all first-party modules in use.

Snakemake watches a script by its modification time only and imported modules not at all. So every
rule carries this digest as a parameter: it changes exactly when code that the rule runs changes.
"""

import ast
import functools
import hashlib
from importlib import metadata
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]

# Libraries whose minor version can change a result, under the names they are distributed by.
LIBRARIES = {
    "keras": ("keras",),
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "numpy": ("numpy",),
    "sklearn": ("scikit-learn",),
    "PIL": ("pillow",),
    "imagehash": ("imagehash",),
    "scipy": ("scipy",),
    "skimage": ("scikit-image",),
    "cv2": ("opencv-python-headless",),
}


def code_digest(script: Path) -> str:
    """Digest of a script, of the first-party modules it imports, and of what they build on.

    Comments, docstrings and formatting are left out; of the libraries in LIBRARIES that are
    imported anywhere on the way, the major and minor version counts.

    Returns:
        Sixteen hexadecimal digits.
    """
    first_party, libraries = _reach(script.resolve())
    digest = hashlib.sha256()
    for path in sorted(first_party):
        # Two files may share a name (script and module), and a checkout may lie anywhere.
        name = path.relative_to(SOURCE.parent) if path.is_relative_to(SOURCE.parent) else path.name
        digest.update(f"{name}\0{_normal_form(path)}\0".encode())
    for library in sorted(libraries):
        digest.update(f"{library}\0{_minor_version(library)}\0".encode())
    return digest.hexdigest()[:16]


def first_party_modules(script: Path) -> set[Path]:
    """The script and every module of this project that it imports, directly or not."""
    return _reach(script.resolve())[0]


def presents(script: Path) -> bool:
    """Whether a script shows results rather than makes them."""
    presentation = SOURCE / "scenery" / "presentation"
    return any(path.is_relative_to(presentation) for path in first_party_modules(script))


def _reach(script: Path) -> tuple[set[Path], set[str]]:
    found: set[Path] = set()
    libraries: set[str] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        modules, others = _imports(path)
        libraries |= others
        waiting += modules
    return found, libraries


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@functools.cache
def _imports(path: Path) -> tuple[list[Path], set[str]]:
    modules: list[Path] = []
    libraries: set[str] = set()
    for node in ast.walk(_tree(path)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from package import name`: name may be a module of its own.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            top = name.split(".")[0]
            if top in LIBRARIES:
                libraries.add(top)
            modules += _module_files(name)
    return modules, libraries


def _module_files(name: str) -> list[Path]:
    """A module of this project and the packages around it, which Python runs first."""
    parts = name.split(".")
    if parts[0] != "scenery":
        return []
    packages = [SOURCE.joinpath(*parts[:length], "__init__.py") for length in range(1, len(parts))]
    module = SOURCE.joinpath(*parts)
    return [
        path
        for path in (*packages, module.with_suffix(".py"), module / "__init__.py")
        if path.is_file()
    ]


@functools.cache
def _normal_form(path: Path) -> str:
    tree = _tree(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            # a setting's description is documentation, too
            node.keywords = [k for k in node.keywords if k.arg != "description"]
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                # pass keeps a body that was a docstring only a valid body
                node.body[0] = ast.Pass()
    return ast.dump(tree)


@functools.cache
def _minor_version(library: str) -> str:
    for distribution in LIBRARIES[library]:
        try:
            version = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
        return ".".join(version.split(".")[:2])
    return "missing"
