"""From a config as it was written to a checked study, with one line for each mistake."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from scenery.config.setting_values import WEIGHTS_FROM_EXPERIMENT
from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.errors import UserError
from scenery.messages import one_line, short_repr, suggestions
from scenery.registry.datasets import NAMED_DATASETS
from scenery.registry.presets import PRESET

MAX_LINES = 20


NO_TUPLE, NO_LIST = "input should be a valid tuple", "input should be a list"


def read_study(config: Mapping[str, Any], source: str) -> Study:
    """Check a config's keys, types and ranges.

    Args:
        config: The config as loaded from YAML.
        source: File name for the messages.

    Raises:
        UserError: One line per mistake: key, value found, what is allowed.
    """
    try:
        return Study.model_validate(dict(config))
    except ValidationError as error:
        raise UserError(explain(error, source, Study)) from None


def read_settings(values: Mapping[str, Any], source: str) -> Settings:
    """Check one trial's settings; `source` says where they were written.

    Raises:
        UserError: One line per mistake.
    """
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        raise UserError(explain(error, source, Settings)) from None


def explain(error: ValidationError, source: str, model: type[BaseModel]) -> str:
    """The mistakes that pydantic found as lines that a student understands."""
    # A setting of several kinds (a word or a number) has a mistake for each of them.
    mistakes: dict[tuple[str, str], list[str]] = {}
    for item in error.errors():
        key, message, found = _explain_one(item, model)
        messages = mistakes.setdefault((key, found), [])
        if message not in messages:
            messages.append(message)
    for messages in mistakes.values():
        # What is no list is meant as the one value that may stand in its place.
        if len(messages) > 1 and NO_LIST in messages:
            messages.remove(NO_LIST)
    lines = [
        f"{source}: {key}: {', or '.join(messages)}{found}"
        for (key, found), messages in mistakes.items()
    ]
    if len(lines) > MAX_LINES:
        lines[MAX_LINES:] = [f"and {len(lines) - MAX_LINES} more mistakes"]
    return "\n".join(lines)


def renamed_message(name: str) -> str:
    """The end of a message about a key of version 0.1.

    Args:
        name: The key of today.
    """
    return f"this key was renamed in version 0.2; write {name}"


def _explain_one(item: Any, model: type[BaseModel]) -> tuple[str, str, str]:
    """Key, what is allowed there, and what was found."""
    location = _named_parts(item["loc"])
    key = ".".join(location) or "the file"
    found = item.get("input")
    if item["type"] == "extra_forbidden":
        owner = _model_at(model, item["loc"][:-1])
        known = _keys(owner) if owner else []
        renamed = getattr(owner, "renamed_keys", {}).get(location[-1])
        if renamed is not None:
            return key, renamed_message(renamed), ""
        return key, f"unknown key; {suggestions(location[-1], known)}", ""
    if item["type"] == "missing":
        return key, "it is needed and is not there", ""
    if item["type"] in ("model_type", "dict_type"):
        return key, "lines of `name: value` are needed below it", f"; found {short_repr(found)}"
    message = item["msg"].removeprefix("Value error, ")
    message = (message[0].lower() + message[1:]).replace(NO_TUPLE, NO_LIST)
    if item["type"] == "value_error" and isinstance(found, dict):
        return key, message, ""
    if isinstance(found, bool) and item["type"] in ("string_type", "literal_error"):
        return key, message, f"; found {found} (YAML reads yes, no, on and off so; use quotes)"
    return key, message, f"; found {short_repr(found)}"


def _named_parts(location: tuple[Any, ...]) -> list[str]:
    # Pydantic puts the names of a union's members and of validators into the path.
    noise = ("constrained-", "function-", "literal[", "tuple[", "list[", "dict[")
    parts = [one_line(part) for part in location]
    return [
        part
        for part in parts
        if not part.startswith(noise) and part not in ("float", "int", "str", "bool", "[key]")
    ]


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(model: type[BaseModel], location: tuple[Any, ...]) -> type[BaseModel] | None:
    """The config model that holds the keys at a location."""
    current: Any = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            fields = {f.alias or n: f.annotation for n, f in current.model_fields.items()}
            current = _inner(fields.get(str(part)))
        elif get_origin(current) is dict:
            current = _inner(get_args(current)[1])
        elif get_origin(current) in (list, tuple):
            current = _inner(get_args(current)[0])
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _inner(annotation: Any) -> Any:
    """An annotation without its Optional, its Annotated and its validators."""
    while True:
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
        elif get_origin(annotation) in (Union, UnionType):
            annotation = next(a for a in get_args(annotation) if a is not type(None))
        else:
            return annotation


def check_files(study: Study, weights: Iterable[str], source: str) -> None:
    """Refuse data and weights files that are not there, before anything is done.

    Args:
        study: The study.
        weights: Every value that the setting `weights` takes in it.
        source: File name for the messages.

    Raises:
        UserError: Naming the key and the missing path.
    """
    path = study.dataset.path
    if not study.dataset.made and not _is_there(path, Path.exists):
        raise UserError(
            f"{source}: dataset.path: there is no file or folder {short_repr(path)} (seen from "
            f"{Path.cwd()}); give a folder of class folders, a folder with train/ and test/, a "
            f"CSV, or one of the words generated, {', '.join(NAMED_DATASETS)}"
        )
    root = study.dataset.root
    if root is not None and not _is_there(root, Path.is_dir):
        raise UserError(f"{source}: dataset.root: there is no folder {short_repr(root)}")
    for name, subset in study.subsets.items():
        if subset.files is not None and not _is_there(subset.files, Path.exists):
            raise UserError(
                f"{source}: subsets.{name}.files: there is no file or folder "
                f"{short_repr(subset.files)} (seen from {Path.cwd()})"
            )
    for name, experiment in study.experiments.items():
        known = None if experiment.rounds is None else experiment.rounds.warm_file
        if known is not None and not _is_there(known, Path.is_file):
            raise UserError(
                f"{source}: experiments.{name}.search.warm_start: there is no file "
                f"{short_repr(known)} (seen from {Path.cwd()})"
            )
    for file in study.explain.files:
        if not _is_there(file, Path.is_file):
            raise UserError(
                f"{source}: explain.files: there is no file {short_repr(file)} (seen from "
                f"{Path.cwd()})"
            )
    for value in sorted(set(weights) - {"imagenet", "none"}):
        # A preset has been read for the check of the trials.
        elsewhere = value.startswith((WEIGHTS_FROM_EXPERIMENT, PRESET))
        if not (elsewhere or _is_there(value, Path.is_file)):
            raise UserError(
                f"{source}: weights: there is no file {short_repr(value)} (seen from "
                f"{Path.cwd()}); allowed are imagenet, none, the path of a weights file, "
                "experiment:NAME and preset:NAME_OR_FOLDER"
            )


def _is_there(path: str, look: Callable[[Path], bool]) -> bool:
    # A path that no system can have, since it is too long or has a zero byte, is an error there.
    try:
        return look(Path(path))
    except (OSError, ValueError):
        return False
