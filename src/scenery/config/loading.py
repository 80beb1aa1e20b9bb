"""Reading a config file, with one line for what makes it unreadable.

Snakemake reads the file of --configfile itself, before the Snakefile: what it cannot read ends in
its own message. `python -m scenery check FILE` and `make study` look with the functions here first.
"""

import difflib
import re
from pathlib import Path
from typing import Any

import yaml

from scenery.errors import UserError
from scenery.messages import one_line, short_repr

MAX_DEPTH = 50
# Aliases of aliases can stand for billions of values in a file of ten lines.
MAX_VALUES = 100_000

_READINGS = {
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "null": "nothing",
    "timestamp": "a date",
}


def load_config(path: str | Path) -> dict[str, Any]:
    """A config file as plain values.

    Raises:
        UserError: The file is missing, no UTF-8 text, no YAML, asks for Python objects, is nested
            without end, has no keys, or has one of them twice; or it has a name or a number that
            YAML 1.1 reads in another way than it looks (no, 010, 1:30, 2026-01-31).
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _check_nodes(node, path, (), {})
        values = yaml.safe_load(text)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such config file{_beside(path)}") from None
    except OSError as error:
        raise UserError(f"{path}: the config file cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: byte {error.start} is not UTF-8 text; save the file as UTF-8"
        ) from None
    except yaml.MarkedYAMLError as error:
        raise UserError(f"{path}: {_where(error)}") from None
    except RecursionError:
        raise UserError(f"{path}: nested more than {MAX_DEPTH} deep") from None
    # A date of no calendar, a number of too many digits, a character that YAML forbids.
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{path}: is not readable as YAML: {one_line(error)}") from None
    if not isinstance(values, dict):
        raise UserError(
            f"{path}: lines of `name: value` are needed, at least `experiments:`; "
            f"found {'an empty file' if values is None else short_repr(values)}"
        )
    return values


def _beside(path: Path) -> str:
    if not path.parent.is_dir():
        return f", nor a folder {path.parent}"
    there = [p.name for p in path.parent.iterdir() if p.suffix in (".yaml", ".yml", ".json")]
    close = difflib.get_close_matches(path.name, there, n=1)
    return f"; did you mean {path.parent / close[0]}?" if close else ""


def _where(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    problem = " ".join(filter(None, (error.context, error.problem)))
    if "could not determine a constructor" in problem:
        return f"{place}{problem.split(' for ')[-1]}: a config holds plain values, no objects"
    tab = "; lines are indented by spaces, not tabs" if r"'\t'" in problem else ""
    return f"{place}is not readable as YAML: {problem}{tab}"


def _check_nodes(
    node: yaml.Node, path: Path, above: tuple[yaml.Node, ...], sizes: dict[int, int]
) -> int:
    """Refuse keys that stand twice, of which YAML would drop the first, and endless nesting.

    Returns:
        How many values the node stands for; `sizes` keeps it for nodes that have aliases.
    """
    if node in above or len(above) > MAX_DEPTH:
        raise UserError(f"{path}: {_line(node)}: nested without end, or more than {MAX_DEPTH} deep")
    if id(node) in sizes:
        return sizes[id(node)]
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.ScalarNode):
        _refuse_surprising_value(node, path)
    if isinstance(node, yaml.MappingNode):
        _refuse_doubled_keys(node, path)
        _refuse_surprising_keys(node, path)
        inner = [value for _, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    size = 1 + sum(_check_nodes(value, path, (*above, node), sizes) for value in inner)
    if size > MAX_VALUES:
        raise UserError(f"{path}: {_line(node)}: stands for more than {MAX_VALUES:,} values")
    sizes[id(node)] = size
    return size


def _refuse_doubled_keys(node: yaml.MappingNode, path: Path) -> None:
    lines: dict[str, str] = {}
    for key, _ in node.value:
        name = str(key.value)
        if name in lines:
            raise UserError(
                f"{path}: the key {one_line(name)} stands twice, in {lines[name]} and "
                f"{_line(key)}; keep one of them"
            )
        lines[name] = _line(key)


def _refuse_surprising_value(node: yaml.ScalarNode, path: Path) -> None:
    """Refuse a value that YAML 1.1 reads as another number than the one written, or as a date."""
    text = node.value
    kind = _kind(node)
    if kind == "timestamp":
        reading = "a date"
    elif kind in ("int", "float") and ":" in text:
        reading = "a number in base 60"
    elif kind == "int" and re.fullmatch(r"[-+]?0[0-7_]+", text):
        reading = f"the number {yaml.safe_load(text)}, in base 8"
    else:
        return
    plain = re.sub(r"^([-+]?)[0_]+(?=[0-9])", r"\1", text)
    number = plain if reading.endswith("8") else "a plain number"
    advice = f"'{text}'" if kind == "timestamp" else f"{number} or '{text}'"
    raise UserError(
        f"{path}: {_line(node)}: YAML reads {one_line(text)} as {reading}; write {advice}"
    )


def _refuse_surprising_keys(node: yaml.MappingNode, path: Path) -> None:
    """Refuse a name that YAML 1.1 reads as something else, such as no for false."""
    for key, _ in node.value:
        kind = _kind(key)
        if kind in _READINGS:
            raise UserError(
                f"{path}: {_line(key)}: YAML reads the name {one_line(key.value)} as "
                f"{_READINGS[kind]}; write it in quotes, or choose another name"
            )


def _kind(node: yaml.Node) -> str:
    """What YAML takes a plain scalar for: bool, int, ...; "" for a quoted one."""
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return node.tag.rsplit(":", 1)[-1] if plain else ""


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"
