"""A trial's settings as a short table: what matters, in words, nothing twice."""

from collections.abc import Iterator
from typing import Any

from scenery.config.settings import Settings, ineffective_settings
from scenery.evaluation.columns import column_label
from scenery.registry.augmentations import AUGMENT_OPTIONS
from scenery.registry.custom_architectures import ARCHITECTURES
from scenery.registry.optimizers import OPTIMIZERS
from scenery.reporting.labels import is_missing, setting_value

Row = tuple[str, str, bool]
# Setting, value, and the beginnings of the names that the row is about.
_Cells = tuple[str, str, tuple[str, ...]]

_OF_EPOCHS = ("optimizer", "schedule", "epochs", "minimum updates")
# A constant schedule is the rate of the optimizer, which has a row of its own.
_SAYS_NOTHING = ("", "none", "constant")
_OFF: tuple[Any, ...] = (None, 0, 0.0, False, "", "none", [], ())


def configuration(settings: dict[str, Any], varied: list[str]) -> list[Row]:
    """Rows (setting, value, whether the experiment varies it) for a table of a configuration.

    `settings` is nested as in chosen.yaml; `varied` holds dotted names. What is switched off
    is left out unless it was varied.
    """
    head, augment = settings.get("head") or {}, settings.get("augment") or {}
    rows: list[_Cells] = [
        ("backbone", setting_value(settings.get("backbone")), ("backbone",)),
        ("weights", _file_name(settings.get("weights")), ("weights",)),
        ("image size", setting_value(settings.get("image_size")), ("image_size",)),
        ("cut", _cut(settings), ("cut", "remove_stages")),
        ("trained layers", setting_value(settings.get("trainable")), ("trainable",)),
        ("training subset", setting_value(settings.get("subset")), ("subset",)),
        *_of_name("classifier", settings, varied),
        ("pooling" if settings.get("classifier") else "head", _head(head), ("head.",)),
        ("augmentation", _switched_on(augment), ("augment.",)),
        *_of_name("optimizer", settings, varied),
        *_of_name("schedule", settings, varied),
        *_of_name("weight_averaging", settings, varied),
        ("epochs", _epochs(settings), _EPOCHS),
        *_rest(settings, varied),
    ]
    # What is fitted at once has settings of epochs among its own, and nobody used them.
    unused: tuple[str, ...] = ()
    if settings.get("classifier"):
        unused = ("trained layers", *_OF_EPOCHS)
    elif head.get("solver") == "lbfgs":
        unused = _OF_EPOCHS
    if unused:
        # Also the rows of single options, such as the learning rate.
        rows = [
            (label, value, names)
            for label, value, names in rows
            if label not in unused and not any(name.startswith(_OF_EPOCHS) for name in names)
        ]
    return [
        (label, value, any(name.startswith(names) for name in varied))
        for label, value, names in rows
        if value not in _SAYS_NOTHING or any(name.startswith(names) for name in varied)
    ]


def _file_name(weights: Any) -> str:
    """A weights file without its folders: they say nothing on another machine."""
    return setting_value(weights).replace("\\", "/").rsplit("/", 1)[-1]


def _cut(settings: dict[str, Any]) -> str:
    removed = settings.get("remove_stages") or 0
    parts = [f"at {settings['cut']}"] if settings.get("cut") else []
    if removed:
        parts.append(f"{removed} stage{'s' if removed > 1 else ''} removed")
    return ", ".join(parts)


def _head(head: dict[str, Any]) -> str:
    if not head:
        return ""
    parts = [f"{head.get('pooling', 'average')} pooling"]
    if head.get("dense"):
        parts.append(f"dense {setting_value(head['dense'])} ({head.get('activation', 'relu')})")
    if head.get("solver") == "lbfgs":
        parts.append("L-BFGS, L2 chosen by folds")
    if head.get("batch_norm"):
        parts.append("batch norm")
    for name in ("dropout", "l1", "l2"):
        if head.get(name):
            parts.append(f"{name.upper() if name != 'dropout' else name} "
                         f"{setting_value(head[name])}")  # fmt: skip
    return ", ".join(parts)


def _switched_on(augment: dict[str, Any]) -> str:
    parts = []
    for name, value in augment.items():
        # How gaps are filled says nothing where no image is moved.
        if name not in AUGMENT_OPTIONS and value not in _OFF:
            words = column_label(name)
            parts.append(words if value is True else f"{words} {setting_value(value)}")
    return ", ".join(parts)


