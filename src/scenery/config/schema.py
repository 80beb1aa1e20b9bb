"""The JSON schema and the reference tables of a config, made from the models that check it.

    python -m scenery.config.schema            write the files below
    python -m scenery.config.schema --check    exit with 1 where they differ from the models

The schema is config/study.schema.json, beside the configs for editors, and, the same,
workflow/schemas/config.schema.json, where Snakemake's workflow catalog looks for it. Of
config/README.md only what is between its markers is written.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenery.config.study import Study
from scenery.registry.backbone_facts import every_name, facts, own_names, published_names
from scenery.registry.backbones import BACKBONES
from scenery.registry.custom_architectures import HANDCRAFTED, NETWORK_OPTIONS
from scenery.study.trials import setting_names, spell

CONFIG = Path(__file__).resolve().parents[3] / "config"
CATALOG_SCHEMA = CONFIG.parent / "workflow" / "schemas" / "config.schema.json"
SCHEMA = "study.schema.json"
README = "README.md"
PARTS = ("keys", "backbones", "networks")
# Keys under which pydantic puts a bound that it does not know to be one of JSON schema's.
BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
# What stands for a key that the user names, where it is not a name of the user's own.
NAMES = {"space": "SETTING"}


def schema() -> dict[str, Any]:
    """The JSON schema of a config (draft 2020-12), for editors that complete and check."""
    made = _with_bounds(Study.model_json_schema(by_alias=True))
    parts = made["$defs"]
    parts["Settings"]["properties"]["backbone"]["enum"] = list(every_name())
    experiment = parts["Experiment"]["properties"]
    settings = {"enum": list(setting_names())}
    experiment["overrides"]["propertyNames"] = settings
    experiment["grid"]["anyOf"][0]["propertyNames"] = settings
    experiment["list"]["anyOf"][0]["items"]["propertyNames"] = settings
    parts["Choose"]["properties"]["only"]["propertyNames"] = settings
    # A plain list is short for a choice; that is the work of a validator, which no schema shows.
    choice = {"type": "array", "minItems": 1}
    for search in ("Random", "Search"):
        space = parts[search]["properties"]["space"]
        space["propertyNames"] = settings
        space["additionalProperties"] = {"anyOf": [choice, space["additionalProperties"]]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _with_bounds(part: Any) -> Any:
    if isinstance(part, dict):
        return {BOUNDS.get(key, key): _with_bounds(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_with_bounds(value) for value in part]
    return part


def tables(whole: Mapping[str, Any]) -> str:
    """Every key with its meaning, what is allowed and its default: a table for each group."""
    lines: list[str] = []
    for title, group in _groups("", whole, whole):
        lines += ["", f"### {title}", "", group["description"], ""]
        lines += ["| key | meaning | allowed | default |", "|---|---|---|---|"]
        needed = group.get("required", ())
        for key, value in group["properties"].items():
            cells = [f"`{key}`", value.get("description", ""), _allowed(value, whole)]
            cells.append("needed" if key in needed else _default(value))
            lines.append("| " + " | ".join(map(_as_cell, cells)) + " |")
    return "\n".join(lines[1:]) + "\n"


def _as_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


def _groups(
    path: str, group: Mapping[str, Any], whole: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A group of keys and those below it, each with the path that leads there."""
    yield (f"`{path}`" if path else "The file"), group
    for key, value in group["properties"].items():
        below = f"{path}.{key}".lstrip(".")
        several = value.get("additionalProperties")
        if (inner := _group_of(value, whole)) is not None:
            yield from _groups(below, inner, whole)
        elif isinstance(several, dict) and (inner := _group_of(several, whole)) is not None:
            yield from _groups(f"{below}.{NAMES.get(key, 'NAME')}", inner, whole)


