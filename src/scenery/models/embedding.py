"""Feature vectors by which the images of a data set are compared before anything is trained."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np

from scenery.data.images import model_input, try_read_image
from scenery.models.backbones import preprocess
from scenery.models.inference_engine import Forward
from scenery.models.pooling import pool
from scenery.registry.backbones import EMBEDDING_BACKBONE

SIZE = EMBEDDING_BACKBONE.native_size
BATCH = 64


def build_embedder() -> keras.Model:
    """A network that gives images of 224 x 224 pixels, RGB from 0 to 255, vectors of 1,280 values.

    Raises:
        UserError: The package with the weights is missing or broken.
    """
    record = EMBEDDING_BACKBONE
    images = keras.Input((SIZE, SIZE, 3), name="images")
    network = record.constructor(
        include_top=False,
        weights="imagenet",
        input_tensor=preprocess(images, record.preprocessing),
        input_shape=(SIZE, SIZE, 3),
    )
    return keras.Model(images, pool(network.output, "average"))


def embedding_batches(
    embedder: keras.Model, files: Sequence[Path], max_pixels: int, white_level: int, threads: int
) -> Iterator[np.ndarray]:
    """The vectors of images in their order, some at a time; zeros for one that cannot be read.

    Args:
        embedder: What `build_embedder` gives.
        files: The images.
        max_pixels: Images of more pixels are not decoded.
        white_level: The 16-bit value that becomes white.
        threads: Files read at the same time.

    Yields:
        Arrays of float32, shape (up to `BATCH`, 1280).
    """
    forward = Forward(embedder, len(files))

    def read(file: Path) -> np.ndarray | None:
        pixels, _ = try_read_image(file, max_pixels, white_level)
        return None if pixels is None else model_input(pixels, SIZE, "stretch")

    with ThreadPoolExecutor(threads) as readers:
        for start in range(0, len(files), BATCH):
            images = dict(enumerate(readers.map(read, files[start : start + BATCH])))
            readable = {place: image for place, image in images.items() if image is not None}
            vectors = np.zeros((len(images), embedder.output.shape[1]), np.float32)
            if readable:
                vectors[list(readable)] = np.asarray(forward(np.stack(list(readable.values()))))
            yield vectors