# Settings in the row of epochs.
_EPOCHS = ("epochs", "batch_size", "steps_per_epoch", "early_stopping", "checkpoint")
# Options of optimizers that say nothing at their defaults.
CONSTANTS = frozenset({"beta_1", "beta_2", "rho", "epsilon", "layer_decay"})


def _usual(optimizer: str, option: str) -> Any:
    record = OPTIMIZERS.get(optimizer)
    field = record.model_fields.get(option) if record is not None else None
    return None if field is None else field.default


def _named(values: dict[str, Any]) -> str:
    """ "Adam, learning rate 0.001": the name and every option that is set."""
    if not values.get("name"):
        return ""
    parts = [str(values["name"])]
    for name, value in values.items():
        usual = name in CONSTANTS and value == _usual(str(values["name"]), name)
        if name != "name" and not usual and not is_missing(value) and value not in (False, 0):
            parts.append(f"{column_label(name)} {setting_value(value)}")
    return ", ".join(parts)


def _of_name(group: str, settings: dict[str, Any], varied: list[str]) -> Iterator[_Cells]:
    """A row for the name and its options, and one for each option that is varied.

    A cell with many options would cut off the one that matters.
    """
    together = dict(settings.get(group) or {})
    alone = {
        name: together.pop(option)
        for option in list(together)
        if option != "name"
        and (name := f"{group}.{option}") in varied
        and not is_missing(together[option])
    }
    others = tuple(name for name in varied if name.startswith(group) and name not in alone)
    yield column_label(group), "" if together.get("name") == "none" else _named(together), others
    for name, value in alone.items():
        yield column_label(name), setting_value(value), (name,)


def _epochs(settings: dict[str, Any]) -> str:
    parts = [f"at most {settings['epochs']}"] if settings.get("epochs") else []
    if settings.get("batch_size"):
        parts.append(f"batches of {settings['batch_size']}")
    if settings.get("steps_per_epoch"):
        parts.append(f"{settings['steps_per_epoch']} steps in an epoch")
    stopping = settings.get("early_stopping")
    if stopping:
        parts.append(f"early stopping after {stopping.get('patience')}")
    checkpoint = settings.get("checkpoint") or {}
    if checkpoint.get("monitor"):
        parts.append(f"best epoch by {checkpoint['monitor'].replace('_', ' ')}")
    if checkpoint.get("smoothing", 1) > 1:
        parts.append(f"means of {checkpoint['smoothing']} epochs")
    return ", ".join(parts)


_TOLD = {
    "backbone", "weights", "image_size", "cut", "remove_stages", "trainable", "subset", "head",
    "classifier", "augment", "optimizer", "schedule", "epochs", "batch_size", "early_stopping",
    "steps_per_epoch", "checkpoint", "seed", "mixed_precision", "weight_averaging",
}  # fmt: skip


def _rest(settings: dict[str, Any], varied: list[str]) -> Iterator[_Cells]:
    """Settings without a row of their own, so that one added later is not lost."""
    # No effect depends on options of the network, which are not those of every backbone.
    names = Settings.model_fields.keys() - {"network"}
    known = {name: value for name, value in settings.items() if name in names}
    without_effect = ineffective_settings(Settings.model_validate(known))
    for name, value in settings.items():
        if name in _TOLD or name in without_effect:
            continue
        if isinstance(value, dict):
            usual = _usual_options(name, settings.get("backbone"))
            yield from _options(name, value, usual, varied)
        else:
            yield column_label(name), setting_value(value) if value not in _OFF else "", (name,)


def _options(
    group: str, options: dict[str, Any], usual: dict[str, Any], varied: list[str]
) -> Iterator[_Cells]:
    """A row for each option that is varied, which a cell with many would cut off, and one for all
    others that are not at their defaults."""
    others = []
    for option, value in options.items():
        name = f"{group}.{option}"
        if is_missing(value) and option not in usual:
            # An option of other networks.
            continue
        if name in varied:
            yield column_label(name), setting_value(value), (name,)
        elif not is_missing(value) and value != usual.get(option):
            others.append(f"{column_label(option)} {setting_value(value)}")
    yield column_label(group), ", ".join(others), ()


def _usual_options(group: str, backbone: Any) -> dict[str, Any]:
    """The defaults of a group of settings, as far as they say nothing."""
    if group == "penalty":
        return {"l1": 0.0, "l2": 0.0}
    if group != "network" or backbone not in ARCHITECTURES:
        return {}
    fields = ARCHITECTURES[backbone].model_fields
    return {name: field.get_default(call_default_factory=True) for name, field in fields.items()}
