"""Inside a final model: feature maps, first filters, and what its answers rest on.

Everything is computed here once and kept as arrays and tables; pictures are drawn from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler

from scenery.data.packed_images import PackedImages
from scenery.models.truncation import CutPoint, cut_points, split_at
from scenery.models.vision_transformer import as_map

BATCH = 64
# Eight images at a time bound the memory of gradients through large networks.
EXPLAINED_AT_ONCE = 8
SHOWN_STAGES = 5
STRONGEST = 12
CHANNELS_SHOWN_OF = 3
# Fewer cells than five a side say too little of where a network looks.
MIN_CELLS = 5
EMBEDDED = 1000


@dataclass(frozen=True)
class Parts:
    """A final model taken apart; all parts share its weights.

    Attributes:
        backbone: Images (batch, height, width, 3) in, feature map out.
        head: Feature map in, probabilities out.
        logits: Feature map in, what goes into the softmax out.
        before: Feature map in, what goes into the last dense layer out: (batch, values).

    Where the head answers at every position, both are means over the positions.
    """

    backbone: keras.Model
    head: keras.Model
    logits: keras.Model
    before: keras.Model


def split_model(model: keras.Model) -> Parts:
    """The parts of a model as the refit rules save it: a backbone and a head named `head`."""
    backbone, head = (layer for layer in model.layers if isinstance(layer, keras.Model))
    last = head.get_layer("classes")
    logits, before = last.output, last.input
    if len(logits.shape) == 4:
        logits, before = (keras.layers.GlobalAveragePooling2D()(x) for x in (logits, before))
    if logits.shape[-1] == 1:
        # What speaks for one of two classes speaks against the other.
        logits = keras.layers.Concatenate()([-logits, logits])
    return Parts(backbone, head, keras.Model(head.input, logits), keras.Model(head.input, before))


def ask(parts: Parts, images: PackedImages) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, float64 (images, classes), and the head's last values, float32 (images, n)."""

    def forward(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        maps = parts.backbone(tf.cast(pixels, tf.float32), training=False)
        return parts.head(maps, training=False), parts.before(maps, training=False)

    make_forward_fn = tf.function(forward, reduce_retracing=True)
    answers = [[part.numpy() for part in make_forward_fn(batch)] for batch in images.batches(BATCH)]
    probabilities, values = (np.concatenate(part) for part in zip(*answers, strict=True))
    return probabilities.astype(np.float64), values.astype(np.float32)


def pick(probabilities: np.ndarray, labels: np.ndarray, wanted: int) -> tuple[list[int], list[int]]:
    """Positions of the images to explain: right answers and wrong ones, surest first.

    Right answers go round the classes, so that one easy class does not fill the page.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = [int(place) for place in order if predicted[place] == labels[place]]
    wrong = [int(place) for place in order if predicted[place] != labels[place]]
    turns = pd.Series(labels[right]).groupby(labels[right]).cumcount().to_numpy()
    right = [right[place] for place in np.argsort(turns, kind="stable")]
    return right[:wanted], wrong[:wanted]


def shown_stages(backbone: keras.Model, most: int = SHOWN_STAGES) -> list[CutPoint]:
    """The ends of up to `most` stages, spread over the network, the last one included."""
    points = cut_points(backbone)
    picked = np.unique(np.linspace(0, len(points) - 1, min(most, len(points))).round().astype(int))
    return [points[place] for place in picked]


def activations(probe: keras.Model, pixels: np.ndarray) -> list[np.ndarray]:
    """What the outputs of a network give, each of shape (images, rows, columns, channels).

    Args:
        probe: The network; one output or several.
        pixels: uint8, shape (images, height, width, 3).
    """
    found = probe(tf.cast(pixels, tf.float32), training=False)
    return [np.asarray(as_map(probe, one)) for one in keras.tree.flatten(found)]


def feature_maps(
    backbone: keras.Model, pixels: np.ndarray, layers: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """The activations of layers, their channels reduced in three ways.

    Args:
        backbone: The network.
        pixels: uint8, shape (images, height, width, 3).
        layers: Names of layers; none: the ends of stages.

    Returns:
        For each layer number s (0, 1, ...): `mean_s` and `max_s`, shape (images, cells, cells);
        `components_s`, shape (images, cells, cells, up to 3), the first principal components over
        channels, fitted to all cells of these images; `variance_s`, their shares of the variance;
        `channels_s`, shape (up to 3 images, channels, cells, cells), the channels that vary most
        over all cells; `strongest_s`, their numbers. `layers` holds the layers' names.
    """
    names = list(layers) or [stage.layer for stage in shown_stages(backbone)]
    probe = keras.Model(backbone.input, [backbone.get_layer(name).output for name in names])
    parts = np.array_split(pixels, -(-len(pixels) // EXPLAINED_AT_ONCE))
    outputs = [activations(probe, part) for part in parts]
    found: dict[str, np.ndarray] = {"layers": np.array(names)}
    for number in range(len(names)):
        maps = np.concatenate([part[number] for part in outputs]).astype(np.float32)
        found |= {f"{name}_{number}": value for name, value in _reduced(maps).items()}
    return found


def _reduced(maps: np.ndarray) -> dict[str, np.ndarray]:
    cells = maps.reshape(-1, maps.shape[-1])
    wanted = min(3, *cells.shape)
    components = PCA(wanted, svd_solver="full" if len(cells) < 2000 else "covariance_eigh")
    reduced = components.fit_transform(cells).reshape(*maps.shape[:-1], wanted)
    strongest = np.argsort(-cells.std(axis=0), kind="stable")[:STRONGEST]
    channels = maps[:CHANNELS_SHOWN_OF, ..., strongest].transpose(0, 3, 1, 2)
    return {
        "mean": maps.mean(axis=-1).astype(np.float16),
        "max": maps.max(axis=-1).astype(np.float16),
        "components": reduced.astype(np.float16),
        "variance": components.explained_variance_ratio_.astype(np.float32),
        "channels": channels.astype(np.float16),
        "strongest": strongest,
    }


def first_filters(backbone: keras.Model) -> np.ndarray:
    """The kernels of the first convolution on the colors, shape (filters, height, width, 3), RGB.

    Strongest first. Empty where no convolution reads the three colors.
    """
    # A network that wants blue first turns the colors round before its first layer.
    turned = any(type(operation).__name__ == "Flip" for operation in backbone.operations)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Conv2D) and layer.kernel.shape[2] == 3:
            kernels = np.asarray(layer.kernel).transpose(3, 0, 1, 2)
            kernels = kernels[..., ::-1] if turned else kernels
            order = np.argsort(-np.square(kernels).sum(axis=(1, 2, 3)), kind="stable")
            return np.ascontiguousarray(kernels[order], dtype=np.float32)
    return np.zeros((0, 1, 1, 3), np.float32)


def grad_cam_layer(backbone: keras.Model) -> CutPoint:
    """The highest end of a stage that still has five cells a side; the largest one without."""
    points = cut_points(backbone)
    fine = [point for point in points if point.size >= MIN_CELLS]
    return fine[-1] if fine else max(points, key=lambda point: point.size)


class GradCam:
    """Where images speak for a class (Grad-CAM, Selvaraju et al. 2017).

    Channels of the layer are weighted with the mean gradient of the class's logit and summed;
    what speaks against the class is cut off.

    Args:
        parts: The final model.
        layer: A layer of the backbone through which all paths run.
    """

    def __init__(self, parts: Parts, layer: str) -> None:
        self._logits = parts.logits
        self._below, self._above = parts.backbone, None
        if layer != parts.backbone.layers[-1].name:
            self._below, self._above = split_at(parts.backbone, layer)

    def maps(self, pixels: np.ndarray, classes: Sequence[int]) -> np.ndarray:
        """Where each image speaks for its class.

        Args:
            pixels: uint8, shape (images, height, width, 3).
            classes: A class number for each image.

        Returns:
            float32, shape (images, cells, cells), each from 0 to 1 (its own maximum).
        """
        maps = []
        for start in range(0, len(pixels), EXPLAINED_AT_ONCE):
            part = slice(start, start + EXPLAINED_AT_ONCE)
            values = self._below(tf.cast(pixels[part], tf.float32), training=False)
            with tf.GradientTape() as tape:
                tape.watch(values)
                top = values if self._above is None else self._above(values, training=False)
                logits = self._logits(top, training=False)
                chosen = tf.gather(logits, list(classes[part]), axis=1, batch_dims=1)
                score = tf.reduce_sum(chosen)
            slopes = as_map(self._below, tape.gradient(score, values))
            values = as_map(self._below, values)
            weights = tf.reduce_mean(slopes, axis=(1, 2), keepdims=True)
            maps.append(tf.nn.relu(tf.reduce_sum(weights * values, axis=-1)).numpy())
        heat = np.concatenate(maps).astype(np.float32) if maps else np.zeros((0, 1, 1), np.float32)
        highest = heat.max(axis=(1, 2), keepdims=True) if len(heat) else heat
        return np.divide(heat, highest, out=np.zeros_like(heat), where=highest > 0)


def embed(values: np.ndarray, seed: int) -> pd.DataFrame:
    """Places of images in the plane by their standardized features: PCA, and t-SNE.

    After van der Maaten and Hinton (2008), started from the principal components. With more than
    1,000 images a random sample is placed.

    Args:
        values: Shape (images, features).
        seed: Of the sample and of t-SNE.

    Returns:
        Columns position (of the image), pca_1, pca_2, tsne_1, tsne_2 (NaN for fewer than five
        images), and share_1, share_2: the shares of variance of the principal components.
    """
    places = np.arange(len(values))
    if len(places) > EMBEDDED:
        places = np.sort(np.random.default_rng(seed).choice(places, EMBEDDED, replace=False))
    scaled = StandardScaler().fit_transform(values[places].astype(np.float64))
    wanted = min(50, *scaled.shape)
    pca = PCA(wanted, svd_solver="full").fit(scaled)
    components = pca.transform(scaled)
    table = pd.DataFrame({"position": places})
    for number in (0, 1):
        inside = number < wanted
        table[f"pca_{number + 1}"] = components[:, number] if inside else 0.0
        table[f"share_{number + 1}"] = pca.explained_variance_ratio_[number] if inside else 0.0
    plane = np.full((len(places), 2), np.nan)
    if len(places) >= 5 and wanted > 1:
        perplexity = min(30.0, (len(places) - 1) / 3)
        plane = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(
            components
        )
    return table.assign(tsne_1=plane[:, 0], tsne_2=plane[:, 1])
