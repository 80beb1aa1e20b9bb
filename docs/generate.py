"""Generate the pages about backbones, commands, figures, result columns and rules, and notebooks.

Sphinx runs this before it reads the pages (see conf.py); nothing of it is committed. The tables of
config keys are generated elsewhere: `make schema` writes them into config/README.md.
"""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from scenery.config.schema import schema
from scenery.evaluation.columns import HELD_OUT, columns_of
from scenery.registry.backbones import BACKBONES
from scenery.registry.presets import PRESET_BACKBONES
from scenery.reporting.figures import FIGURES, figures_by_rule
from scenery.study.trials import setting_names

REPOSITORY = Path(__file__).resolve().parents[1]
REFERENCE = REPOSITORY / "docs" / "reference"
RULES = REPOSITORY / "workflow" / "rules"
NOTEBOOKS = REPOSITORY / "docs" / "notebooks"


def column_page() -> str:
    """The columns of the tables of trials, scores and predictions."""
    trials = _columns("trials")
    summary = {name: text for name, text in _columns("summary").items() if name not in trials}
    probabilities = {
        "probability:CLASS": "Probability of each class, one column per class.",
        "calibrated:CLASS": "The same with the temperature of held-out images, as in "
        "`scenery predict`; only of the chosen setting.",
    }
    return f"""# Columns of the result tables

`experiments/{{experiment}}/trials.csv` has one row per trial of an experiment, and `summary.csv`
one row per trial of the study. Both have the columns below. `trials.csv` in the results folder
lists all trials with their settings only.

{_table(trials)}
## Settings

A group that is not used, such as `classifier`, is one empty column.

{_table(_settings())}
## Only in `summary.csv`

{_table(summary)}
The `reference_*` columns exist if an experiment has `reference_results`.

## `selection.csv`

In `experiments/{{experiment}}/`, one row per setting that could be chosen.

{_table(_columns("selection"))}
## `scores.csv` and `comparisons.csv`

In `experiments/{{experiment}}/test/`. `scores.csv` has one row per scored setting, the chosen one
first; `comparisons.csv` one row per setting that the chosen one is compared with.

{_table(_columns("scores") | _columns("comparisons"))}
## `importance.csv`

In `experiments/{{experiment}}/` of a `search`, one row per setting of the space: how much the first
measure of `choose.by` depends on it.

{_table(_columns("importance"))}
## `suspects.csv`

In `data/`, one row per training and validation image, the least probable label first.

{_table(_columns("suspects"))}
## `predictions.csv`

One row per test image, in `experiments/{{experiment}}/test/`.

{_table(_columns("predictions") | probabilities)}
## `predictions.csv` of trials

The file beside the `metrics.csv` of trials has one row per trial and image that was held out.

{_table(_columns(HELD_OUT))}"""


def _columns(table: str) -> dict[str, str]:
    """The columns of a table that are not settings, with what their records say."""
    return {
        column.name: f"{column.description} ({column.unit})" if column.unit else column.description
        for column in columns_of(table)
        if column.kind != "setting"
    }


def _table(rows: Mapping[str, str]) -> str:
    lines = ["| column | content |", "|---|---|"]
    for name, text in rows.items():
        cell = text.replace("|", "\\|").replace("*", "\\*")
        lines.append(f"| `{name}` | {cell} |")
    return "\n".join(lines) + "\n"


def _settings() -> dict[str, str]:
    """Every setting with the description that its model gives."""
    whole = schema()
    described = dict(_descriptions(whole["$defs"]["Settings"], whole, ""))
    return {name: described[name] for name in setting_names() if name in described}


def _descriptions(
    group: Mapping[str, Any], whole: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, str]]:
    for key, value in group["properties"].items():
        if "$ref" not in value:
            yield f"{prefix}{key}", value.get("description", "")
        for part in (value, *value.get("anyOf", ())):
            if "$ref" in part:
                inner = whole["$defs"][part["$ref"].rsplit("/", 1)[-1]]
                yield from _descriptions(inner, whole, f"{prefix}{key}.")


def command_page() -> str:
    """Every command with its help text."""
    whole = _help()
    parts = ["# Commands", "", "```text", whole, "```", ""]
    found = re.search(r"\{([a-z,_-]+)\}", whole)
    for name in found[1].split(",") if found else ():
        parts += [f"## {name}", "", "```text", _help(name), "```", ""]
    return "\n".join(parts)


