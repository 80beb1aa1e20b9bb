"""Files appear in one piece, and digests tell contents apart."""

import os
import stat
from pathlib import Path

import pytest

from scenery.files import atomic_path, file_digest, rows_digest, write_text


def test_atomic_path_success_replaces_the_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with atomic_path(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~umask


def test_atomic_path_exception_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with pytest.raises(KeyboardInterrupt), atomic_path(target) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_digests_different_content_differ(tmp_path: Path) -> None:
    write_text("é", tmp_path / "a")
    write_text("e", tmp_path / "b")
    assert len(file_digest(tmp_path / "a")) == 64
    assert file_digest(tmp_path / "a") != file_digest(tmp_path / "b")
    assert rows_digest([["ab", "c"]]) != rows_digest([["a", "bc"]])
