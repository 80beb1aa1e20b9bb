"""The forward pass of a network on many images: by OpenVINO where it is installed.

On a processor, OpenVINO computes the same numbers as TensorFlow in about half of the time.
"""

import logging
import tempfile
from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.models.forward import make_forward_fn

log = logging.getLogger("scenery")

TENSORFLOW, OPENVINO = "TensorFlow", "OpenVINO"
# Its start takes a second, which fewer pixels do not repay: 400 images of 224 x 224 pixels.
MIN_PIXELS = 20_000_000
# Images of the first batch on which both engines are compared, and the largest difference allowed,
# as a share of the largest value if that is above 1.
COMPARED = 32
TOLERANCE = 1e-4

Outputs = np.ndarray | list[np.ndarray]


class Forward:
    """The forward pass of a network, of which the first batch says by which engine.

    OpenVINO is used on a processor, if it is installed, if the images are many, and if both engines
    agree on the first images. The engine depends on nothing else, so that the same call gives the
    same numbers again.

    Args:
        network: From float images of 0 to 255, shape (batch, height, width, 3).
        images: The number of images that will follow.
        augmentation: What changes images before the network sees them.

    Attributes:
        engine: Name and version of what computes; empty before the first batch.
    """

    def __init__(
        self, network: keras.Model, images: int, augmentation: keras.Model | None = None
    ) -> None:
        self.engine = ""
        self._network = network
        self._augmentation = augmentation
        height, width = network.input.shape[1:3]
        self._many = images * height * width >= MIN_PIXELS
        self._compiled: Callable[[np.ndarray], Outputs] | None = None
        self._plain = make_forward_fn(network, augmentation)

    def __call__(self, pixels: Any) -> Any:
        """The outputs, shape (batch, ...); a list of them if the network has several.

        Args:
            pixels: uint8 images, shape (batch, height, width, 3).
        """
        if not self.engine:
            self._choose(pixels)
        if self._compiled is None:
            return self._plain(pixels)
        return self._compiled(self._input(pixels))

    def _input(self, pixels: Any) -> np.ndarray:
        images = tf.cast(pixels, tf.float32)
        if self._augmentation is not None:
            images = self._augmentation(images, training=True)
        return np.asarray(images)

    def _choose(self, pixels: Any) -> None:
        self.engine = TENSORFLOW
        if not (self._many and util.find_spec("openvino")):
            return
        if tf.config.list_physical_devices("GPU"):
            return
        try:
            compiled = compile_for_openvino(self._network)
            difference = self._difference(compiled, pixels[:COMPARED])
        # OpenVINO raises errors of many types for a network with an operation that it lacks.
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            log.warning("OpenVINO cannot run this network (%s); TensorFlow does", reason)
            return
        if difference > TOLERANCE:
            log.warning(
                "OpenVINO and TensorFlow differ by %.1e on the first images; TensorFlow is used",
                difference,
            )
            return
        self._compiled = compiled
        self.engine = f"{OPENVINO} {metadata.version('openvino')}"
        log.info("%s computes the outputs; TensorFlow's differ by %.1e", self.engine, difference)

    def _difference(self, compiled: Callable[[np.ndarray], Outputs], pixels: Any) -> float:
        """The largest difference to TensorFlow, on images without augmentation."""
        images = np.asarray(pixels, np.float32)
        expected, found = self._network(images, training=False), compiled(images)
        pairs = [(expected, found)]
        if isinstance(found, list):
            pairs = list(zip(expected, found, strict=True))
        return max(
            float(np.abs(np.asarray(one) - other).max() / max(1.0, np.abs(other).max()))
            for one, other in pairs
        )


def compile_for_openvino(network: keras.Model) -> Callable[[np.ndarray], Outputs]:
    """The network as OpenVINO runs it on this processor, in 32 bits.

    OpenVINO reads the graph from a file. Its own converter of Keras models takes longer and may
    report its use over the network.

    Raises:
        Exception: OpenVINO cannot run the network.
    """
    import openvino
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    signature = [tf.TensorSpec(network.input.shape, tf.float32)]
    forward = tf.function(lambda images: network(images, training=False), signature)
    frozen = convert_variables_to_constants_v2(forward.get_concrete_function())
    core = openvino.Core()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.pb"
        path.write_bytes(frozen.graph.as_graph_def().SerializeToString())
        read = core.read_model(path)
        # In the order of the graph, which the file does not keep.
        names = [tensor.name for tensor in frozen.outputs]
        threads = tf.config.threading.get_intra_op_parallelism_threads()
        options = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": "1"}
        if threads:
            options["INFERENCE_NUM_THREADS"] = str(threads)
        compiled = core.compile_model(read, "CPU", options)
    places = [_place(compiled, name) for name in names]

    def run(images: np.ndarray) -> Outputs:
        found = compiled(images)
        # The arrays are those of the next call, too.
        outputs = [np.array(found[place]) for place in places]
        return outputs if len(outputs) > 1 else outputs[0]

    return run


def _place(compiled: Any, name: str) -> int:
    """The number of the output that the graph calls so."""
    known = [output.get_names() for output in compiled.outputs]
    return next(place for place, names in enumerate(known) if names & {name, name.split(":")[0]})
