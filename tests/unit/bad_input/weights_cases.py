"""Weights files of every kind of fault, for SqueezeNet."""

import functools
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np

from bad_input.cases import USED, Case
from scenery.models.backbones import build_backbone
from scenery.models.weights import save_weights

FILE = "mine.h5"
KERNEL = "fire2_squeeze1x1/0_kernel"


@functools.cache
def network() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_backbone("SqueezeNet", 227)


def good_weights() -> None:
    save_weights(network(), FILE)


def changed(what: str) -> None:
    """A good file with one thing changed in it."""
    good_weights()
    with h5py.File(FILE, "r+") as file:
        values = file[KERNEL][()]
        if what == "missing":
            names = [name for name in file.attrs["layer_names"] if not name.startswith("fire9")]
            file.attrs["layer_names"] = names
            return
        del file[KERNEL]
        if what == "shape":
            file[KERNEL] = values[..., :-1]
        elif what == "text":
            file[KERNEL] = np.full(values.shape, b"x")
        elif what == "nan":
            values[0, 0, 0, 0] = np.nan
            file[KERNEL] = values
        elif what == "link":
            file[KERNEL] = h5py.ExternalLink("other.h5", KERNEL)


def of_another_network() -> None:
    inputs = keras.Input((4,))
    save_weights(keras.Model(inputs, keras.layers.Dense(2, name="mine")(inputs)), FILE)


def cut_short() -> None:
    good_weights()
    whole = Path(FILE).read_bytes()
    Path(FILE).write_bytes(whole[: len(whole) // 2])


def halved() -> None:
    good_weights()
    with h5py.File(FILE, "r+") as file:
        values = file[KERNEL][()]
        del file[KERNEL]
        file[KERNEL] = values.astype(np.float16)


def a_model() -> None:
    inputs = keras.Input((4,))
    keras.Model(inputs, keras.layers.Dense(2)(inputs)).save("model.keras")
    shutil.move("model.keras", FILE)


WEIGHTS = [
    Case(
        "an empty file",
        lambda: Path(FILE).touch(),
        "weights: mine.h5 cannot be read as HDF5 weights: it is damaged, cut short or something "
        "else",
    ),
    Case(
        "text instead of HDF5",
        lambda: Path(FILE).write_text("<html>not found</html>"),
        "weights: mine.h5 cannot be read as HDF5 weights: it is damaged, cut short or something "
        "else (Unable to synchronously open file (file signature not found))",
    ),
    Case("a .keras archive", a_model, "weights: mine.h5 cannot be read as HDF5 weights"),
    Case("a truncated file", cut_short, "weights: mine.h5 cannot be read as HDF5 weights"),
    Case(
        "HDF5 without Keras weights",
        lambda: h5py.File(FILE, "w").close(),
        "weights: mine.h5 is HDF5, but holds no Keras weights",
    ),
    Case(
        "weights of another network",
        of_another_network,
        "weights: mine.h5 is not of SqueezeNet: it holds none of its layers (conv1, "
        "fire2_squeeze1x1,",
    ),
    Case(
        "a layer of another shape",
        lambda: changed("shape"),
        "weights: mine.h5 is not of this SqueezeNet: layer fire2_squeeze1x1 has shapes "
        "1x1x64x15, 16 in the file and 1x1x64x16, 16 in the network",
    ),
    Case(
        "layers missing at the top",
        lambda: changed("missing"),
        "it reaches fire8_concat: end the network there (cut: fire8_concat) or give a complete "
        "file",
    ),
    Case(
        "text instead of numbers",
        lambda: changed("text"),
        "weights: mine.h5: layer fire2_squeeze1x1 does not hold numbers",
    ),
    Case(
        "NaN among the numbers",
        lambda: changed("nan"),
        "weights: mine.h5: layer fire2_squeeze1x1 holds numbers that are not finite",
    ),
    Case(
        "a link to another file",
        lambda: changed("link"),
        "weights: mine.h5 cannot be read as HDF5 weights: it is damaged, cut short or something "
        "else (0_kernel is missing or a link)",
    ),
    Case("16-bit numbers", halved, f"{USED}as they are"),
    Case("a correct file", good_weights, f"{USED}as they are"),
]
