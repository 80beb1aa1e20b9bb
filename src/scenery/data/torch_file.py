"""Reads the tensors of a file that `torch.save` wrote, without PyTorch.

The files are of the format before PyTorch 1.6: three small pickles (a magic number, the version,
facts of the machine), a pickle of the tensors' names and shapes, a pickle of the list of storages,
then the bytes of each storage. Nothing is unpickled. The instructions of a pickle are listed by
`pickletools`, which executes nothing, and the few that describe tensors are followed here. Every
other instruction, and every name but the four in `_NAMES`, is refused.
"""

import pickletools
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
MAX_BYTES = 1 << 28
MAX_INSTRUCTIONS = 1_000_000
MAX_DIMENSIONS = 8

# torch.FloatStorage and torch.LongStorage as NumPy's types.
_NAMES = {
    "collections OrderedDict": dict,
    "torch._utils _rebuild_tensor_v2": "tensor",
    "torch FloatStorage": np.dtype("<f4"),
    "torch LongStorage": np.dtype("<i8"),
}


class NotTensorsError(ValueError):
    """The file holds something that does not describe tensors, or is damaged."""


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: np.dtype[Any]
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a file, by name.

    Args:
        path: A file of at most 256 MiB, written by `torch.save` from a dict of tensors.

    Returns:
        Arrays of float32 or int64, each a contiguous copy. Tensors that are not contiguous in the
        file are read by their strides.

    Raises:
        NotTensorsError: The file is too large, damaged, or holds anything but tensors.
        OSError: The file cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise NotTensorsError(f"{path} has more than {MAX_BYTES} bytes")
    stream = BytesIO(path.read_bytes())
    try:
        if (_parse(stream), _parse(stream)) != (MAGIC_NUMBER, PROTOCOL):
            raise NotTensorsError("it is not of the format of torch.save before PyTorch 1.6")
        machine = _parse(stream)
        if not isinstance(machine, dict) or machine.get("little_endian") is not True:
            raise NotTensorsError("its numbers are not little-endian")
        tensors, keys = _parse(stream), _parse(stream)
        storages = _read_storages(stream, tensors, keys)
        return {name: _array(tensor, storages) for name, tensor in tensors.items()}
    except NotTensorsError as error:
        raise NotTensorsError(f"{path} holds no tensors that can be read: {error}") from error
    # What pickletools and the steps below raise on damaged instructions.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise NotTensorsError(f"{path} is damaged ({error})") from error
    except struct.error as error:
        raise NotTensorsError(f"{path} is damaged ({error})") from error


def _read_storages(stream: BytesIO, tensors: Any, keys: Any) -> dict[str, NDArray[Any]]:
    if not isinstance(tensors, dict) or not isinstance(keys, list):
        raise NotTensorsError("it is not a dict of tensors")
    if not all(isinstance(name, str) for name in tensors) or not all(
        isinstance(tensor, _Tensor) for tensor in tensors.values()
    ):
        raise NotTensorsError("it holds something beside named tensors")
    wanted = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    if sorted(keys) != sorted(wanted):
        raise NotTensorsError("its list of storages is not that of its tensors")
    found = {}
    for key in keys:
        storage = wanted[key]
        (count,) = struct.unpack("<q", stream.read(8))
        content = stream.read(storage.count * storage.kind.itemsize)
        if count != storage.count or len(content) != count * storage.kind.itemsize:
            raise NotTensorsError("a storage is cut short")
        found[key] = np.frombuffer(content, storage.kind)
    return found