def _group_of(value: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The group that a key holds, if it holds one."""
    for part in (value, *value.get("anyOf", ())):
        if "$ref" in part:
            found: Mapping[str, Any] = whole["$defs"][part["$ref"].rsplit("/", 1)[-1]]
            return found
    return None


def _allowed(value: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    if "anyOf" in value:
        parts = [_allowed(part, whole) for part in value["anyOf"]]
        return ", or ".join(part for part in parts if part != "unset")
    if "$ref" in value:
        return "see below"
    if "enum" in value and list(value["enum"]) == list(every_name()):
        return "see [backbones](#backbones)"
    if "enum" in value or "const" in value:
        return ", ".join(f"`{word}`" for word in value.get("enum", [value.get("const")]))
    return _of_type(value, whole)


def _of_type(value: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    kind = value.get("type", "anything")
    if kind == "array":
        if "prefixItems" in value:
            inner = _allowed(value["prefixItems"][0], whole)
            return f"two of: {inner}" if len(value["prefixItems"]) == 2 else f"list of: {inner}"
        inner = _allowed(value.get("items", {}), whole)
        return "list" if inner == "anything" else f"list of: {inner}"
    if kind == "object":
        inner = value.get("additionalProperties", True)
        if not isinstance(inner, dict):
            return "settings and their values"
        if "$ref" in inner:
            return "names, each with what is below"
        if "anyOf" in inner:
            return "settings, each with a list or what is below"
        return f"settings, each with a {_allowed(inner, whole)}"
    words = {
        "boolean": "`true`, `false`",
        "string": "text",
        "null": "unset",
        "integer": "whole number",
        "number": "number",
    }
    return f"{words.get(kind, kind)}{_range(value)}"


def _range(value: Mapping[str, Any]) -> str:
    bounds = (
        ("minimum", "from"),
        ("exclusiveMinimum", "above"),
        ("maximum", "to"),
        ("exclusiveMaximum", "below"),
    )
    # All digits, since `2.14748e+09` says to nobody what is allowed.
    found = [f"{word} {value[key]}" for key, word in bounds if key in value]
    return " " + " and ".join(found).replace(" and to", " to") if found else ""


def _default(value: Mapping[str, Any]) -> str:
    default = value.get("default")
    if default is None or default == "":
        return ""
    return f"`{spell(default)}`"


def backbone_table() -> str:
    """Every backbone with its sizes, published accuracy, license and ends of stages."""
    titles = (
        "backbone", "native size", "smallest", "parameters", "MB", "depth",
        "multiply-adds (millions)", "ImageNet top-1 (%)", "top-5 (%)", "weights",
        "license of weights", "stages end at",
    )  # fmt: skip
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for name in published_names():
        record, known = BACKBONES[name], facts(name)
        # Only those of custom architectures are None.
        assert known.parameters and known.multiply_adds and known.depth
        top_5 = "" if record.top_5 is None else record.top_5
        ends = ", ".join(f"`{point.layer}`" for point in known.cut_points)
        if known.dense_layers:
            ends += "; dense layers: " + ", ".join(f"`{one.layer}`" for one in known.dense_layers)
        lines.append(
            f"| `{name}` | {known.size} | {known.smallest_size} | {known.parameters:,} "
            f"| {4 * known.parameters / 1e6:,.0f} | {known.depth} "
            f"| {known.multiply_adds / 1e6:,.0f} | {record.top_1} | {top_5} "
            f"| {'`imagenet`' if known.imagenet else 'a file'} "
            f"| {record.family.license} | {ends} |"
        )
    return "\n".join(lines) + "\n"


def network_table() -> str:
    """Scenery's own networks with their sizes, options and stages."""
    titles = ("network", "native size", "smallest", "options in `network`", "stages end at")
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for name in (*own_names(), *HANDCRAFTED):
        known = facts(name)
        ends = ", ".join(f"`{point.layer}`" for point in known.cut_points)
        options = ", ".join(f"`{key}`" for key, users in NETWORK_OPTIONS.items() if name in users)
        lines.append(f"| `{name}` | {known.size} | {known.smallest_size} | {options} | {ends} |")
    return "\n".join(lines) + "\n"


def with_parts(readme: str) -> str:
    """A README with its generated parts renewed.

    Raises:
        ValueError: A marker is missing.
    """
    made = {"keys": tables(schema()), "backbones": backbone_table(), "networks": network_table()}
    for part in PARTS:
        begin, end = f"<!-- {part}: generated -->\n", f"<!-- {part}: end -->"
        if readme.count(begin) != 1 or readme.count(end) != 1:
            raise ValueError(f"{README} needs each of these lines once: {begin.strip()} and {end}")
        before, rest = readme.split(begin)
        after = rest.split(end)[1]
        readme = f"{before}{begin}\n{made[part]}\n{end}{after}"
    return readme


def main(arguments: Sequence[str]) -> int:
    """Write the files, or compare them; the exit status."""
    text = json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
    files = {
        CONFIG / SCHEMA: text,
        CATALOG_SCHEMA: text,
        CONFIG / README: with_parts((CONFIG / README).read_text(encoding="utf-8")),
    }
    old = [p for p, text in files.items() if not p.exists() or p.read_text("utf-8") != text]
    if "--check" in arguments:
        for path in old:
            print(f"{path}: differs from the models; run python -m scenery.config.schema")
        return 1 if old else 0
    for path in old:
        path.write_text(files[path], encoding="utf-8")
        print(f"written: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
