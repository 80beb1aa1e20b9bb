"""Fine-tuning: backbone and head trained together on packed images."""

import logging
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.config.settings import Settings
from scenery.config.training import Penalty
from scenery.data.class_weights import image_weights
from scenery.data.packed_images import PackedImages
from scenery.models.aggregation import IMAGE, POSITIONS, position_loss, position_outputs
from scenery.models.forward import make_forward_fn
from scenery.models.heads import build_head
from scenery.models.inference_mode import InferenceMode
from scenery.models.input_statistics import fit_input_statistics
from scenery.models.prediction_views import average_over_views
from scenery.models.truncation import freeze_before, freeze_below
from scenery.registry.custom_architectures import auxiliary_layers
from scenery.registry.schedules import decay_in_epoch
from scenery.training.augmentation import build_augmentation, reseed
from scenery.training.auxiliary_outputs import WEIGHT, auxiliary_names, with_auxiliary_outputs
from scenery.training.batch_norm import batch_norm_layers, without_lone_image
from scenery.training.layer_decay import build_optimizer
from scenery.training.lora import Adapters
from scenery.training.mixing import draw_mixing, mix_batches
from scenery.training.model_trainer import ModelTrainer, make_loss, order_of_epoch
from scenery.training.weight_averaging import (
    AveragingCallback,
    BatchStatistics,
    WeightAverage,
)

log = logging.getLogger("scenery")

SECONDS_BETWEEN_LINES = 20.0


def assemble(backbone: keras.Model, head: keras.Model, views: str = "none") -> keras.Model:
    """One network from backbone and head: float images 0..255 in, class probabilities out.

    Args:
        backbone: Images in, features out.
        head: Features in, class probabilities out.
        views: The views of an image whose probabilities are averaged.
    """
    inputs = keras.Input(backbone.input.shape[1:], name="image")
    outputs = average_over_views(lambda images: head(backbone(images)), inputs, views)
    return keras.Model(inputs, outputs, name="classifier")


def penalize(backbone: keras.Model, penalty: Penalty) -> None:
    """Add a penalty on all kernels of a built network that are trained."""
    if not penalty.l1 and not penalty.l2:
        return
    regularizer = keras.regularizers.L1L2(l1=penalty.l1, l2=penalty.l2)
    for variable in backbone.trainable_variables:
        if variable.name.endswith("kernel"):
            variable.regularizer = regularizer


