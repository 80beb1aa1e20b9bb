"""The digest of a rule's code: what changes it and what does not."""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scenery.pipeline.code_digest import CodeDigests
from scenery.pipeline.inputs.results import digests_of_numbers

REPOSITORY = Path(__file__).resolve().parents[3]
# Reads each file once.
READER = CodeDigests()
SCRIPTS = sorted((REPOSITORY / "workflow" / "scripts").glob("*.py"))
# Scripts that show what is on disk and compute nothing that another rule learns from.
PRESENTING = (
    "plot_",
    "tabulate",
    "make_slides",
    "write_conclusions",
    "write_card",
    "make_report",
    "write_tensorboard",
)
PRINT_ALL = """
import sys
from pathlib import Path
from scenery.pipeline.code_digest import CodeDigests
code = CodeDigests(*map(Path, sys.argv[2:]))
for path in sorted(Path(sys.argv[1]).glob("*.py")):
    print(path.stem, code.of(path))
code.save()
"""


def digests(root: Path, hash_seed: str = "0", cache_file: Path | None = None) -> dict[str, str]:
    """The digest of every script of a checkout, from a process of its own.

    With a cache only files that are new to it are read as code, which takes a second for all.
    """
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", PRINT_ALL, str(root / "workflow" / "scripts")]
    command += [str(cache_file)] if cache_file else []
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def cache_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all files of the code say."""
    return tmp_path_factory.mktemp("cache") / "cache.json"


@pytest.fixture(scope="module")
def before(cache_file: Path) -> dict[str, str]:
    return digests(REPOSITORY, cache_file=cache_file)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code, to be changed."""
    root = tmp_path / "elsewhere"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("src", "workflow/scripts"):
        shutil.copytree(REPOSITORY / name, root / name, ignore=ignored)
    return root


@pytest.fixture
def edit(
    checkout: Path, before: dict[str, str], cache_file: Path
) -> Callable[[str, str, str], set[str]]:
    """Replace a text in a file of the copy; gives the scripts whose digests then differ."""

    def replace(file: str, old: str, new: str) -> set[str]:
        path = checkout / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        after = digests(checkout, cache_file=cache_file)
        assert after.keys() == before.keys()
        return {name for name in before if before[name] != after[name]}

    return replace


@functools.cache
def modules(script: Path) -> set[Path]:
    """What a script reaches."""
    return READER.modules(script)


def users_of(name: str) -> set[str]:
    """The scripts that reach a module of the library."""
    path = REPOSITORY / "src" / "scenery" / name
    return {s.stem for s in SCRIPTS if path in modules(s)}


def test_every_script_has_a_digest_of_its_own(before: dict[str, str]) -> None:
    assert set(before) == {path.stem for path in SCRIPTS}
    assert len(set(before.values())) == len(before)


def test_another_place_and_another_hash_seed_change_nothing(
    checkout: Path, before: dict[str, str]
) -> None:
    assert digests(checkout, hash_seed="1") == before
    assert digests(checkout, hash_seed="424242") == before


def test_new_times_change_nothing(checkout: Path, before: dict[str, str]) -> None:
    for path in checkout.rglob("*.py"):
        os.utime(path, (1, 1))
    assert digests(checkout) == before


HEADS = "src/scenery/models/heads.py"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (HEADS, "MOMENTUM = 0.9", "# a comment\nMOMENTUM = 0.9  # and another"),
        (HEADS, "MOMENTUM = 0.9", "\n\nMOMENTUM  =  (0.9)\n\n"),
        (HEADS, '"""Build a head for feature maps', '"""Make a head out of feature maps'),
        (HEADS, '"""The head:', '"""The part:'),
        (
            "src/scenery/config/settings.py",
            '"Passes over the data."',
            '"Runs over all of the data."',
        ),
        (
            "workflow/scripts/train_heads.py",
            "from pathlib import Path\n",
            "# why\nfrom pathlib import Path\n",
        ),
    ],
)
def test_comments_formatting_and_descriptions_change_nothing(
    edit: Callable[[str, str, str], set[str]], file: str, old: str, new: str
) -> None:
    assert edit(file, old, new) == set()


def test_a_changed_line_changes_those_that_run_it(
    edit: Callable[[str, str, str], set[str]],
) -> None:
    changed = edit(HEADS, "MOMENTUM = 0.9", "MOMENTUM = 0.95")
    assert changed == users_of("models/heads.py")
    assert changed == {
        "train_heads", "fine_tune", "fine_tune_fold", "refit_head", "refit_network",
        "score_division", "score_grouping", "export_model",
    }  # fmt: skip


def test_a_changed_script_changes_itself_alone(
    edit: Callable[[str, str, str], set[str]],
) -> None:
    changed = edit("workflow/scripts/evaluate.py", "metrics, indent=1", "metrics, indent=2")
    assert changed == {"evaluate"}


def test_a_changed_figure_changes_no_training(edit: Callable[[str, str, str], set[str]]) -> None:
    changed = edit("src/scenery/reporting/style.py", "import ", "WIDTH_OF_NOTHING = 1\nimport ")
    assert changed == users_of("reporting/style.py")
    assert changed
    assert all(name.startswith(PRESENTING) for name in changed)


