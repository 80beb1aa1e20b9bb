"""Packed images, features, records and the hardware that a job got."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import psutil
import pytest
import tensorflow as tf

from scenery import versions
from scenery.config.settings import Augment
from scenery.data.array_writer import write_facts
from scenery.data.feature_files import read_features
from scenery.data.packed_images import open_packed
from scenery.data.tables import class_names, partition_table
from scenery.errors import UserError
from scenery.evaluation import records
from scenery.models.feature_extraction import extract, load_backbone, pooled
from scenery.training import hardware

TABLE = pd.DataFrame(
    {
        "file": [f"{n}.png" for n in range(10)],
        "class": ["a", "b"] * 5,
        "label": [0, 1] * 5,
        "partition": ["train"] * 6 + ["validation"] * 4,
        "row": [5, 4, 3, 2, 1, 0, 0, 1, 2, 3],
    }
)


@pytest.fixture
def array(tmp_path: Path) -> Path:
    """Six images of 8 pixels; all values of an image are 20 times its row."""
    rows = np.arange(6, dtype=np.uint8) * 20
    np.save(tmp_path / "8.npy", np.tile(rows[:, None, None, None], (1, 8, 8, 3)))
    return tmp_path / "8.npy"


@pytest.fixture
def network() -> keras.Model:
    """Maps of 2 by 2 cells and one channel: the mean of a quarter of the image."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.AveragePooling2D(4)(inputs)
    return keras.Model(inputs, keras.layers.Lambda(lambda v: v[..., :1])(x))


def test_tables_name_the_rows_of_the_array(array: Path) -> None:
    table = partition_table(TABLE, "train")
    assert list(table["row"]) == list(range(6))
    images = open_packed(array, table)
    assert (len(images), images.size) == (6, 8)
    assert images.files[0] == "5.png"
    some = open_packed(array, table.iloc[[4, 1]])
    assert some.read(np.array([0, 1]))[:, 0, 0, 0].tolist() == [80, 20]
    assert class_names(TABLE) == ["a", "b"]


@pytest.mark.parametrize("batch", [1, 4, 6, 100])
def test_batches_in_any_order(array: Path, batch: int) -> None:
    images = open_packed(array, partition_table(TABLE, "train"))
    order = np.array([3, 0, 5, 1, 4, 2])
    for positions in (None, order):
        read = list(images.batches(batch, positions))
        assert max(len(part) for part in read) == min(batch, 6)
        values = np.concatenate(read)[:, 0, 0, 0]
        assert (values == 20 * (np.arange(6) if positions is None else order)).all()


def test_what_was_read_is_not_held(tmp_path: Path) -> None:
    count, size = 2000, 128
    file = tmp_path / "large.npy"
    np.save(file, np.ones((count, size, size, 3), np.uint8))
    table = pd.DataFrame({"file": "", "label": 0, "row": np.arange(count)})
    images = open_packed(file, table)
    images.read(np.arange(10))
    before = psutil.Process().memory_info().rss
    for start in range(0, count, 100):
        assert images.read(np.arange(start, start + 100)).all()
    grown = psutil.Process().memory_info().rss - before
    assert grown < file.stat().st_size / 4


def test_two_partitions_as_one(array: Path) -> None:
    one = open_packed(array, partition_table(TABLE, "train"))
    two = open_packed(array, partition_table(TABLE, "validation"))
    both = two.joined_with(one).joined_with(two)
    assert len(both) == 4 + 6 + 4
    values = both.read(np.arange(14))[:, 0, 0, 0]
    assert (values == 20 * np.array([0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3])).all()
    assert both.files[4] == one.files[0]
    assert list(both.labels[:4]) == list(two.labels)


@pytest.mark.parametrize(
    ("pooling", "shape"), [("average", (6, 1)), ("max", (6, 1)), ("map", (6, 2, 2, 1))]
)
def test_features_of_plain_images(
    array: Path, network: keras.Model, tmp_path: Path, pooling: str, shape: tuple[int, ...]
) -> None:
    table = partition_table(TABLE, "train")
    out = tmp_path / "features" / "train.npy"
    facts = extract(pooled(network, pooling), open_packed(array, table), out, batch=4)
    assert facts["shape"] == list(shape)
    values = np.load(out)
    assert (values.reshape(6, -1).max(axis=1) == 20 * np.arange(6)).all()
    assert [path.name for path in out.parent.iterdir()] == ["train.npy"]
    write_facts(facts, out.with_suffix(".json"))
    # A subset takes its rows of the full partition's features.
    subset = table.iloc[[2, 5]]
    features = read_features(out, out.with_suffix(".json"), subset)
    assert not features.views
    assert features.values.reshape(2, -1).max(axis=1).tolist() == [40, 100]
    assert list(features.labels) == list(subset["label"])


