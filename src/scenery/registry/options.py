"""Types of config values, and the base classes of groups of keys.

A `Record` is one of several things that a config names, such as an optimizer. Its fields are the
options that it has, with bounds and defaults. A `Choice` is the group of keys that names a record
and sets its options. `choice_of` makes its fields from the records, so that the checks, the JSON
schema and the tables of the documentation follow from the records.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

ACTIVATIONS = (
    "relu",
    "elu",
    "gelu",
    "leaky_relu",
    "selu",
    "swish",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "softplus",
    "softsign",
    "softmax",
    "linear",
)
INITIALIZERS = (
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "zeros",
)
# Keras knows these by two names.
SHORT_INITIALIZERS = {"normal": "random_normal", "uniform": "random_uniform", "zero": "zeros"}
# The slope of Keras' function leaky_relu.
LEAKY_SLOPE = 0.2


def _not_bool(value: Any) -> Any:
    # Python counts true as 1, so `epochs: yes` would otherwise train for one epoch.
    if isinstance(value, bool):
        raise ValueError("a number is needed, not true or false")
    return value


def _only_bool(value: Any) -> Any:
    if not isinstance(value, bool):
        raise ValueError("true or false is needed")
    return value


Int = Annotated[int, BeforeValidator(_not_bool)]
Number = Annotated[float, BeforeValidator(_not_bool), Field(allow_inf_nan=False)]
Bool = Annotated[bool, BeforeValidator(_only_bool)]
Fraction = Annotated[Number, Field(ge=0, lt=1)]
Seed = Annotated[Int, Field(ge=0, lt=2**31)]
Epochs = Annotated[Int, Field(ge=1, le=100_000)]
# No optimizer needs a higher rate; 1e3 is a typing error for 1e-3.
Rate = Annotated[Number, Field(gt=0, le=100)]


Slope = Annotated[Number, Field(ge=0, lt=1)]


def _full_name(value: Any) -> Any:
    return SHORT_INITIALIZERS.get(value, value) if isinstance(value, str) else value


Initializer = Annotated[
    Literal[INITIALIZERS],  # type: ignore[valid-type]
    BeforeValidator(_full_name),
]


def of_layer(value: Any, number: int) -> Any:
    """The value of a layer, counted from 0, of one value for all layers or of a list."""
    return value[number] if isinstance(value, tuple) else value


@dataclass(frozen=True)
class AppliesIf:
    """A condition without which a setting has no effect; part of the setting's annotation.

    Attributes:
        text: The condition in words, which follow "it has an effect only".
        holds: Whether it is true of the settings of a trial.
    """

    text: str
    holds: Callable[[Any], bool]


class Strict(BaseModel):
    """Base of all config models: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False, defer_build=True)

    # Keys of version 0.1 by their names of today. They are refused with the new name.
    renamed_keys: ClassVar[dict[str, str]] = {}

    def __copy__(self) -> Self:
        copied = super().__copy__()
        # What a cached property holds would be wrong for a copy with other values.
        for name in copied.__dict__.keys() - _field_defaults(type(self)).keys():
            del copied.__dict__[name]
        return copied

    def implied(self) -> Mapping[str, Any]:
        """The value that each key has when it is not set."""
        return _field_defaults(type(self))

    def minimal(self) -> dict[str, Any]:
        """The keys whose values differ from what is implied, as plain values.

        A model that is read from them equals this one. A key that is unset and a key that is set
        to its default give the same result.
        """
        return differences(self, self.implied())


@cache
def _field_defaults(model: type[Strict]) -> dict[str, Any]:
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
    }


def shared_default(model: type[Strict]) -> Callable[[], Any]:
    """A default factory that always gives the same object, since values never change.

    A study can have thousands of trials, most of whose groups are at their defaults.
    """
    return lambda: _default(model)


@cache
def _default(model: type[Strict]) -> Strict:
    return model()


