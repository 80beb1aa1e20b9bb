"""What a rule's results depend on in the code: its script and all first-party modules in use.

Snakemake watches a script by its modification time only and imported modules not at all. So every
rule carries this digest as a parameter: it changes exactly when code that the rule runs changes.
"""

import ast
import functools
import hashlib
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from scenery.installation import SOURCE, WORKFLOW
from scenery.json_cache import load, save

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
    "optuna": ("optuna",),
    "cmaes": ("cmaes",),
}
# Of the files of the package, in its digests.
PREFIX = f"{SOURCE.as_posix()}/"
# The entry of the cache for scripts; all others are of single files, by their content.
SCRIPTS = "scripts"


@dataclass(frozen=True)
class CodeFacts:
    """What one file of code says.

    Attributes:
        form: Digest of its normal form.
        names: The modules that it imports, or names in them, dotted.
    """

    form: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class ScriptFacts:
    """What a script and the first-party modules that it builds on say.

    Attributes:
        digest: Sixteen hexadecimal digits.
        presents: Whether it shows results rather than makes them.
    """

    digest: str
    presents: bool


class CodeDigests:
    """Digests of scripts and of all first-party code that they run.

    To read all files as code takes most of a second, and to follow the imports of all scripts a
    third of one, in every call of Snakemake and every job on a cluster. So what a file says is
    cached by its content, and what scripts say by the content of all files.

    Args:
        cache: File of the cache; one that is missing, broken or not writable costs time, never a
            wrong answer. Without it nothing is cached.
        scripts: Folder of the rules' scripts.
    """

    def __init__(self, cache: Path | None = None, scripts: Path = WORKFLOW / "scripts") -> None:
        self.scripts = scripts
        self._cache = cache
        self._cached = load(cache) if cache else {}
        self._scripts = self._cached_scripts() if cache else {}
        # By the text of a path, of which Python compares thousands faster than of paths.
        self._facts: dict[str, CodeFacts] = {}
        self._imports: dict[str, tuple[str, ...]] = {}
        self._changed = False

    def of_rule(self, rule: str, *modules: str) -> str:
        """Digest of the script of a rule, as of `of`."""
        return self.of(self.scripts / f"{rule}.py", *modules)

    def of_captions(self, *folders: Path) -> str:
        """Digest of the report's captions. A changed caption makes only the report stale."""
        paths = [path for folder in folders for path in sorted(folder.glob("*.rst"))]
        content = b"\0".join(path.read_bytes() for path in paths)
        return hashlib.sha256(content).hexdigest()[:16]

    def of(self, script: Path, *modules: str) -> str:
        """Digest of a script, of the first-party modules it imports, and of what they build on.

        Comments, docstrings and formatting are left out; of the libraries in LIBRARIES that are
        imported anywhere on the way, the major and minor version counts.

        Returns:
            Sixteen hexadecimal digits.
        """
        return self._script(script, modules).digest

    def presents(self, script: Path) -> bool:
        """Whether a script shows results rather than makes them."""
        return self._script(script, ()).presents

    def save(self) -> None:
        """Keep what was found out for the next call."""
        if self._cache and self._changed:
            scripts = {key: asdict(facts) for key, facts in self._scripts.items()}
            save(self._cached | {SCRIPTS: {"of": self._state, "facts": scripts}}, self._cache)
            self._changed = False

    def _script(self, script: Path, modules: tuple[str, ...]) -> ScriptFacts:
        content = hashlib.sha256(script.read_bytes()).hexdigest()
        key = " ".join((script.name, content, *modules))
        if key not in self._scripts:
            self._scripts[key] = self._read_script(script.resolve(), modules)
            self._changed = True
        return self._scripts[key]

    def _read_script(self, script: Path, modules: tuple[str, ...]) -> ScriptFacts:
        digest = hashlib.sha256()
        libraries: set[str] = set()
        # A clone and the installed package give the same names, and so the same digest.
        names = {
            script.name if path == script.as_posix() else path.removeprefix(PREFIX): path
            for path in self._modules(script, modules)
        }
        for name, path in sorted(names.items()):
            facts = self._read(path)
            digest.update(f"{name}\0{facts.form}\0".encode())
            # The registry imports Keras inside its builders. A script that builds something imports
            # Keras by other modules, too; for all others its version does not matter.
            if "scenery/registry/" not in name:
                libraries |= {name.split(".")[0] for name in facts.names} & LIBRARIES.keys()
        for library in sorted(libraries):
            digest.update(f"{library}\0{_minor_version(library)}\0".encode())
        presents = any(name.startswith("scenery/reporting/") for name in names)
        return ScriptFacts(digest.hexdigest()[:16], presents)

    @functools.cached_property
    def _reader(self) -> bytes:
        """Another Python, or another way to read code, gives other normal forms."""
        return sys.version.encode() + Path(__file__).read_bytes()

    @functools.cached_property
    def _state(self) -> str:
        """Digest of all that digests depend on, but for the scripts."""
        digest = hashlib.sha256(self._reader)
        for path in sorted((SOURCE / "scenery").rglob("*.py")):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(SOURCE)}\0{content}\0".encode())
        for library in LIBRARIES:
            digest.update(f"{_minor_version(library)}\0".encode())
        return digest.hexdigest()

    def _cached_scripts(self) -> dict[str, ScriptFacts]:
        """What the cache says of scripts; nothing if it is of other code, or broken."""
        entry = self._cached.pop(SCRIPTS, None)
        if not isinstance(entry, dict) or entry.get("of") != self._state:
            return {}
        facts = entry.get("facts")
        if not isinstance(facts, dict):
            return {}
        read = {key: _as_script_facts(one) for key, one in facts.items()}
        return {key: one for key, one in read.items() if one is not None}

    def modules(self, script: Path, *modules: str) -> set[Path]:
        """The script and every module of this project that it imports, directly or not.

        Args:
            script: The script.
            modules: Modules that it imports by names from its parameters.
        """
        return {Path(path) for path in self._modules(script.resolve(), modules)}

    def _modules(self, script: Path, modules: tuple[str, ...]) -> set[str]:
        found: set[str] = set()
        waiting = {script.as_posix(), *_files_of(modules)}
        while waiting:
            found |= waiting
            waiting = {file for path in waiting for file in self._imported(path)} - found
        return found

    def _imported(self, path: str) -> tuple[str, ...]:
        """The first-party files that a file imports itself."""
        if path not in self._imports:
            self._imports[path] = _files_of(self._read(path).names)
        return self._imports[path]

    def _read(self, path: str) -> CodeFacts:
        if path not in self._facts:
            content = Path(path).read_bytes()
            key = hashlib.sha256(self._reader + content).hexdigest()
            facts = _as_facts(self._cached.get(key))
            if facts is None:
                facts = _facts(content.decode(), path)
                self._cached[key] = asdict(facts)
                self._changed = True
            self._facts[path] = facts
        return self._facts[path]