class FineTuningTrainer(ModelTrainer[PackedImages]):
    """A whole network with training and validation images; see `epochs.Trainer`."""

    def __init__(
        self,
        settings: Settings,
        classes: int,
        backbone: keras.Model,
        training: PackedImages,
        validation: PackedImages | None,
        name: str,
        epochs: int | None = None,
    ) -> None:
        self.settings = settings
        self.classes = classes
        self.images = training
        self.validation = validation
        self.name = name
        keras.utils.set_random_seed(settings.seed)
        if settings.first_trained_layer is None:
            freeze_below(backbone, settings.trainable_stages)
        else:
            freeze_before(backbone, settings.first_trained_layer)
        self._adapters = None
        if settings.trainable == "lora":
            self._adapters = Adapters(backbone, settings.lora_rank)
        penalize(backbone, settings.penalty)
        if settings.weights == "none":
            # Weights that were learned belong to the statistics with which they were learned.
            fit_input_statistics(backbone, training)
        self.backbone = backbone
        options = settings.head
        if settings.first_step is None:
            # There are no features to take a mean and a variance of.
            options = options.model_copy(update={"standardize": False})
        self.head = build_head(backbone.output.shape[1:], classes, options)
        self.model = assemble(backbone, self.head, settings.test_time_augmentation)
        self._auxiliary = auxiliary_layers(settings.backbone, settings.network)
        self._head_options = options
        self.trainer = self._for_training()
        self._compile()
        # Built now, so that a saved state has somewhere to go before the first step.
        self.trainer.optimizer.build(self.trainer.trainable_variables)
        self._targets = np.eye(classes, dtype=np.float32)[training.labels]
        self._weights = image_weights(training.labels, settings.class_weights, training.weights)
        self._predict = make_forward_fn(self.model)
        record = settings.weight_averaging.record
        planned = epochs or settings.epochs_of(len(training))
        self._average = None
        if record.first_epoch(planned) is not None:
            self._average = WeightAverage(record, self.model, planned)
            self._statistics = BatchStatistics(self.trainer, self._batch_norm)

    def _compile(self) -> None:
        smoothing = self.settings.label_smoothing
        loss: Any = make_loss(self.settings)
        # Keras would make the metric of a name within the graph of a step. TensorFlow makes a graph
        # that has made variables a second time, which takes seconds for a large network.
        metrics: Any = [keras.metrics.CategoricalAccuracy(name="accuracy")]
        if self._positions:
            loss = {POSITIONS: position_loss(smoothing), IMAGE: None}
            metrics = {POSITIONS: [], IMAGE: metrics}
        names = auxiliary_names(self._auxiliary)
        if names:
            loss = {one: make_loss(self.settings) for one in (IMAGE, *names)}
            metrics = {IMAGE: metrics} | {one: [] for one in names}
        self.trainer.compile(
            optimizer=build_optimizer(self.settings.optimizer.record, self.backbone),
            loss=loss,
            loss_weights={IMAGE: 1.0} | dict.fromkeys(names, WEIGHT) if names else None,
            weighted_metrics=metrics,
        )
        if names:
            # The means of the losses of several outputs, likewise, are made before the graph.
            likely = dict.fromkeys((IMAGE, *names), np.full((1, self.classes), 1 / self.classes))
            self.trainer.compute_loss(y=likely, y_pred=likely)

    @property
    def _positions(self) -> bool:
        return self.settings.head.supervise == "positions"

    @property
    def _outputs(self) -> tuple[str, ...]:
        """Names of the outputs in training; none if there is one alone."""
        if self._auxiliary:
            return (IMAGE, *auxiliary_names(self._auxiliary))
        return (POSITIONS, IMAGE) if self._positions else ()

    def _for_training(self) -> keras.Model:
        """The same network, with augmentation before it and batch norm statistics held."""
        inputs = keras.Input(self.model.input.shape[1:], name="image")
        augmentation = build_augmentation(self.settings.augment, self.settings.seed)
        images = inputs if augmentation is None else augmentation(inputs)
        if self._auxiliary:
            several = with_auxiliary_outputs(
                self.backbone, self.head, self._auxiliary, self.classes, self._head_options
            )
            return keras.Model(inputs, several(images), name="training")
        frozen = self.settings.batch_norm_statistics == "frozen"
        backbone = InferenceMode(self.backbone) if frozen else self.backbone
        head = position_outputs(self.head) if self._positions else self.head
        return keras.Model(inputs, head(backbone(images)), name="training")

    def train_epoch(self, epoch: int, rate: float) -> tuple[float, float]:
        """One pass over the training images in an order of its own."""
        seed = self.settings.seed
        optimizer = self.trainer.optimizer
        optimizer.learning_rate.assign(rate)
        start = self.settings.optimizer.learning_rate
        decay = decay_in_epoch(self.settings.schedule, start, epoch, rate)
        reseed(self.trainer, seed, epoch)
        order = order_of_epoch(self.settings, epoch, len(self.images))
        if self._batch_norm:
            order = without_lone_image(order, self.settings.batch_size)
        if self._average is not None:
            self._average.begin_epoch()
        history = self.trainer.fit(
            self._batches(order, epoch),
            epochs=1,
            verbose=0,
            shuffle=False,
            callbacks=[
                _BatchProgress(self.name, epoch, -(-len(order) // self.settings.batch_size)),
                *([_StepDecay(rate, decay)] if decay else []),
                *([AveragingCallback(self._average, epoch)] if self._average else []),
            ],
        ).history
        if self._average is not None and self._average.end_epoch(epoch) and self._batch_norm:
            reseed(self.trainer, seed, epoch)
            self._statistics.compute(self._batches(order, epoch))
        # Auxiliary outputs are left out, so that it compares with the validation loss.
        extra = sum(history[f"{one}_loss"][0] for one in auxiliary_names(self._auxiliary))
        accuracy = history[f"{IMAGE}_accuracy" if self._outputs else "accuracy"][0]
        return history["loss"][0] - WEIGHT * extra, accuracy

    @property
    def _batch_norm(self) -> list[keras.layers.BatchNormalization]:
        """The layers whose statistics are updated."""
        frozen = self.settings.batch_norm_statistics == "frozen"
        return batch_norm_layers(self.head, *([] if frozen else [self.backbone]))

    def _batches(self, order: np.ndarray, epoch: int) -> tf.data.Dataset:
        settings, size = self.settings, self.settings.batch_size
        labels: Any = self._targets[order]
        if self._outputs:
            labels = dict.fromkeys(self._outputs, labels)
        targets = tf.data.Dataset.from_tensor_slices((labels, self._weights[order]))
        both = tf.data.Dataset.zip(self.images.batches(size, order), targets.batch(size))
        batches = both.map(lambda x, yw: (tf.cast(x, tf.float32), yw[0], yw[1]))
        count = -(-len(order) // size)
        mixing = draw_mixing(settings.mixup, settings.cutmix, count, settings.seed, epoch)
        return (batches if mixing is None else mix_batches(batches, mixing)).prefetch(2)

    def predict(self, images: PackedImages, batch: int = 64) -> np.ndarray:
        """Class probabilities, shape (images, classes)."""
        return np.concatenate([self._predict(x).numpy() for x in images.batches(batch)])

    def save_state(self, path: str) -> None:
        """Write the weights, the state of the optimizer and the average of the weights."""
        if self._average is None:
            self.trainer.save_weights(path)
        else:
            self._average.save(_average_of(path), lambda: self.trainer.save_weights(path))
        if self._adapters is not None:
            self._adapters.save(_adapters_of(path))

    def load_state(self, path: str) -> None:
        """Read what `save_state` wrote."""
        if self._average is None:
            self.trainer.load_weights(path)
        else:
            self._average.load(_average_of(path), lambda: self.trainer.load_weights(path))
        if self._adapters is not None:
            self._adapters.load(_adapters_of(path))

    def final_model(self) -> keras.Model:
        """The network as it is saved, without anything that only training needs."""
        if self._adapters is None:
            return self.model
        plain = self._adapters.merged()
        return assemble(plain, self.head, self.settings.test_time_augmentation)

    @property
    def trained_parameters(self) -> int:
        """Number of parameters that learn."""
        return int(sum(np.prod(v.shape) for v in self.model.trainable_variables))


def _average_of(state: str) -> Path:
    return Path(state).with_name("average.npz")


def _adapters_of(state: str) -> Path:
    return Path(state).with_name("adapters.npz")


class _StepDecay(keras.callbacks.Callback):
    """A learning rate that falls from step to step."""

    def __init__(self, rate: float, decay: float) -> None:
        super().__init__()
        self.rate, self.decay = rate, decay

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        rate = self.rate / (1 + self.decay * batch)
        self.model.optimizer.learning_rate.assign(rate)


class _BatchProgress(keras.callbacks.Callback):
    """Progress lines within a long epoch."""

    def __init__(self, name: str, epoch: int, steps: int) -> None:
        super().__init__()
        self.label, self.epoch, self.steps = name, epoch, steps
        self.last = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        now, logs = time.monotonic(), logs or {}
        if now - self.last < SECONDS_BETWEEN_LINES:
            return
        self.last = now
        log.info(
            "%s: epoch %d, batch %d of %d  accuracy %.3f",
            self.label,
            self.epoch + 1,
            batch + 1,
            self.steps,
            logs.get("accuracy", logs.get(f"{IMAGE}_accuracy", float("nan"))),
        )
