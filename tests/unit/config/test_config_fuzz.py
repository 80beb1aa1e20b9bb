"""Shipped configs with random damage: each is a study with a plan, or one clear message.

`make test-all` tries 20,000 of them, or as many as SCENERY_FUZZ says.
"""

import copy
import datetime
import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from forms import form

from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.checks import check_study
from scenery.study.plan import Plan
from scenery.study.trials import setting_names

CONFIGS = Path(__file__).resolve().parents[3] / "config"
STUDIES = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in CONFIGS.glob("*.yaml")}
RUNS = int(os.environ.get("SCENERY_FUZZ", form(120, 20_000)))
PARTS = form(2, 10)
SECONDS = 60
MAX_CHANGES = 4

Path_ = tuple[Any, ...]


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else {"a": None}


NUMBERS = [
    *(0, 1, -1, 2, 7, 10**30, 10**400, -(10**400), 2**31, 2**63),
    *(0.5, -0.0, 1e-320, 1e308, -1e308, 1e-3, float("nan"), float("inf"), float("-inf")),
]
TEXTS = [
    *("", " ", "x" * 10_000, "a\nb", "\0", "\x1b[31m", "{x}", "{", "}", "{{a}}", "../..", "~"),
    *("<script>", "'", '"', "é", "日本", "🙂", "\u202eabc", "\ud800", "1e-3", "NaN", "0x10"),
    *("NA", "null", "None", "True", "full", "head", "head+1", "head+99", "all", "scratch"),
    *("imagenet", "none", "generated", "MobileNet", "mobilenet", "VGG16", "conv_pw_12_relu"),
    *("Adam", "SGD", "cosine", "plateau", "balanced", "updated", "flatten", "native", "best"),
]
OTHERS = [
    *(None, True, False, [], {}, [[]], [{}], {"": 1}, {1: 2}, {None: None}, {"a": {"b": []}}),
    *(datetime.date(2026, 1, 1), b"bytes", {1, 2}, nested(60), [None] * 2000, [0.1, 0.2], [1, 2]),
    *({"uniform": [0, 1]}, {"loguniform": [1e-5, 1]}, {"integer": [1, 10**30]}, {"choice": [1]}),
    *({"uniform": [-1e308, 1e308]}, {"loguniform": [1e-320, 1e308]}, {"when": {"epochs": [1]}}),
    *({"epochs": 3}, {"patience": 3}, {"name": "SGD", "momentum": 0.9}, {"per_class": 1}),
]
KEYS = [
    *(
        "title",
        "results",
        "dataset",
        "split",
        "subsets",
        "base",
        "experiments",
        "start_from",
        "overrides",
    ),
    *("grid", "list", "random", "repeats", "choose", "only", "space", "n_trials", "seed", "when"),
    *("path", "root", "test", "validation", "per_class", "small", "first", "second", "trainabel"),
    *("head.dropuot", "Head.Dropout", "optimizer", "optimizer.", ".", "..", "", "é", "🙂", "a b"),
    *(1, 1.5, None, True, "a\nb", "{x}", "NA", "x" * 500, *setting_names()),
]


def paths(tree: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every place in a config."""
    inside: Any = ()
    if isinstance(tree, dict):
        inside = tree.items()
    elif isinstance(tree, list):
        inside = enumerate(tree[:30])
    for key, value in inside:
        yield (*path, key)
        yield from paths(value, (*path, key))


def at(tree: Any, path: Path_) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def anything(chance: random.Random) -> Any:
    return copy.deepcopy(chance.choice(chance.choice([NUMBERS, TEXTS, OTHERS])))


def damage(config: Any, chance: random.Random) -> None:
    """One random change somewhere in a config."""
    everywhere = list(paths(config))
    if not everywhere:
        return
    path = chance.choice(everywhere)
    place, key = at(config, path[:-1]), path[-1]
    kind = chance.choice(["put", "put", "put", "remove", "rename", "add", "swap", "wrap", "copy"])
    if kind == "put":
        place[key] = anything(chance)
    elif kind == "remove":
        del place[key]
    elif kind == "rename" and isinstance(place, dict):
        place[chance.choice(KEYS)] = place.pop(key)
    elif kind == "add" and isinstance(place, dict):
        place[chance.choice(KEYS)] = anything(chance)
    elif kind == "swap":
        other = chance.choice(everywhere)
        first, second = copy.deepcopy(at(config, path)), copy.deepcopy(at(config, other))
        place[key] = second
        # The other place may have gone with what stood here.
        if other[: len(path)] != path and path[: len(other)] != other:
            at(config, other[:-1])[other[-1]] = first
    elif kind == "wrap":
        place[key] = chance.choice([[place[key]], {"a": place[key]}, str(place[key])])
    elif kind == "copy":
        place[key] = copy.deepcopy(at(config, chance.choice(everywhere)))


def damaged(number: int) -> dict[str, Any]:
    """The config of one number; the same number gives the same config on every machine."""
    chance = random.Random(number)
    config = copy.deepcopy(STUDIES[chance.choice(sorted(STUDIES))])
    for _ in range(chance.randint(1, MAX_CHANGES)):
        damage(config, chance)
    return dict(config)


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail where something takes longer: whatever a config says, it must not hang."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def look_at_plan(study: Study) -> None:
    """Plan the whole study, as if each experiment chose the first trial that it may choose."""
    chosen: dict[str, Settings] = {}
    plan = Plan(study, "study.yaml", chosen=chosen.__getitem__, known=chosen.__getitem__)
    for name in study.experiments:
        trials, may = plan.trials(name), plan.choosable(name)
        assert len(trials) == len(may) == len(plan.identities(name)) == len({t.id for t in trials})
        cheap = {trial.kind.rule for trial in trials} - {"fine_tune"}
        shards = [shard for rule in cheap for shard in plan.shards(name, rule)]
        assert sum(map(len, shards)) + len(plan.fine_tuned(name)) == len(trials)
        chosen[name] = trials[may.index(True)].settings
        for trial in trials[:50]:
            assert trial.name
            assert plan.runs_in(name, trial) in study.experiments
        assert plan.refit_in(name) in study.experiments


def ends_well(config: dict[str, Any]) -> bool:
    """Whether a config is a study; the test fails where it is neither that nor one message."""
    try:
        with within(SECONDS):
            study = read_study(config, "study.yaml")
            check_study(study, "study.yaml")
            look_at_plan(study)
        yaml.safe_dump(study.model_dump(mode="json", by_alias=True))
    except UserError as error:
        lines = str(error).split("\n")
        assert all(line.startswith(("study.yaml: ", "and ")) for line in lines), lines
        assert all(line.isprintable() and len(line) < 1000 for line in lines), lines
        assert len(lines) == len(set(lines)), lines
        return False
    return True


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_configs(part: int) -> None:
    good = 0
    for number in range(part, RUNS, PARTS):
        config = damaged(number)
        try:
            good += ends_well(config)
        except Exception as error:
            raise AssertionError(f"config {number} ({type(error).__name__}): {config}") from error
    # Most damage must be noticed, and some of it does no harm.
    assert 0 < good < RUNS / PARTS
