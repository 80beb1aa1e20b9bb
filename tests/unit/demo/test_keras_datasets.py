"""Data sets by name: Keras' own loader against a server on this machine."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.backend import config
from keras.src.datasets import mnist
from PIL import Image

from scenery.data.class_folders import write_class_folders
from scenery.data.sources import list_images
from scenery.demo.keras_datasets import fetch_dataset
from scenery.errors import UserError
from scenery.registry.datasets import NAMED_DATASETS


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder and counts what is asked for."""

    asked: list[str] = []  # noqa: RUF012

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder from which Keras' MNIST loader downloads in place of the official one."""
    served, cache = tmp_path / "served", tmp_path / "cache"
    served.mkdir()
    cache.mkdir()
    monkeypatch.setattr(config, "_KERAS_DIR", str(cache))
    monkeypatch.setenv("KERAS_HOME", str(cache))
    monkeypatch.setattr(QuietHandler, "asked", [])
    handler = partial(QuietHandler, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()

        def get_file(fname: str, origin: str, file_hash: str) -> str:
            # The digest is that of the official file; all else is as the loader asks for it.
            address = f"http://127.0.0.1:{running.server_address[1]}/{Path(origin).name}"
            return str(keras.utils.get_file(fname, origin=address))

        monkeypatch.setattr(mnist, "get_file", get_file)
        try:
            yield served
        finally:
            running.shutdown()
            thread.join()


def digits(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, np.arange(count, dtype=np.uint8) % 10


def test_mnist_becomes_class_folders_and_is_downloaded_once(server: Path, tmp_path: Path) -> None:
    (train, labels), (test, test_labels) = digits(30, 1), digits(20, 2)
    np.savez(server / "mnist.npz", x_train=train, y_train=labels, x_test=test, y_test=test_labels)
    folder = tmp_path / "mnist"
    assert fetch_dataset("mnist", folder) == {"train": 30, "test": 20}
    found = list_images(folder)
    counts = {part: sum(one.partition == part for one in found) for part in ("train", "test")}
    assert counts == {"train": 30, "test": 20}
    assert {one.class_name for one in found} == set(NAMED_DATASETS["mnist"])
    # The second of the digit 7 is image 17.
    with Image.open(folder / "train" / "digit_7" / "digit_7_00002.png") as image:
        np.testing.assert_array_equal(np.asarray(image), train[17])
    fetch_dataset("mnist", tmp_path / "again")
    assert QuietHandler.asked == ["/mnist.npz"]


def test_without_the_file_there_is_one_clear_message(server: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dataset.path: mnist could not be had \(.*404") as error:
        fetch_dataset("mnist", tmp_path / "mnist")
    assert "--until fetch_dataset" in str(error.value)
    assert "\n" not in str(error.value)


def test_colors_and_labels_in_a_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(10)[:, None]
    monkeypatch.setattr(
        keras.datasets.cifar10, "load_data", lambda: ((images, labels), (images[:5], labels[:5]))
    )
    fetch_dataset("cifar10", tmp_path)
    with Image.open(tmp_path / "test" / "bird" / "bird_00001.png") as image:
        np.testing.assert_array_equal(np.asarray(image), images[2])


def test_every_name_is_a_loader_of_keras_with_so_many_classes() -> None:
    sizes = {"digits": 10, "mnist": 10, "fashion_mnist": 10, "cifar10": 10, "cifar100": 100}
    assert {name: len(set(classes)) for name, classes in NAMED_DATASETS.items()} == sizes
    of_keras = set(NAMED_DATASETS) - {"digits"}
    assert all(callable(getattr(keras.datasets, name).load_data) for name in of_keras)
    # The loader of CIFAR-100 numbers its classes by the alphabet.
    assert list(NAMED_DATASETS["cifar100"]) == sorted(NAMED_DATASETS["cifar100"])


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((2, 4, 4), np.float32), [0, 1]),
        (np.zeros((2, 4, 4, 2), np.uint8), [0, 1]),
        (np.zeros((2, 4, 4), np.uint8), [0]),
        (np.zeros((2, 4, 4), np.uint8), [0, 2]),
    ],
)
def test_what_is_no_labeled_image_is_refused(
    images: np.ndarray, labels: list[int], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"images|labels"):
        write_class_folders(tmp_path, images, np.array(labels), ("a", "b"))
