"""The training engine: compiled steps, and which images every step sees.

The only module that touches `tf`.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from graftwork.errors import InputError
from graftwork.optimizers import LazyAdam
from graftwork.space import Architecture

MISSING = -1
"""The label of an attribute that nobody annotated: it counts nowhere."""


class MaskedBinaryCrossentropy(keras.losses.Loss):
    """Binary cross-entropy of logits in which missing labels weigh nothing.

    The loss of an image is the sum over its known labels divided by the number of
    attributes, so that every known label weighs the same.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the loss of every image.

        Args:
            y_true: Labels `(n, A)` in {0, 1, −1}.
            y_pred: Logits `(n, k · A)`: k predictions of all attributes, one after the
                other, whose losses are averaged.

        Returns:
            Float tensor `(n,)`.
        """
        known = ops.cast(y_true != MISSING, y_pred.dtype)[:, None]
        target = ops.cast(y_true == 1, y_pred.dtype)[:, None]
        logits = ops.reshape(y_pred, (-1, y_pred.shape[-1] // y_true.shape[-1], y_true.shape[-1]))
        # log(1 + e^z) − y·z, without overflow for large logits.
        losses = ops.mean(known * (ops.softplus(logits) - target * logits), axis=1)
        return ops.mean(losses, axis=-1)


@dataclasses.dataclass(frozen=True)
class BatchOrder:
    """Which rows every training step sees: a function of the seed and the step alone.

    Every epoch is a new permutation; the rows that do not fill its last batch are left
    out. A training that goes on after an interruption needs no more than its step.

    Args:
        rows: The number of rows, at least one batch.
        batch_size: Rows a step.
        seed: Seed of the permutations.
    """

    rows: int
    batch_size: int
    seed: int

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= self.rows:
            raise InputError(
                f"batch-size must be between 1 and the {self.rows} training images. "
                f"Received: {self.batch_size}."
            )

    def indices(self, start: int, steps: int) -> np.ndarray:
        """Returns the rows of steps `start`…`start + steps − 1`, `(steps, batch_size)`."""
        per_epoch = self.rows // self.batch_size
        result = np.empty((steps, self.batch_size), np.int64)
        epoch, order = -1, np.empty(0, np.int64)
        for i in range(steps):
            if (start + i) // per_epoch != epoch:
                epoch = (start + i) // per_epoch
                order = np.random.default_rng([self.seed, 11, epoch + 1]).permutation(self.rows)
            offset = (start + i) % per_epoch * self.batch_size
            result[i] = order[offset : offset + self.batch_size]
        return result


class Trainer:
    """Trains a supernet with Keras's `fit`, a few steps at a time.

    Everything random is a function of the seed and the step, so that a training can
    stop after any call of `train` and go on from `state()` to the same end.

    Args:
        model: A `keras.Model` with the inputs `images` and `architecture` that returns
            logits.
        images: uint8 array `(n, height, width, channels)` of the training split.
        labels: int8 array `(n, A)` with values 0, 1 and −1 (missing).
        batch_size: Images a step.
        learning_rate: A float or a `keras.optimizers.schedules.LearningRateSchedule`.
    """

    def __init__(
        self,
        model: keras.Model,
        images: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        learning_rate: Any,
    ) -> None:
        self.model = model
        self.batch_size = batch_size
        self.images = tf.convert_to_tensor(images)
        self.labels = tf.convert_to_tensor(labels)
        model.compile(
            optimizer=LazyAdam(learning_rate),
            loss=MaskedBinaryCrossentropy(),
            jit_compile=False,  # XLA compiles for seconds; its worth is not measured yet.
        )
        self.start_over(0)

    def start_over(self, seed: int, weights: Sequence[np.ndarray] | None = None) -> None:
        """Begins a new training: step 0, a fresh optimizer, other weights where given."""
        self.order = BatchOrder(len(self.images), self.batch_size, seed)
        self.step = 0
        if weights is not None:
            self.model.set_weights(weights)
        if self.model.built:
            self.model.optimizer.build(self.model.trainable_variables)
            for variable in self.model.optimizer.variables:
                if variable is not self.model.optimizer._learning_rate:
                    variable.assign(ops.zeros_like(variable))

    def train(
        self,
        steps: int,
        sample: Callable[[np.random.Generator], Architecture],
        on_step: Callable[[], None] = lambda: None,
    ) -> float:
        """Trains for some steps, each on an architecture of its own.

        Args:
            steps: The number of steps.
            sample: Draws the architecture of a step.
            on_step: Called after every step.

        Returns:
            The mean loss of these steps.

        Raises:
            InputError: If the loss is no longer a finite number.
        """
        first = self.step + 1
        architectures = [
            sample(np.random.default_rng([self.order.seed, 12, step]))
            for step in range(first, first + steps)
        ]
        batches = (
            tf.data.Dataset.from_tensor_slices(
                (
                    self.order.indices(self.step, steps),
                    np.asarray(architectures, np.int32),
                )
            )
            .map(self._gather)
            .prefetch(2)
        )
        callback = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: on_step())
        history = self.model.fit(batches, shuffle=False, verbose=0, callbacks=[callback])
        loss = float(history.history["loss"][-1])
        if not np.isfinite(loss):
            raise InputError(
                f"the loss became {loss} in steps {self.step} to {self.step + steps}. "
                "Begin a new run with a lower learning rate."
            )
        self.step += steps
        return loss

    def _gather(self, rows: Any, architecture: Any) -> tuple[dict[str, Any], Any]:
        repeated = tf.repeat(architecture[None], self.batch_size, axis=0)
        inputs = {"images": tf.gather(self.images, rows), "architecture": repeated}
        return inputs, tf.gather(self.labels, rows)

    def state(self) -> dict[str, np.ndarray]:
        """Returns everything that training goes on from, as named arrays."""
        return {
            "step": np.asarray(self.step),
            "seed": np.asarray(self.order.seed),
            **{f"weight_{i}": np.asarray(v) for i, v in enumerate(self.model.weights)},
            **{
                f"optimizer_{i}": np.asarray(v)
                for i, v in enumerate(self.model.optimizer.variables)
            },
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from what `state()` returned."""
        self.start_over(int(state["seed"]))
        self.step = int(state["step"])
        for prefix, variables in (
            ("weight", self.model.weights),
            ("optimizer", self.model.optimizer.variables),
        ):
            for i, variable in enumerate(variables):
                variable.assign(state[f"{prefix}_{i}"])


def compiled(function: Callable[..., Any], *inputs: tuple[tuple[int | None, ...], str]) -> Any:
    """Compiles a function of tensors, once and for all.

    Args:
        function: A function of tensors that uses `keras.ops` alone.
        inputs: Shape and dtype of every argument; a length of None may vary.
    """
    signature = [tf.TensorSpec(shape, dtype) for shape, dtype in inputs]
    return tf.function(function, input_signature=signature, autograph=False)
