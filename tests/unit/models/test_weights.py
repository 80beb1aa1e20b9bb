"""Weights files: read by layer name, and every way in which one can be wrong."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from scenery.errors import UserError
from scenery.models.backbones import build_backbone
from scenery.models.weights import load_weights, save_weights

MOBILENET = "weights/mobilenet_1_0_224_imagenet_to_conv_pw_12.h5"
SQUEEZENET = "weights/squeezenet_1_1_imagenet_notop.h5"


def same(first: keras.Model, second: keras.Model) -> bool:
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def small() -> keras.Model:
    keras.utils.set_random_seed(5)
    return build_backbone("MobileNet", 32, "conv_pw_3_relu")


@pytest.fixture
def file(small: keras.Model, tmp_path: Path) -> Path:
    path = tmp_path / "small.h5"
    save_weights(small, path)
    return path


def another() -> keras.Model:
    keras.utils.set_random_seed(6)
    return build_backbone("MobileNet", 32, "conv_pw_3_relu")


def test_real_weights_of_a_cut_mobilenet(shared: Path) -> None:
    network = build_backbone("MobileNet", 224, "conv_pw_12_relu")
    load_weights(network, shared / MOBILENET)
    assert network.count_params() == 2_162_880
    with h5py.File(shared / MOBILENET) as file:
        kernel = file["conv_pw_12/conv_pw_12/kernel:0"][()]
        variance = file["conv1_bn/conv1_bn/moving_variance:0"][()]
    assert np.array_equal(network.get_layer("conv_pw_12").kernel.numpy(), kernel)
    assert np.array_equal(network.get_layer("conv1_bn").moving_variance.numpy(), variance)


def test_real_weights_end_below_the_whole_mobilenet(shared: Path) -> None:
    network = build_backbone("MobileNet", 224)
    before = network.get_weights()
    words = r"lacks 4 of the 54 layers .*\(conv_dw_13, .*conv_pw_13.*\); it reaches conv_pw_12_relu"
    with pytest.raises(UserError, match=words) as error:
        load_weights(network, shared / MOBILENET)
    assert str(shared / MOBILENET) in str(error.value)
    pairs = zip(network.get_weights(), before, strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_real_weights_of_squeezenet_know_a_photograph(shared: Path) -> None:
    network = build_backbone("SqueezeNet", 224)
    load_weights(network, shared / SQUEEZENET)
    folder = shared / "data/MIT_split/test"
    groups = ["coast", "tallbuilding"]
    maps = []
    for group in groups:
        files = sorted((folder / group).glob("*.jpg"))[:6]
        images = [
            keras.utils.img_to_array(keras.utils.load_img(f, target_size=(224, 224))) for f in files
        ]
        vectors = np.asarray(network(np.stack(images))).mean(axis=(1, 2))
        maps.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    # Pictures of one class look more alike to a trained network than those of two.
    within = np.mean([np.mean(vectors @ vectors.T) for vectors in maps])
    assert within > np.mean(maps[0] @ maps[1].T) + 0.1


@pytest.mark.parametrize("layout", ["ours", "keras3", "model"])
def test_every_layout_is_read(layout: str, small: keras.Model, tmp_path: Path) -> None:
    path = tmp_path / {"ours": "a.weights.h5", "keras3": "b.weights.h5", "model": "c.h5"}[layout]
    if layout == "ours":
        save_weights(small, path)
    elif layout == "keras3":
        small.save_weights(path)
    else:
        small.save(path)
    network = another()
    assert not same(network, small)
    load_weights(network, path)
    assert same(network, small)


def test_a_file_may_hold_more_than_the_network(small: keras.Model, file: Path) -> None:
    network = build_backbone("MobileNet", 64, "conv_pw_1_relu")
    load_weights(network, file)
    expected = small.get_layer("conv_pw_1").kernel.numpy()
    assert np.array_equal(network.get_layer("conv_pw_1").kernel.numpy(), expected)


def test_saving_is_whole_or_not_at_all(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(h5py.Group, "create_dataset", broken)
    with pytest.raises(OSError, match="disk full"):
        save_weights(another(), file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def renumbered(network: keras.Model, path: Path, start: int) -> None:
    """Write weights as a Keras that counts its own names from `start` would."""
    save_weights(network, path)
    with h5py.File(path, "r+") as file:
        names = list(file.attrs["layer_names"])
        new = []
        for name in names:
            match = re.fullmatch(r"(.+?)(?:_(\d+))?", name)
            assert match is not None
            new.append(f"{match[1]}_{int(match[2] or 0) + start}")
            file.move(name, f"new/{new[-1]}")
        for name in new:
            file.move(f"new/{name}", name)
        file.attrs["layer_names"] = new


def test_names_numbered_from_elsewhere_go_by_order(
    whole: Callable[[str], keras.Model], tmp_path: Path
) -> None:
    # As in the official files, which begin with conv2d_1; taken by name, all layers would shift.
    network, path = whole("InceptionV3"), tmp_path / "official.h5"
    renumbered(network, path, 1)
    cut = build_backbone("InceptionV3", 299, "mixed2")
    load_weights(cut, path)
    for layer in cut.layers:
        found, expected = layer.get_weights(), network.get_layer(layer.name).get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_numbered_names_of_a_part_cannot_be_matched(tmp_path: Path) -> None:
    network, path = build_backbone("InceptionV3", 299, "mixed2"), tmp_path / "part.h5"
    renumbered(network, path, 1)
    with pytest.raises(UserError, match="names that Keras numbered"):
        load_weights(network, path)
    renumbered(network, path, 0)
    with h5py.File(path, "r+") as file:
        assert "conv2d_0" in file
    # Without their first, `conv2d`, the numbers could mean anything.
    with pytest.raises(UserError, match="names that Keras numbered"):
        load_weights(network, path)


def test_files_that_are_no_weights(small: keras.Model, file: Path, tmp_path: Path) -> None:
    cut_short, text, empty = tmp_path / "cut.h5", tmp_path / "text.h5", tmp_path / "empty.h5"
    cut_short.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    text.write_text("no weights")
    with h5py.File(empty, "w") as handle:
        handle["other"] = np.arange(3)
    for path, words in (
        (cut_short, "cannot be read as HDF5"),
        (text, "cannot be read as HDF5"),
        (empty, "holds no Keras weights"),
        (tmp_path / "none.h5", "there is no file"),
        (tmp_path, "there is no file"),
    ):
        with pytest.raises(UserError, match=words) as error:
            load_weights(small, path)
        assert str(path) in str(error.value)


def test_damaged_values_are_a_users_mistake(small: keras.Model, tmp_path: Path) -> None:
    path = tmp_path / "checked.h5"
    save_weights(small, path)
    with h5py.File(path, "r+") as handle:
        value = handle["conv1/0_kernel"][()]
        del handle["conv1/0_kernel"]
        handle["conv1"].create_dataset("0_kernel", data=value, chunks=value.shape, fletcher32=True)
        place = handle["conv1/0_kernel"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UserError, match="cannot be read as HDF5"):
        load_weights(another(), path)


def test_another_network(file: Path) -> None:
    with pytest.raises(UserError, match=r"not of MobileNetV2: it holds none of its layers \(Conv1"):
        load_weights(build_backbone("MobileNetV2", 32, "block_1_expand"), file)
    with pytest.raises(UserError, match=r"conv1 has shapes 3x3x3x32 in .*3x3x3x64, 64 in"):
        load_weights(build_backbone("SqueezeNet", 32), file)


def test_a_first_layer_that_is_missing(small: keras.Model, file: Path) -> None:
    with h5py.File(file, "r+") as handle:
        names = [name for name in handle.attrs["layer_names"] if name != "conv1"]
        handle.attrs["layer_names"] = names
    with pytest.raises(UserError, match=r"lacks 1 of the .*\(conv1\); it lacks even the first"):
        load_weights(small, file)


@pytest.mark.parametrize("kind", ["external link", "soft link", "external data", "text"])
def test_nothing_is_read_from_elsewhere(kind: str, file: Path, tmp_path: Path) -> None:
    shutil.copy(file, tmp_path / "other.h5")
    (tmp_path / "raw").write_bytes(bytes(3 * 3 * 3 * 32 * 4))
    with h5py.File(file, "r+") as handle:
        del handle["conv1/0_kernel"]
        if kind == "external link":
            target = h5py.ExternalLink(str(tmp_path / "other.h5"), "conv1/0_kernel")
            handle["conv1/0_kernel"] = target
        elif kind == "soft link":
            handle["conv1/0_kernel"] = h5py.SoftLink("/conv_dw_1/0_kernel")
        elif kind == "external data":
            raw = [(str(tmp_path / "raw"), 0, h5py.h5f.UNLIMITED)]
            handle["conv1"].create_dataset("0_kernel", (3, 3, 3, 32), "f4", external=raw)
        else:
            handle["conv1"].create_dataset("0_kernel", data=np.full((3, 3, 3, 32), b"x"))
    with pytest.raises(UserError, match=r"a link|outside the file|does not hold numbers"):
        load_weights(another(), file)