def _array(tensor: _Tensor, storages: dict[str, NDArray[Any]]) -> NDArray[Any]:
    values = storages[tensor.storage.key]
    reach = tensor.offset + sum(
        (side - 1) * stride for side, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    size = int(np.prod(tensor.shape, dtype=object))
    if size and not (size <= len(values) and reach < len(values)):
        raise NotTensorsError("a tensor reaches beyond its storage")
    view = np.lib.stride_tricks.as_strided(
        values[tensor.offset :],
        tensor.shape,
        [stride * values.itemsize for stride in tensor.strides],
        writeable=False,
    )
    return view.copy()


def _parse(stream: BytesIO) -> Any:
    """Follow the instructions of one pickle; NotTensorsError for any that tensors do not need."""
    machine = _Machine()
    for number, (code, argument, _) in enumerate(pickletools.genops(stream)):
        if number > MAX_INSTRUCTIONS:
            raise NotTensorsError("it has too many instructions")
        machine.follow(code.name, argument)
    if len(machine.stack) != 1:
        raise NotTensorsError("an instruction is missing")
    return machine.stack[0]


class _Machine:
    """The stack and the memory of a pickle, for the instructions that describe tensors."""

    _MARK = object()
    _CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}  # noqa: RUF012
    _NUMBERS = ("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE")

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def follow(self, name: str, argument: Any) -> None:
        """Follow one instruction."""
        if name in self._NUMBERS:
            self.stack.append(argument)
        elif name in self._CONSTANTS:
            self.stack.append(self._CONSTANTS[name])
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memory[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memory[argument])
        elif name == "MARK":
            self.stack.append(self._MARK)
        elif name == "GLOBAL":
            self._name(argument)
        elif name not in ("PROTO", "STOP"):
            self._combine(name)

    def _name(self, argument: str) -> None:
        if argument not in _NAMES:
            raise NotTensorsError(f"it names {argument.replace(' ', '.')}, which is no tensor")
        self.stack.append(_NAMES[argument])

    def _combine(self, name: str) -> None:
        stack = self.stack
        if name in ("EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE"):
            stack.append({"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}[name]())
        elif name == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            stack.append(tuple([stack.pop() for _ in range(int(name[-1]))][::-1]))
        elif name == "APPEND":
            value = stack.pop()
            _of(stack[-1], list).append(value)
        elif name == "APPENDS":
            values = self._since_mark()
            _of(stack[-1], list).extend(values)
        elif name == "SETITEMS":
            values = self._since_mark()
            _of(stack[-1], dict).update(zip(values[::2], values[1::2], strict=True))
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            _of(stack[-1], dict)[key] = value
        elif name == "BINPERSID":
            stack.append(_storage(stack.pop()))
        elif name == "REDUCE":
            arguments, made = stack.pop(), stack.pop()
            stack.append(_made(made, arguments))
        elif name == "BUILD":
            # Attributes of an ordered dict of tensors: the versions of layers, of no use here.
            stack.pop()
            _of(stack[-1], dict)
        else:
            raise NotTensorsError(f"it holds the instruction {name}, which tensors do not need")

    def _since_mark(self) -> list[Any]:
        values: list[Any] = []
        while (value := self.stack.pop()) is not self._MARK:
            values.append(value)
        return values[::-1]


def _of(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise NotTensorsError("an instruction is in the wrong place")
    return value


def _made(made: Any, arguments: Any) -> Any:
    if made is dict and arguments == ():
        return {}
    if made == "tensor" and isinstance(arguments, tuple) and len(arguments) == 6:
        storage, offset, shape, strides = arguments[:4]
        if isinstance(storage, _Storage) and _counts([offset]) and _counts(shape, strides):
            return _Tensor(storage, offset, shape, strides)
    raise NotTensorsError("it makes something that is no tensor")


def _storage(fields: Any) -> _Storage:
    if isinstance(fields, tuple) and len(fields) == 6 and fields[0] == "storage":
        _, kind, key, place, count, view = fields
        known = isinstance(kind, np.dtype) and isinstance(key, str) and _counts([count])
        if known and place == "cpu" and view is None:
            return _Storage(key, kind, count)
    raise NotTensorsError("it refers to something that is no storage")


def _counts(*values: Any) -> bool:
    """Whether these are sequences, equally long, of integers of at least 0."""
    return len({len(value) for value in values}) == 1 and all(
        isinstance(value, Sequence)
        and len(value) <= MAX_DIMENSIONS
        and all(type(count) is int and count >= 0 for count in value)
        for value in values
    )
