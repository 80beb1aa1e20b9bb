"""What all the usual scripts share: the images of two folders, and the frozen backbone."""

import keras
import tensorflow as tf


def photographs(folder: str, size: int) -> tuple[tf.data.Dataset, tf.data.Dataset]:
    """The images of FOLDER/train and FOLDER/validation, one by one."""
    training, validation = (
        keras.utils.image_dataset_from_directory(
            f"{folder}/{part}",
            label_mode="categorical",
            image_size=(size, size),
            batch_size=None,
            shuffle=part == "train",
            seed=1,
        )
        for part in ("train", "validation")
    )
    return training, validation


def mobilenet(weights: str, size: int) -> keras.Model:
    """Frozen MobileNet up to conv_pw_12_relu, with its preprocessing."""
    whole = keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=(size, size, 3)
    )
    backbone = keras.Model(whole.input, whole.get_layer("conv_pw_12_relu").output)
    if weights != "none":
        backbone.load_weights(weights, by_name=True)
    inputs = keras.Input((size, size, 3))
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    outputs = keras.layers.GlobalAveragePooling2D()(backbone(scaled, training=False))
    frozen = keras.Model(inputs, outputs)
    frozen.trainable = False
    return frozen


def classifier(
    backbone: keras.Model, classes: int, optimizer: str, rate: float, dropout: float, l2: float
) -> keras.Model:
    """The frozen backbone with a new head, compiled."""
    inputs = keras.Input(backbone.input.shape[1:])
    x = keras.layers.Dropout(dropout)(backbone(inputs))
    penalty = keras.regularizers.L2(l2)
    outputs = keras.layers.Dense(classes, "softmax", kernel_regularizer=penalty)(x)
    model = keras.Model(inputs, outputs)
    model.compile(
        getattr(keras.optimizers, optimizer)(learning_rate=rate),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


OPTIMIZERS = ["SGD", "RMSprop", "Adam", "AdamW", "Nadam"]
BATCH_SIZES = [10, 32, 64]
