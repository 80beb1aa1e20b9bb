"""A config file that cannot be read: one line that says where and why."""

from pathlib import Path

import pytest

from scenery.cli import main
from scenery.config.loading import load_config
from scenery.errors import UserError

SOURCE = Path(__file__).resolve().parents[3] / "src"
ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
UNREADABLE = {
    "nothing in it": (b"", "found an empty file"),
    "a list": (b"- a\n- b\n", "lines of `name: value` are needed"),
    "an open bracket": (b"experiments: [\n", "line 2, column 1: is not readable as YAML"),
    "a tab": (b"base:\n\tepochs: 3\n", "line 2, column 1: .*spaces, not tabs"),
    "another encoding": ("title: café".encode("latin-1"), "byte 10 is not UTF-8 text"),
    "an unknown alias": (b"base: *b\n", "line 1, column 7: .*undefined alias"),
    "two documents": (b"a: 1\n---\nb: 2\n", "line 2, column 1: .*another document"),
    "a control character": (b"title: a\x01b\n", "unacceptable character"),
    "no date": (
        b"title: 2026-13-45\n",
        "line 1: YAML reads 2026-13-45 as a date; write '2026-13-45'",
    ),
    "a number of 9,000 digits": (b"seed: " + b"1" * 9000, "limit .4300 digits."),
    "a key of several values": (b"? [a, b]\n: 1\n", "line 1, column 3: .*unhashable key"),
    "a key twice": (
        b"experiments:\n  a: {}\n  b: {}\n  a: {grid: {}}\n",
        "the key a stands twice, in line 2 and line 4",
    ),
    "a loop": (b"base: &b {sub: *b}\n", "line 1: nested without end"),
    "deep nesting": (b"a: " + b"[" * 3000 + b"]" * 3000, "nested"),
    "billions of values": (ALIASES.encode(), "line 6: stands for more than 100,000 values"),
    "a date": (b"a: 1\ntitle: 2026-01-31\n", "line 2: YAML reads 2026-01-31 as a date"),
    "an octal number": (
        b"seed: 010\n",
        "line 1: YAML reads 010 as .* 8, in base 8; write 10 or '010'",
    ),
    "a signed octal number": (b"seed: -0017\n", "as the number -15, in base 8; write -17 or"),
    "a time": (b"base:\n  epochs: 1:30\n", "line 2: YAML reads 1:30 as a number in base 60"),
    "a time of three parts": (b"a: [12:30:45.5]\n", "line 1: YAML reads 12:30:45.5 as a number"),
    "a name that is no": (
        b"experiments:\n  No: {}\n",
        "line 2: YAML reads the name No as true or false; write it in quotes",
    ),
    "a name that is a number": (b"subsets: {1: {}}\n", "the name 1 as a number"),
    "a name that is null": (b"~: 1\n", "the name ~ as nothing"),
    "a Python object": (
        b"title: !!python/object/apply:os.mkdir [made]\n",
        "line 1, column 8: .*python/object/apply:os.mkdir.*plain values, no objects",
    ),
}


@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_one_line(
    tmp_path: Path, content: bytes, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        load_config("my.yaml")
    text = str(error.value)
    assert text.startswith("my.yaml: ")
    assert text.isprintable()
    assert len(text) < 300
    assert not Path("made").exists()


def test_a_file_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").touch()
    with pytest.raises(UserError, match=r"no such config file; did you mean \S+study.yaml\?"):
        load_config(tmp_path / "studi.yaml")
    with pytest.raises(UserError, match="no such config file, nor a folder"):
        load_config(tmp_path / "nowhere" / "study.yaml")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


def test_load_config_numbers_that_are_what_they_look_like_are_read(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("a: [0, 0.5, 1_000, 0x10, 1e-3, 09, '010', '1:30', 'no', no, 00]\n'no': 1\n")
    with pytest.raises(UserError, match="YAML reads 00 as"):
        load_config(path)
    path.write_text(path.read_text().replace(", 00]", "]"))
    values = [0, 0.5, 1000, 16, "1e-3", "09", "010", "1:30", "no", False]
    assert load_config(path) == {"a": values, "no": 1}


def test_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    shared = "x: &x {epochs: 3}\nbase: {<<: *x, seed: 2}\n"
    path.write_bytes(b"\xef\xbb\xbf" + shared.encode())
    assert load_config(path) == {"x": {"epochs": 3}, "base": {"epochs": 3, "seed": 2}}
    path.write_text('{"base": {"epochs": 3}}')
    assert load_config(path) == {"base": {"epochs": 3}}


def test_check_says_what_would_be_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(
        "experiments: {a: {grid: {epochs: [1, 2, 3]}}, b: {start_from: a}}\nbase: {weights: none}"
    )
    assert main(["check", str(path)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{path}: a study that can start; trials: a (3), b (1 after a); 4 on ")
    path.write_text("experiments: {a: {grid: {epochs: [0]}}}")
    assert main(["check", str(path)]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "experiments.a.grid: epochs: input should be greater" in said.err
