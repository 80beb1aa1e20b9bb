"""A model in formats of other programs, each compared with the model itself."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.pipeline.model_folder import FORMAT_FILES, FormatCheck, remove

log = logging.getLogger("scenery")

# Images on which a format is compared with the model, and the largest difference of a probability.
CHECKED_IMAGES = 64
TOLERANCE = 1e-5
INPUT = "images"
OUTPUT = "probabilities"
# Of ONNX' operator set: what ONNX Runtime has read since 2022.
OPSET = 17

# Class probabilities of float32 images, shape (images, height, width, 3).
Ask = Callable[[np.ndarray], np.ndarray]


def write_format(
    name: str, model: keras.Model, folder: Path, images: np.ndarray, expected: np.ndarray
) -> FormatCheck:
    """Write a network in one format and compare its answers.

    A file that gives other answers is removed, and the check says why.

    Args:
        name: A key of `FORMAT_FILES`.
        model: The network: float32 images of 0 to 255 in, class probabilities out.
        folder: The folder of the model.
        images: float32, shape (images, height, width, 3).
        expected: What the final model says of them: float64, shape (images, classes).
    """
    file = FORMAT_FILES[name]
    remove(folder / file)
    ask = WRITERS[name](model, folder / file)
    found = np.asarray(ask(images), dtype=np.float64)
    difference = float(np.abs(found - expected).max())
    changes = int((found.argmax(axis=1) != expected.argmax(axis=1)).sum())
    problem = ""
    if not difference <= TOLERANCE or changes:
        problem = (
            f"probabilities differ from those of the model by {difference:.2g} (allowed is "
            f"{TOLERANCE:g}), and {changes} of {len(images)} predicted classes"
        )
        remove(folder / file)
        log.warning("%s is not kept: %s", file, problem)
    return FormatCheck(
        file="" if problem else file,
        images=len(images),
        largest_difference=difference,
        class_changes=changes,
        problem=problem,
    )


def _forward(model: keras.Model) -> tf.types.experimental.PolymorphicFunction:
    """The forward pass as one graph, for batches of any size."""
    spec = tf.TensorSpec((None, *model.input.shape[1:]), tf.float32, name=INPUT)

    @tf.function(input_signature=[spec])
    def forward(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUT: tf.cast(model(images, training=False), tf.float32)}

    return forward


def _write_onnx(model: keras.Model, out: Path) -> Ask:
    import onnxruntime
    import tf2onnx
    from keras.src.export.tf2onnx_lib import patch_tf2onnx

    # Keras' own corrections of tf2onnx for NumPy 2.
    patch_tf2onnx()
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    forward = _forward(model)
    tf2onnx.convert.from_function(
        forward,
        forward.input_signature,
        opset=OPSET,
        output_path=str(out),
        custom_op_handlers={"Erfc": (_erfc, [])},
    )
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    return lambda images: np.asarray(session.run([OUTPUT], {INPUT: images})[0])


def _erfc(graph: Any, node: Any, name: str, arguments: Any) -> None:
    """The complement of the error function, of GELU, as 1 - erf(x): ONNX has no name for it."""
    kind, shape = graph.get_dtype(node.output[0]), graph.get_shape(node.output[0])
    values, outputs = list(node.input), list(node.output)
    graph.remove_node(name)
    erf = graph.make_node("Erf", values, shapes=[shape], dtypes=[kind])
    one = graph.make_const(f"{name}_one", np.ones((), np.float32))
    graph.make_node(
        "Sub", [one.output[0], erf.output[0]], name=name, outputs=outputs, shapes=[shape],
        dtypes=[kind],
    )  # fmt: skip


def _write_tflite(model: keras.Model, out: Path) -> Ask:
    concrete = _forward(model).get_concrete_function()
    # Without the network beside it, the function is written with its weights as constants.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    out.write_bytes(converter.convert())
    interpreter = tf.lite.Interpreter(model_path=str(out))
    given, answer = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def ask(images: np.ndarray) -> np.ndarray:
        interpreter.resize_tensor_input(given["index"], images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], images)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(answer["index"]))

    return ask


def _write_saved_model(model: keras.Model, out: Path) -> Ask:
    module = tf.Module()
    module.model = model
    module.forward = _forward(model)
    tf.saved_model.save(module, str(out), signatures=module.forward)
    signature = tf.saved_model.load(str(out)).signatures["serving_default"]
    return lambda images: np.asarray(signature(**{INPUT: tf.constant(images)})[OUTPUT])


WRITERS: dict[str, Callable[[keras.Model, Path], Ask]] = {
    "onnx": _write_onnx,
    "tflite": _write_tflite,
    "saved_model": _write_saved_model,
}