def differences(model: Strict, implied: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a model that differ from `implied`, as plain values."""
    found: dict[str, Any] = {}
    values = model.__dict__
    for name in _field_names(type(model)):
        value, default = values[name], implied.get(name)
        # Most values are their defaults, and the same objects.
        if value is not default and value != default:
            found[name] = value.minimal() if isinstance(value, Strict) else value
    return found


@cache
def _field_names(model: type[Strict]) -> tuple[str, ...]:
    return tuple(model.model_fields)


class Record(Strict):
    """One of several things that a config names; its fields are its options.

    Attributes:
        label: What tables and slides call it; empty: its name.
    """

    label: ClassVar[str] = ""

    def problem(self) -> str | None:
        """What is wrong with options that are right one by one; None if nothing is."""
        return None


Records = Mapping[str, type[Record]]
Users = Mapping[str, tuple[str, ...]]


def users_of(records: Records) -> dict[str, tuple[str, ...]]:
    """For each option of any record the names of the records that have it."""
    options = dict.fromkeys(name for record in records.values() for name in record.model_fields)
    return {
        option: tuple(name for name, record in records.items() if option in record.model_fields)
        for option in options
    }


def own_options(records: Records) -> dict[str, tuple[str, ...]]:
    """The options that only some of the records have, with the names of these records."""
    return {option: used for option, used in users_of(records).items() if len(used) < len(records)}


def check_used(group: Strict, users: Users, name: str, prefix: str = "") -> None:
    """Refuse options that the record of this name does not have.

    Args:
        group: Holds the options of any record; None is unset.
        users: What `users_of` gives.
        name: The chosen one; it may be no record at all, which has no options.
        prefix: Of the options in the message, such as `network.`.

    Raises:
        ValueError: An option is set and not used.
    """
    for option, known in users.items():
        if name not in known and getattr(group, option) is not None:
            raise ValueError(f"{prefix}{option} is not used by {name}, only by {', '.join(known)}")


def complete(group: Strict, record: type[Record]) -> Any:
    """The record with the options of a group; those that are unset have their defaults.

    The values are not checked again.
    """
    made, given = record.model_construct(), group.__dict__
    made.__dict__.update({o: given[o] for o in record.model_fields if given[o] is not None})
    # What is implied may depend on other options.
    made.__dict__.update({o: v for o, v in made.implied().items() if given[o] is None})
    return made


class Choice(Strict):
    """A group of keys that names a record and sets its options.

    After validation every option of the record has its value. Options of other records are None.

    Attributes:
        records: The records by name.
        users: The names of the records that have an option, by option.
    """

    records: ClassVar[Records] = {}
    users: ClassVar[Users] = {}
    name: str

    @property
    def record(self) -> Any:
        """The chosen record with its options."""
        return complete(self, self.records[self.name])

    @model_validator(mode="after")
    def _complete(self) -> "Choice":
        check_used(self, self.users, self.name)
        record = self.record
        if (problem := record.problem()) is not None:
            raise ValueError(problem)
        # Pydantic lets a validator complete an object that nobody else has seen yet.
        self.__dict__.update(record.__dict__)
        return self

    def implied(self) -> Mapping[str, Any]:
        """The defaults of the chosen record, and the name that is the default."""
        record = self.records[self.name]
        if record.implied is Strict.implied:
            return _with_default_name(type(self), record)
        return {**self.record.implied(), "name": type(self).model_fields["name"].default}


@cache
def _with_default_name(choice: type[Choice], record: type[Record]) -> dict[str, Any]:
    return {**_field_defaults(record), "name": choice.model_fields["name"].default}


def choice_of(records: Records, default: str, description: str) -> Any:
    """Base class of a Choice among records.

    Args:
        records: The records by name.
        default: The name that is the default.
        description: Of the key `name`.
    """
    name: Any = (Literal[tuple(records)], Field(default, description=description))
    made = create_model("Options", __base__=Choice, name=name, **option_fields(records))
    made.records, made.users = records, users_of(records)
    return made


def option_fields(records: Records) -> dict[str, Any]:
    """Fields for the options of all records, as `pydantic.create_model` takes them.

    An option is optional unless all records have it with one default.
    """
    made: dict[str, Any] = {}
    for option, users in users_of(records).items():
        fields = {name: records[name].model_fields[option] for name in users}
        first = fields[users[0]]
        kind: Any = first.annotation
        for constraint in first.metadata:
            kind = Annotated[kind, constraint]
        described = {(field.default, field.description) for field in fields.values()}
        if len(users) == len(records) and len(described) == 1:
            made[option] = (kind, Field(first.default, description=first.description))
        else:
            text = _description(fields, everyone=len(users) == len(records))
            made[option] = (kind | None, Field(None, description=text))
    return made


def _description(fields: Mapping[str, Any], everyone: bool) -> str:
    """What an option means to each record, and what it is where it is unset."""
    groups: dict[str, list[str]] = {}
    for name, field in fields.items():
        groups.setdefault(field.description.rstrip("."), []).append(name)
    parts = []
    for text, names in groups.items():
        users = "" if everyone and len(groups) == 1 else f"{', '.join(names)}: "
        parts.append(users + text + _unset({name: fields[name].default for name in names}))
    return "; ".join(parts) + "."


def _unset(defaults: Mapping[str, Any]) -> str:
    values = [_spell(value) for value in defaults.values()]
    usual = max(values, key=values.count)
    if all(value is None for value in defaults.values()):
        return ""
    others = [
        f"{name}: {value}" for name, value in zip(defaults, values, strict=True) if value != usual
    ]
    return f" ({', '.join([*others, f'others: {usual}' if others else usual])} if unset)"


def _spell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(_spell, value))
    return f"{value:g}" if isinstance(value, int | float) else str(value)