def _as_facts(entry: object) -> CodeFacts | None:
    """An entry of the cache; None where it is none."""
    if not isinstance(entry, dict) or entry.keys() != {"form", "names"}:
        return None
    form, names = entry["form"], entry["names"]
    if not isinstance(form, str) or not isinstance(names, list | tuple):
        return None
    return CodeFacts(form, tuple(str(name) for name in names))


def _as_script_facts(entry: object) -> ScriptFacts | None:
    """The same for an entry of a script."""
    if not isinstance(entry, dict) or entry.keys() != {"digest", "presents"}:
        return None
    digest, presents = entry["digest"], entry["presents"]
    if not isinstance(digest, str) or not isinstance(presents, bool):
        return None
    return ScriptFacts(digest, presents) if re.fullmatch("[0-9a-f]{16}", digest) else None


def _facts(code: str, path: str) -> CodeFacts:
    tree = ast.parse(code, filename=path)
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from package import name`: name may be a module of its own.
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call):
            # a setting's description is documentation, too
            node.keywords = [k for k in node.keywords if k.arg != "description"]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _drop_docstring(node)
    form = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return CodeFacts(form, tuple(dict.fromkeys(names)))


def _drop_docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> None:
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        # pass keeps a body that was a docstring only a valid body
        node.body[0] = ast.Pass()


def _files_of(modules: Iterable[str]) -> tuple[str, ...]:
    return tuple(file for name in modules for file in _files(name))


@functools.cache
def _files(name: str) -> tuple[str, ...]:
    """A module of this project and the packages around it, which Python runs first."""
    parts = name.split(".")
    if parts[0] != "scenery":
        return ()
    packages = [SOURCE.joinpath(*parts[:length], "__init__.py") for length in range(1, len(parts))]
    module = SOURCE.joinpath(*parts)
    return tuple(
        path.as_posix()
        for path in (*packages, module.with_suffix(".py"), module / "__init__.py")
        if path.is_file()
    )


@functools.cache
def _minor_version(library: str) -> str:
    for distribution in LIBRARIES[library]:
        try:
            version = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
        return ".".join(version.split(".")[:2])
    return "missing"
