"""Trials: settings with a seed, a name and an identity."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

from scenery.config.classifier import CLASSIFIER_OPTIONS, KERNEL_OPTIONS, Classifier
from scenery.config.encoding import Encoding
from scenery.config.settings import (
    NETWORK_ONLY,
    OF_EPOCHS,
    OPTIMIZER_OPTIONS,
    SCHEDULE_OPTIONS,
    WEIGHT_AVERAGING_OPTIONS,
    Settings,
    flatten,
)
from scenery.config.training import EarlyStopping, FirstStep
from scenery.config.validation import read_settings, renamed_message
from scenery.errors import UserError
from scenery.image_size import ImageSize
from scenery.messages import one_line, suggestions
from scenery.registry.presets import PRESET
from scenery.study.features import (
    FeatureSet,
    WeightsSpec,
    first_step_features,
    plain_features,
    training_features,
)
from scenery.study.subsets import training_subset
from scenery.study.trial_kinds import TrialKind, trial_kind
from scenery.study.trial_network import cut_layer, image_size

# Name of a trial that varies nothing.
UNCHANGED = "unchanged"
# Groups that may be unset.
OPTIONAL_PARTS: dict[str, type[BaseModel]] = {
    "first_step": FirstStep,
    "early_stopping": EarlyStopping,
    "classifier": Classifier,
    "encoding": Encoding,
}
# Groups that do not depend on other settings.
_CHECKED_ALONE = frozenset(
    {"first_step", "augment", "optimizer", "schedule", "early_stopping", "weight_averaging"}
)


@dataclass(frozen=True)
class ResolvedTrial:
    """One fully specified training run. Nothing of it is derived anywhere else.

    Attributes:
        experiment: The experiment that asks for it.
        settings: Everything that makes the run what it is, its seed included, every default
            filled in.
        varied: The settings in which it differs from its experiment's base, by dotted name.
        repeat: 0 for the first seed, 1 for the second, ...
        round: Number of the round that proposed it, from 0; None: it was not proposed.
    """

    experiment: str
    settings: Settings
    varied: tuple[tuple[str, Any], ...] = ()
    repeat: int = 0
    round: int | None = None

    @cached_property
    def id(self) -> str:
        """Name in paths. It follows from the settings alone, so no other trial changes it."""
        # A layer's name may have characters that are none for a path.
        trained = re.sub(r"[^A-Za-z0-9+]", "-", self.settings.trainable)
        return f"{self.settings.backbone}-{trained}-{self._digests[0]}"

    @cached_property
    def setting(self) -> str:
        """Digest that the repeats of one setting share."""
        return self._digests[1]

    @cached_property
    def _digests(self) -> tuple[str, str]:
        return self.settings.digests()

    @cached_property
    def name(self) -> str:
        """Label for people: the settings that the experiment varies."""
        text = _named(self.varied)
        return f"{text} (seed {self.settings.seed})" if self.repeat else text

    @cached_property
    def kind(self) -> TrialKind:
        """How it is trained and refitted."""
        return trial_kind(self.settings)

    @cached_property
    def image_size(self) -> ImageSize:
        """Size of its images in pixels."""
        return image_size(self.settings)

    @cached_property
    def layer(self) -> str:
        """The layer at which its backbone ends."""
        return cut_layer(self.settings)

    @cached_property
    def training_subset(self) -> str:
        """Name of the table of its training images."""
        return training_subset(self.settings)

    @cached_property
    def plain_features(self) -> FeatureSet:
        """The features of images without augmentation."""
        return plain_features(self.settings)

    @cached_property
    def training_features(self) -> FeatureSet:
        """The features that its head or classifier learns from."""
        return training_features(self.settings, self.plain_features)

    @cached_property
    def first_step_features(self) -> FeatureSet:
        """The features that its head learns from in the first of two steps."""
        return first_step_features(self.settings, self.plain_features)

    @property
    def weights(self) -> WeightsSpec | None:
        """The weights of its backbone; None for random ones."""
        return self.plain_features.weights_spec


# The columns of trials.csv that say which trial it is; `round` only of those that were proposed.
IDENTITY_COLUMNS = ("experiment", "trial", "name", "setting", "repeat", "rule", "varied", "round")


def identity_columns(trial: ResolvedTrial) -> dict[str, object]:
    """The columns of trials.csv that say which trial it is."""
    return {
        "experiment": trial.experiment,
        "trial": trial.id,
        "name": trial.name,
        "setting": trial.setting,
        "repeat": trial.repeat,
        "rule": trial.kind.rule,
        "varied": _as_json(tuple(name for name, _ in trial.varied)),
    }


@cache
def _as_json(names: tuple[str, ...]) -> str:
    """Names as a list in JSON. Thousands of trials vary the same settings."""
    return json.dumps(names)


def setting_columns(settings: Settings) -> dict[str, object]:
    """The columns of trials.csv that hold every setting by its dotted name."""
    return {
        name: json.dumps(list(value)) if isinstance(value, tuple) else value
        for name, value in settings.flat().items()
    }


def named(settings: Settings, changes: Mapping[str, Any]) -> str:
    """What a person calls settings: the values of what was changed to get them."""
    return _named([(key, read(settings, key)) for key in flatten(dict(changes))])


def _named(varied: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(f"{key}={_spell(key, value)}" for key, value in varied) or UNCHANGED


def read(settings: Settings, dotted: str) -> Any:
    """A setting's value by its dotted name; None where its group is not there."""
    value: Any = settings
    for part in dotted.split("."):
        value = getattr(value, part, None)
    return value