def test_a_default_changes_what_reads_settings(
    edit: Callable[[str, str, str], set[str]],
) -> None:
    changed = edit("src/scenery/config/settings.py", "= Field(50,", "= Field(51,")
    assert {"train_heads", "fine_tune"} <= changed == users_of("config/settings.py")


def test_a_module_behind_a_module_counts(
    checkout: Path, before: dict[str, str], cache_file: Path
) -> None:
    (checkout / "src/scenery/deep.py").write_text("VALUE = 1\n")
    scores = checkout / "src/scenery/evaluation/scores.py"
    with_import = "import scenery.deep\n" + scores.read_text()
    scores.write_text(with_import)
    first = digests(checkout, cache_file=cache_file)
    (checkout / "src/scenery/deep.py").write_text("VALUE = 2\n")
    second = digests(checkout, cache_file=cache_file)
    assert {n for n in first if first[n] != second[n]} == users_of("evaluation/scores.py")


def test_a_docstring_alone_is_a_body(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    results = []
    for body in ('"""One."""', '"""Two."""', "pass", "return 1"):
        script.write_text(f"def f():\n    {body}\n")
        results.append(CodeDigests().of(script))
    assert results[0] == results[1] == results[2] != results[3]


def digest_of(script: Path, cache_file: Path) -> str:
    """The digest of a script as the next call of Snakemake finds it."""
    code = CodeDigests(cache_file)
    digest = code.of(script)
    code.save()
    return digest


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A copy of a script, to be changed."""
    return shutil.copy2(REPOSITORY / "workflow" / "scripts" / "evaluate.py", tmp_path / "one.py")


def test_what_files_say_is_remembered_by_their_content(tmp_path: Path, script: Path) -> None:
    cache_file = tmp_path / "below" / "cache.json"
    plain = CodeDigests().of(script)
    assert digest_of(script, cache_file) == plain
    cached = json.loads(cache_file.read_text())
    assert len(cached) == len(CodeDigests().modules(script)) + 1
    assert digest_of(script, cache_file) == plain
    assert json.loads(cache_file.read_text()) == cached
    # What it says is what is taken, so that a file is not read as code again.
    del cached["scripts"]
    cache_file.write_text(
        json.dumps({key: {**facts, "form": "other"} for key, facts in cached.items()})
    )
    assert digest_of(script, cache_file) != plain
    script.write_text(script.read_text() + "\nMORE = 1\n")
    assert digest_of(script, cache_file) != plain
    assert len(json.loads(cache_file.read_text())) == len(cached) + 2


def test_what_scripts_say_is_remembered_by_the_content_of_all_files(
    tmp_path: Path, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_file = tmp_path / "cache.json"
    plain = digest_of(script, cache_file)
    cached = json.loads(cache_file.read_text())
    ((key, facts),) = cached["scripts"]["facts"].items()
    other = {"digest": "0123456789abcdef", "presents": True}
    cached["scripts"]["facts"] = {key: other}
    cache_file.write_text(json.dumps(cached))
    assert CodeDigests(cache_file).of(script) == other["digest"] != facts["digest"] == plain
    assert CodeDigests(cache_file).presents(script)
    # Of a changed script it says nothing, nor of anything with another version of a library.
    text = script.read_text()
    script.write_text(text + "\nMORE = 1\n")
    assert CodeDigests(cache_file).of(script) not in (plain, other["digest"])
    script.write_text(text)
    monkeypatch.setattr("scenery.pipeline.code_digest._minor_version", lambda library: "99.9")
    assert CodeDigests(cache_file).of(script) not in (plain, other["digest"])


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', "files", "scripts", "no facts"])
def test_a_broken_cache_changes_nothing(tmp_path: Path, content: str) -> None:
    cache_file, script = tmp_path / "cache.json", REPOSITORY / "workflow/scripts/evaluate.py"
    plain = digest_of(script, cache_file)
    cached = json.loads(cache_file.read_text())
    scripts = cached.pop("scripts")
    if content == "files":
        content = json.dumps({key: {"form": 1} for key in cached})
    elif content == "scripts":
        broken = {key: {"digest": 1, "presents": False} for key in scripts["facts"]}
        content = json.dumps(cached | {"scripts": scripts | {"facts": broken}})
    elif content == "no facts":
        content = json.dumps(cached | {"scripts": scripts | {"facts": [1]}})
    cache_file.write_text(content)
    assert CodeDigests(cache_file).of(script) == plain


def test_what_each_kind_of_rule_depends_on() -> None:
    """Test images, figures and slides are no reason to train, nor training one to draw."""
    for script in SCRIPTS:
        files = {
            path.relative_to(REPOSITORY / "src" / "scenery").as_posix()
            for path in modules(script)
            if path.is_relative_to(REPOSITORY / "src")
        }
        packages = {file.split("/")[0] for file in files}
        if script.stem == "write_tensorboard":
            continue  # it turns a table into files that TensorFlow alone can write
        if script.stem.startswith(PRESENTING):
            assert not {"models", "training", "classical", "inference"} & packages, script.stem
        else:
            assert "reporting" not in packages, script.stem


def test_code_digest_of_reference_results_is_recorded_and_free_of_slides() -> None:
    code = CodeDigests()
    assert not code.presents(REPOSITORY / "workflow/scripts/compare_reference_results.py")
    assert "compare_reference_results" in digests_of_numbers(code)
