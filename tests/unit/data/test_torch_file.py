"""Tensors are read from files of PyTorch, and nothing else in them is."""

import collections
import os
import pickle
import struct
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from scenery.data.torch_file import MAGIC_NUMBER, NotTensorsError, read_tensors

KINDS = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class Storage:
    """What a tensor's numbers are kept in."""

    def __init__(self, key: str, values: np.ndarray) -> None:
        self.key, self.values = key, values


class Tensor:
    """A view of a storage, pickled as PyTorch does."""

    def __init__(self, storage: Storage, offset: int, shape: Any, strides: Any) -> None:
        self.parts = (storage, offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.parts


@pytest.fixture(autouse=True)
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of PyTorch that a file refers to, to write such files."""
    main, utils = ModuleType("torch"), ModuleType("torch._utils")

    def rebuild(*_: object) -> None:
        raise AssertionError("called")

    rebuild.__name__ = rebuild.__qualname__ = "_rebuild_tensor_v2"
    rebuild.__module__ = "torch._utils"
    utils._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    for name in KINDS:
        setattr(main, name, type(name, (), {"__module__": "torch"}))
    monkeypatch.setitem(sys.modules, "torch", main)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def dump(value: Any, kind: str = "FloatStorage") -> bytes:
    stream = BytesIO()

    class Pickler(pickle.Pickler):
        def persistent_id(self, found: Any) -> Any:
            if not isinstance(found, Storage):
                return None
            storage = getattr(sys.modules["torch"], kind)
            return ("storage", storage, found.key, "cpu", len(found.values), None)

    Pickler(stream, protocol=2).dump(value)
    return stream.getvalue()


def write(
    path: Path, tensors: Any, storages: list[Storage], kind: str = "FloatStorage", **changes: Any
) -> Path:
    """A file as `torch.save` wrote it before PyTorch 1.6."""
    machine = {"protocol_version": 1001, "little_endian": changes.get("little_endian", True)}
    content = dump(changes.get("magic", MAGIC_NUMBER)) + dump(1001) + dump(machine)
    content += dump(tensors, kind) + dump(changes.get("keys", [one.key for one in storages]))
    for storage in storages:
        content += struct.pack("<q", len(storage.values))
        content += storage.values.astype(KINDS[kind]).tobytes()
    path.write_bytes(content)
    return path


@pytest.fixture
def numbers() -> Storage:
    return Storage("7", np.arange(12))


def test_tensors_are_read_by_their_strides(tmp_path: Path, numbers: Storage) -> None:
    tensors = collections.OrderedDict(
        plain=Tensor(numbers, 0, (3, 4), (4, 1)),
        turned=Tensor(numbers, 0, (4, 3), (1, 4)),
        inner=Tensor(numbers, 5, (2,), (4,)),
        single=Tensor(numbers, 11, (), ()),
    )
    tensors._metadata = {"": {"version": 1}}  # type: ignore[attr-defined]
    found = read_tensors(write(tmp_path / "a.pth", tensors, [numbers]))
    values = np.arange(12, dtype="float32")
    np.testing.assert_array_equal(found["plain"], values.reshape(3, 4))
    np.testing.assert_array_equal(found["turned"], values.reshape(3, 4).T)
    np.testing.assert_array_equal(found["inner"], [5, 9])
    assert found["single"] == 11
    assert all(one.dtype == np.float32 and one.flags.c_contiguous for one in found.values())


def test_integers_are_tensors_too(tmp_path: Path, numbers: Storage) -> None:
    tensors = {"count": Tensor(numbers, 3, (1,), (1,))}
    found = read_tensors(write(tmp_path / "a.pth", tensors, [numbers], "LongStorage"))
    assert found["count"].dtype == np.int64
    assert found["count"].tolist() == [3]


class Trap:
    """Makes a folder if it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("trapped",)


class Lasting:
    """An object with a state."""

    def __reduce__(self) -> tuple[Any, ...]:
        return collections.OrderedDict, (), None, None, iter([("a", Trap())])


@pytest.mark.parametrize("value", [Trap(), {"a": Trap()}, {"a": [Lasting()]}, {Trap: 1}])
def test_anything_but_tensors_is_refused(
    value: Any, tmp_path: Path, numbers: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotTensorsError, match=r"a\.pth holds no tensors .*names"):
        read_tensors(write(tmp_path / "a.pth", value, [numbers]))
    assert not Path("trapped").exists()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": 1}, "something beside named tensors"),
        ([1], "not a dict of tensors"),
        ({"a": 1.5}, "BINFLOAT"),
        ({"a": collections.OrderedDict(b=1)}, "something beside named tensors"),
    ],
)
def test_plain_values_are_refused(value: Any, words: str, tmp_path: Path, numbers: Storage) -> None:
    with pytest.raises(NotTensorsError, match=words):
        read_tensors(write(tmp_path / "a.pth", value, [numbers]))


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (13,), (1,)),
        (11, (2,), (1,)),
        (0, (3, 4), (5, 1)),
        (0, (1 << 40, 1 << 40), (0, 0)),
        (0, (12,), (0,) * 2),
        (-1, (2,), (1,)),
        (0, (2,), (-1,)),
        (0, (1,) * 9, (1,) * 9),
        ("0", (2,), (1,)),
        (0, 2, 1),
    ],
)
def test_tensors_beyond_their_storage_are_refused(
    offset: Any, shape: Any, strides: Any, tmp_path: Path, numbers: Storage
) -> None:
    tensors = {"a": Tensor(numbers, offset, shape, strides)}
    with pytest.raises(NotTensorsError):
        read_tensors(write(tmp_path / "a.pth", tensors, [numbers]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"magic": 5}, "before PyTorch 1.6"),
        ({"little_endian": False}, "little-endian"),
        ({"keys": ["8"]}, "list of storages"),
        ({"keys": ["7", "7"]}, "list of storages"),
    ],
)
def test_other_files_are_refused(
    changes: dict[str, Any], words: str, tmp_path: Path, numbers: Storage
) -> None:
    tensors = {"a": Tensor(numbers, 0, (2,), (1,))}
    with pytest.raises(NotTensorsError, match=words):
        read_tensors(write(tmp_path / "a.pth", tensors, [numbers], **changes))


DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda content: b"",
    lambda content: b"PK\x03\x04" + content,
    lambda content: content[: len(content) // 2],
    lambda content: content[:-1],
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_refused(
    damage: Callable[[bytes], bytes], tmp_path: Path, numbers: Storage
) -> None:
    path = write(tmp_path / "a.pth", {"a": Tensor(numbers, 0, (2,), (1,))}, [numbers])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(NotTensorsError, match=r"a\.pth"):
        read_tensors(path)


def test_every_flipped_byte_gives_tensors_or_one_error(tmp_path: Path, numbers: Storage) -> None:
    path = write(tmp_path / "a.pth", {"a": Tensor(numbers, 0, (2,), (1,))}, [numbers])
    content = path.read_bytes()
    refused = 0
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :])
        try:
            assert all(one.dtype.kind in "fi" for one in read_tensors(path).values())
        except NotTensorsError:
            refused += 1
    assert refused > len(content) / 4