def test_views_differ_and_repeat(array: Path, network: keras.Model, tmp_path: Path) -> None:
    images = open_packed(array, partition_table(TABLE, "train"))
    augment = Augment(brightness=0.4)

    def views(seed: int, count: int = 3) -> tuple[dict[str, Any], np.ndarray]:
        out = tmp_path / f"{seed}-{count}.npy"
        facts = extract(pooled(network, "average"), images, out, 4, augment, count, seed)
        write_facts(facts, out.with_suffix(".json"))
        return facts, np.load(out)

    facts, values = views(seed=0)
    assert facts["shape"] == [3, 6, 1]
    assert len({view.tobytes() for view in values}) == 3
    assert (views(seed=0)[1] == values).all()
    assert (views(seed=1)[1] != values).any()
    assert views(seed=0)[0]["digest"] == facts["digest"] != views(seed=1)[0]["digest"]
    # More views keep the first ones.
    assert (views(seed=0, count=5)[1][:3] == values).all()
    array, facts_file = tmp_path / "0-3.npy", tmp_path / "0-3.json"
    read = read_features(array, facts_file, partition_table(TABLE, "train"))
    assert read.views
    assert read.values.shape == (3, 6, 1)


def test_random_weights_follow_their_seed() -> None:
    def weights(seed: int) -> np.ndarray:
        return load_backbone("SqueezeNet", 32, "fire3_concat", None, seed).get_weights()[0]

    assert (weights(0) == weights(0)).all()
    assert (weights(0) != weights(1)).any()


def test_a_record_says_where_a_result_comes_from(tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({"digest": "abc", "count": 3}))
    (tmp_path / "more.json").write_text("{}")
    out = tmp_path / "record.json"
    more = {"trial": "t", "refit": True}
    records.write_record(out, {"seed": 0}, "code", [facts, tmp_path / "more.json"], **more)
    record = json.loads(out.read_text())
    assert record["data"] == {str(facts): "abc"}
    assert (record["settings"], record["code"], record["refit"]) == ({"seed": 0}, "code", True)
    assert record["versions"]["keras"] == keras.__version__
    assert {"python", "numpy"} <= set(record["versions"])
    assert record["commit"]


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    versions.commit.cache_clear()
    monkeypatch.setenv("PATH", "")
    try:
        assert versions.commit() == "unknown"
    finally:
        versions.commit.cache_clear()


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """TensorFlow as a job finds it: not yet set up."""
    found: dict[str, Any] = {"gpus": [], "growth": []}
    threading = tf.config.threading
    for kind in ("intra", "inter"):
        name = f"set_{kind}_op_parallelism_threads"
        monkeypatch.setattr(threading, name, lambda n, kind=kind: found.update({kind: n}))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: found["gpus"])
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda gpu, on: found["growth"].append(gpu)
    )
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    return found


def test_a_job_uses_what_it_was_allotted(job: dict[str, Any]) -> None:
    assert hardware.set_up(3) == 0
    assert (job["intra"], job["inter"]) == (3, 2)
    job["gpus"] = ["one", "two"]
    assert hardware.set_up(1, wants_gpu=True, gpu_missing="stop") == 2
    assert job["growth"] == ["one", "two"]
    assert (job["intra"], job["inter"]) == (1, 1)


def test_a_missing_gpu_stops_a_job_on_a_cluster_alone(
    job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hardware.set_up(1, wants_gpu=True, gpu_missing="stop") == 0
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert hardware.set_up(1, wants_gpu=True, gpu_missing="continue") == 0
    assert hardware.set_up(1, wants_gpu=False, gpu_missing="stop") == 0
    with pytest.raises(UserError, match="gpu_missing: continue"):
        hardware.set_up(1, wants_gpu=True, gpu_missing="stop")