def _spell(key: str, value: Any) -> str:
    # Of a weights file its name says enough; the folder is in the settings.
    return PurePath(value).name if key == "weights" else spell(value)


def spell(value: Any) -> str:
    """A setting's value as a person writes it in a config."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, BaseModel):
        return spell([one for one in value.model_dump().values() if one is not None])
    if isinstance(value, list | tuple):
        return "[" + ", ".join(spell(v) for v in value) + "]"
    return str(value)


@cache
def setting_names() -> tuple[str, ...]:
    """Every dotted name that grids, lists, spaces and `set` may use."""
    names = set(Settings().flat())
    for part, model in OPTIONAL_PARTS.items():
        names |= {part, *(f"{part}.{field}" for field in model.model_fields)}
    names |= {"network", "head", "augment", "optimizer", "schedule", "weight_averaging"}
    names.add("weight_averaging")
    return tuple(sorted(names))


@cache
def renamed_settings() -> dict[str, str]:
    """Dotted names of today by the dotted names of version 0.1."""
    groups: dict[str, type[BaseModel]] = dict(OPTIONAL_PARTS)
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            groups[name] = field.annotation
    return {
        f"{group}.{old}": f"{group}.{new}"
        for group, model in groups.items()
        for old, new in getattr(model, "renamed_keys", {}).items()
    }


def check_names(names: Iterable[str], source: str) -> None:
    """Refuse settings that do not exist.

    Raises:
        UserError: Naming the nearest setting that does.
    """
    known, renamed = setting_names(), renamed_settings()
    for name in names:
        if name in renamed:
            raise UserError(f"{source}.{one_line(name)}: {renamed_message(renamed[name])}")
        if name not in known:
            raise UserError(
                f"{source}.{one_line(name)}: unknown setting; {suggestions(name, known)}"
            )


def change(settings: Settings, changes: Mapping[str, Any], source: str) -> Settings:
    """Settings with some of them changed.

    What belongs to the old backbone, optimizer or schedule alone (a layer's name, a momentum, a
    drop factor) goes with it unless the changes name it too: an inherited momentum must not
    forbid a grid over optimizers. A change of a setting of training in epochs asks for epochs.

    Args:
        settings: What to start from.
        changes: New values; keys may be dotted, values nested.
        source: Where the changes were written, for messages.

    Raises:
        UserError: For an unknown setting, a wrong value, or values that exclude each other.
    """
    flat = flatten(dict(changes))
    check_names((name for name in flat if name not in changes), source)
    check_names(changes, source)
    _refuse_both(changes, source)
    minimal = _minimal(settings)
    values = {name: dict(v) if isinstance(v, dict) else v for name, v in minimal.items()}
    _reset_dependent(settings, values, flat)
    _set_solver(settings, values, flat)
    for name, value in flat.items():
        *parents, last = name.split(".")
        place = values
        for parent in parents:
            if place.get(parent) is None:
                place[parent] = {}
            place = place[parent]
        # Nothing said about a group that is there changes nothing in it.
        if not (value == {} and isinstance(place.get(last), dict)):
            place[last] = value
    if values.get("classifier") is not None:
        _refuse_of_networks(flat, source)
    changed = {name.partition(".")[0] for name in flat}
    for name in _CHECKED_ALONE.intersection(values) - changed:
        # It was checked when the settings were made.
        values[name] = getattr(settings, name)
    return read_settings(values, source)


@lru_cache(maxsize=256)
def _minimal(settings: Settings) -> dict[str, Any]:
    """The minimal form of settings that many trials change; not to be changed itself."""
    return settings.minimal()


def _refuse_of_networks(flat: Mapping[str, Any], source: str) -> None:
    """Refuse changes that a classical model would silently ignore."""
    for name, value in flat.items():
        group, _, option = name.partition(".")
        of_head = group == "head" and option not in ("", "pooling")
        # Nothing at all (`early_stopping: null` in a grid) is true of a classical model too.
        if (group in NETWORK_ONLY or of_head) and value is not None:
            raise UserError(
                f"{source}: {name} is for networks and not used by a classifier; leave it out, or "
                "say classifier: null"
            )


def _refuse_both(changes: Mapping[str, Any], source: str) -> None:
    """Refuse a setting that stands nested and with dots, or beside its whole group.

    Which one holds would follow from the order of the lines.
    """
    names = [name for key, value in changes.items() for name in flatten({key: value})]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{source}: {name} is given twice; keep one of them")
        group = name.rpartition(".")[0]
        if group in names:
            raise UserError(f"{source}: {group} and {name} are both given; keep one of them")


def _reset_dependent(settings: Settings, values: dict[str, Any], flat: Mapping[str, Any]) -> None:
    """Drop values that belong to what is changed.

    Args:
        settings: What is changed.
        values: Their values; those at their defaults are left out.
        flat: The changes, by dotted name.
    """

    def changes(name: str) -> bool:
        return name in flat and flat[name] != read(settings, name)

    own = {"optimizer": OPTIMIZER_OPTIONS, "schedule": SCHEDULE_OPTIONS}
    own["weight_averaging"] = WEIGHT_AVERAGING_OPTIONS
    # An encoding's sizes do not compare: few Gaussians are as good as many words.
    own |= {"classifier": CLASSIFIER_OPTIONS, "encoding": {"size": ()}}
    for part, options in own.items():
        if changes(f"{part}.name"):
            _drop(values, part, options)
    if changes("classifier.kernel"):
        _drop(values, "classifier", KERNEL_OPTIONS)
    if changes("backbone"):
        values.pop("cut", None)
        values.pop("network", None)
    elif settings.network.preset is not None and not str(flat.get("weights", PRESET)).startswith(
        PRESET
    ):
        # The network stays the one that the preset describes.
        values["network"] = {"preset": settings.network.preset, **values.get("network", {})}
    if flat.get("trainable", "scratch") != "scratch":
        _drop(values, "network", ("auxiliary_outputs",))
    if flat.get("trainable", settings.trainable) in ("head", "scratch"):
        values.pop("first_step", None)
    if flat.get("trainable", "head") != "head":
        values.pop("classifier", None)


def _set_solver(settings: Settings, values: dict[str, Any], flat: Mapping[str, Any]) -> None:
    """Say how the head is trained after the changes, unless they say it. Arguments as above."""
    if "head.solver" in flat:
        return
    frozen = flat.get("trainable", settings.trainable) == "head"
    solver = settings.head.solver if settings.frozen_backbone else None
    if solver is not None and any(of_epochs(name) for name in flat):
        solver = "epochs"
    head = {key: value for key, value in values.pop("head", {}).items() if key != "solver"}
    if frozen and solver is not None:
        head["solver"] = solver
    if head:
        values["head"] = head


def of_epochs(name: str) -> bool:
    """Whether a setting says how a head is trained in epochs."""
    return name in OF_EPOCHS or name.partition(".")[0] in OF_EPOCHS


def _drop(values: dict[str, Any], part: str, options: Iterable[str]) -> None:
    if values.get(part) is not None:
        values[part] = {key: value for key, value in values[part].items() if key not in options}


def reject_duplicates(trials: Iterable[ResolvedTrial], source: str) -> None:
    """Refuse two trials with the same settings: one of them would be counted twice.

    Raises:
        UserError: Naming both.
    """
    seen: dict[str, ResolvedTrial] = {}
    for trial in trials:
        if trial.id in seen:
            raise UserError(
                f"{source}: the trials {seen[trial.id].name!r} and {trial.name!r} have the same "
                "settings; take one of them out"
            )
        seen[trial.id] = trial