def _help(*command: str) -> str:
    """What a command prints for --help, 80 columns wide and without colors."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "82"}
    call = [sys.executable, "-m", "scenery", *command, "--help"]
    done = subprocess.run(
        call, env=environment | {"NO_COLOR": "1"}, capture_output=True, text=True, check=True
    )
    return done.stdout.rstrip()


def rule_page() -> str:
    """Every rule with its message, one table per rule file."""
    parts = [
        "# Rules",
        "",
        "Every result is the output of one rule. The message is what Snakemake prints when a job "
        "of the rule starts; braces stand for wildcards and parameters.",
        "",
    ]
    for path in sorted(RULES.glob("*.smk")):
        rows = list(_rules(path.read_text(encoding="utf-8")))
        if path.stem == "figures":
            rows += [
                (name, f"Drawing {', '.join(figure.content for figure in figures)}")
                for name, figures in figures_by_rule().items()
            ]
        if rows:
            parts += [f"## {path.stem}", "", "| rule | message |", "|---|---|"]
            parts += [f"| `{name}` | {message} |" for name, message in rows]
            parts.append("")
    return "\n".join(parts)


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """Names and messages of the rules of one file; rules without a message are left out."""
    heads = list(re.finditer(r"^(?:rule|checkpoint|use rule \w+ as) (\w+)", text, re.MULTILINE))
    for number, head in enumerate(heads):
        end = heads[number + 1].start() if number + 1 < len(heads) else len(text)
        body = text[head.end() : end]
        message = re.search(r"^    message:\n((?:\s+f?\"[^\n]*\n)+)", body, re.MULTILINE)
        if message:
            words = "".join(re.findall(r"\"(.*)\"", message[1]))
            yield head[1], re.sub(r"(?:wildcards|params)\.", "", words)


def backbone_page() -> str:
    """Publication, preprocessing and license of every backbone."""
    parts = [
        "# Backbones",
        "",
        "Sizes, parameters and cut points are in the [table of config keys](config.md#backbones). "
        "The license is that of the ImageNet weights that Keras distributes.",
        "",
        "| backbone | publication | preprocessing | license of the weights |",
        "|---|---|---|---|",
    ]
    for backbone in BACKBONES.values():
        family = backbone.family
        license = family.license if backbone.imagenet else "no ImageNet weights in Keras"
        parts.append(
            f"| `{backbone.name}` | {family.source} | `{family.preprocessing}` | {license} |"
        )
    parts += [
        "",
        "Vision transformers are read from presets of KerasHub "
        "([Use vision transformers](../how_to/vision_transformers.md)). The license is that of the "
        "presets that KerasHub publishes.",
        "",
        "| backbone | class in KerasHub | publication | license of the weights |",
        "|---|---|---|---|",
    ]
    parts += [
        f"| `{one.name}` | `{one.keras_class}` | {one.source} | {one.license} |"
        for one in PRESET_BACKBONES.values()
    ]
    return "\n".join(parts) + "\n"


def figure_page() -> str:
    """How to read each figure."""
    places = {
        "experiment": "Experiments",
        "study": "The whole study",
        "data": "The data set",
        "explanation": "Inside a final model",
    }
    parts = [
        "# Figures",
        "",
        "The report shows each figure with one sentence. This page says more.",
    ]
    for place, title in places.items():
        parts += ["", f"## {title}"]
        for figure in FIGURES:
            if figure.place == place:
                parts += ["", f"### {figure.name}: {figure.content}", "", figure.details]
    return "\n".join(parts) + "\n"


PAGES = {
    "backbones": backbone_page,
    "columns": column_page,
    "commands": command_page,
    "figures": figure_page,
    "rules": rule_page,
}


def notebook_page(notebook: Path) -> tuple[str, dict[str, bytes]]:
    """A notebook with its outputs as a page, and its pictures by the names of their files."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        # Commands of IPython are no Python.
        language = "text" if re.search(r"^\s*[%!]", source, re.MULTILINE) else "python"
        parts.append(f"```{language}\n{source}\n```")
        for output in cell["outputs"]:
            found = output.get("data", {})
            kind = next((one for one in ("jpeg", "png") if f"image/{one}" in found), None)
            if kind is not None:
                name = f"{notebook.stem}_{len(pictures) + 1}.{kind}"
                pictures[name] = base64.b64decode("".join(found[f"image/{kind}"]))
                parts.append(f"![Output of the cell above]({name})")
            elif text := "".join(output.get("text", found.get("text/plain", ""))).strip("\n"):
                parts.append(f"```text\n{text}\n```")
    title, rest = "\n\n".join(parts).split("\n", 1)
    link = f"{{download}}`Download this notebook <{notebook.name}>`."
    return f"{title}\n\n{link}\n{rest}\n", pictures


def write() -> None:
    """Write every generated page whose text has changed."""
    files: dict[Path, bytes] = {
        REFERENCE / f"{name}.md": page().encode() for name, page in PAGES.items()
    }
    for notebook in NOTEBOOKS.glob("*.ipynb"):
        text, pictures = notebook_page(notebook)
        files[notebook.with_suffix(".md")] = text.encode()
        files |= {NOTEBOOKS / name: content for name, content in pictures.items()}
    for path, content in files.items():
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


if __name__ == "__main__":
    write()
