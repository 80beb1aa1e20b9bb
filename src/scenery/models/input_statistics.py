"""Statistics of the training images in the first layer of a network (featurewise scaling)."""

import keras
import numpy as np
from sklearn.preprocessing import StandardScaler

from scenery.data.packed_images import PackedImages
from scenery.data.standardization import deviations
from scenery.models.backbones import INPUT_STATISTICS, LUMA

# Images that are converted to 64 bits at a time.
IMAGES = 16


def fit_input_statistics(network: keras.Model, images: PackedImages) -> None:
    """Set the statistics in a network's first layer to those of images.

    A network without such a layer is left as it is. The mean is that of each channel over all
    pixels of all images, as is the standard deviation. A channel that is constant is only shifted.

    Args:
        network: Of `build_backbone`.
        images: The training images.
    """
    layers = {layer.name: layer for layer in network.layers}
    center_only = f"{INPUT_STATISTICS}_center" in layers
    layer = layers.get(f"{INPUT_STATISTICS}_center" if center_only else INPUT_STATISTICS)
    if layer is None:
        return
    gray = layer.moving_mean.shape[0] == 1
    scaler = StandardScaler()
    for start in range(0, len(images), IMAGES):
        places = np.arange(start, min(start + IMAGES, len(images)))
        pixels = images.read(places).reshape(-1, 3).astype(np.float64)
        scaler.partial_fit(pixels @ np.array(LUMA)[:, np.newaxis] if gray else pixels)
    deviation = np.ones_like(scaler.mean_) if center_only else deviations(scaler)
    layer.set_weights([scaler.mean_, deviation**2])
