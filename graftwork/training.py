"""The training engine: compiled steps, and the batches that they are fed.

One of the few modules that touch `tf` (ARCHITECTURE.md names them).
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from graftwork.augmentation import Augmentation, moved
from graftwork.batch_order import BatchOrder
from graftwork.collective import agree
from graftwork.devices import check_batch_size, jit_compile
from graftwork.failures import NotFiniteError
from graftwork.fit_model import FitModel, step_logs
from graftwork.loss_scaling import forget, scaled
from graftwork.losses import MaskedBinaryCrossentropy
from graftwork.optimizers import LazyAdam
from graftwork.space import Architecture
from graftwork.stopping import StopRequested, stop_if_asked
from graftwork.training_data import TrainingData, pipeline
from graftwork.training_state import named_arrays, restore_variables


class FedNetwork(FitModel):
    """A network that finds its images on the device, and moves them at random.

    Args:
        network: A built `keras.Model` with the inputs `images` and `architecture`.
        images: The images on the device, or None where batches bring them.
        augmentation: What may be done to an image.

    Inputs:
        `images`: places in `images`, `(n,)`, or the images themselves.
        `moves`: int32 tensor `(n, 3)`, where there is augmentation.
        `architecture`: as the network takes it.
    """

    def __init__(self, network: keras.Model, images: Any, augmentation: Augmentation) -> None:
        super().__init__(name=f"fed_{network.name}")
        self.network = network
        self.on_device = images
        self.augmentation = augmentation
        self.built = network.built

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        images = inputs["images"]
        if self.on_device is not None:
            images = ops.take(self.on_device, images, axis=0)
        if self.augmentation:
            images = moved(images, inputs["moves"])
        asked = {"images": images, "architecture": inputs["architecture"]}
        return self.network(asked, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        return step_logs(super().train_step(data))


class Trainer:
    """Trains a supernet with Keras's `fit`, a few steps at a time.

    Everything random is a function of the seed and the step, so that a training can
    stop after any call of `train`, in the middle of an epoch too, and go on from `state()`
    to the same end.

    Args:
        network: A built `keras.Model` with the inputs `images` and `architecture` that
            returns logits.
        data: What to train on.
        batch_size: Images a step.
        learning_rate: A float or a `keras.optimizers.schedules.LearningRateSchedule`.
    """

    def __init__(
        self, network: keras.Model, data: TrainingData, batch_size: int, learning_rate: Any
    ) -> None:
        check_batch_size(batch_size)
        self.network, self.data = network, data
        self.batch_size, self.learning_rate = batch_size, learning_rate
        self.model = FedNetwork(network, data.on_device, data.augmentation)
        self.model.compile(
            optimizer=scaled(LazyAdam(learning_rate)),
            loss=MaskedBinaryCrossentropy(),
            jit_compile=jit_compile(),
        )
        self.start_over(0)

    def start_over(self, seed: int, weights: Sequence[np.ndarray] | None = None) -> None:
        """Begins a new training: step 0, a fresh optimizer, other weights where given."""
        self.order = BatchOrder(len(self.data.rows), self.batch_size, seed)
        self.step = 0
        if weights is not None:
            self.network.set_weights(weights)
        if isinstance(self.learning_rate, float):
            self.model.optimizer.learning_rate = self.learning_rate
        if self.network.built:
            forget(self.model.optimizer, self.model.trainable_variables)

    def train_shared(
        self,
        steps: int,
        sample: Callable[[np.random.Generator], Architecture],
        on_step: Callable[[], None] = lambda: None,
        report: Callable[[str], None] = lambda text: None,
    ) -> float:
        """Trains as `train`; where that fails, once more with half the learning rate from then on.

        Args:
            steps: The number of steps.
            sample: Draws the architecture of a step.
            on_step: Called after every step, those that are taken again too.
            report: Told one line where weights go back.

        Returns:
            The mean loss of these steps.

        Raises:
            NotFiniteError: If it fails again.
        """
        # Copies: on a CPU the arrays are the memory of the variables.
        good = {name: np.array(value) for name, value in self.state().items()}
        try:
            return self.train(steps, sample, on_step)
        except NotFiniteError as error:
            self.restore(good)
            half = float(np.asarray(self.model.optimizer.learning_rate)) / 2
            self.model.optimizer.learning_rate = half
            report(f"{error.reason}; going on from step {self.step} with learning rate {half:g}")
        return self.train(steps, sample, on_step)

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
            StopRequested: As `on_step` did, or after a signal; the steps up to then count.
            NotFiniteError: If the loss or a weight is no longer a finite number. `step` stays as
                it was, but the weights are not to be used: restore or start over.
        """
        taken = 0

        def after_step(batch: int, logs: Any) -> None:
            nonlocal taken
            taken += 1
            try:
                on_step()
            finally:  # Where it raises `CheckpointDue`, too.
                stop_if_asked()

        try:
            history = self.model.fit(
                self.batches(steps, sample),
                steps_per_epoch=steps,
                shuffle=False,
                verbose=0,
                callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=after_step)],
            )
        except StopRequested:  # After a step: a state to go on from.
            self.step += taken
            raise
        loss = float(history.history["loss"][-1])
        # The last step may spoil weights that its own loss has not seen.
        sound = all(np.isfinite(weight).all() for weight in self.network.get_weights())
        if not (sound and np.isfinite(loss)):
            what = "a weight was not finite" if np.isfinite(loss) else f"the loss became {loss}"
            raise NotFiniteError(
                f"{what} in steps {self.step} to {self.step + steps}",
                "Begin a new run with a lower learning rate.",
            )
        self.step += steps
        return loss

    def batches(self, steps: int, sample: Callable[[np.random.Generator], Architecture]) -> Any:
        """Returns the batches of the next steps, each with its architecture and its moves."""
        numbers = range(self.step + 1, self.step + 1 + steps)
        columns = {
            "images": self.order.indices(self.step, steps),
            "architecture": agree(
                np.asarray(
                    [sample(np.random.default_rng([self.order.seed, 12, n])) for n in numbers],
                    np.int32,
                )
            ),
        }
        if self.data.augmentation:
            moves = [
                self.data.augmentation.draw(
                    np.random.default_rng([self.order.seed, 13, n]), self.batch_size
                )
                for n in numbers
            ]
            columns["moves"] = np.stack(moves)
        return pipeline(columns, self._batch)

    def _batch(self, columns: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        places = columns["images"]
        inputs = {
            **columns,
            "architecture": tf.repeat(columns["architecture"][None], self.batch_size, axis=0),
        }
        if self.data.on_device is None:
            images = tf.numpy_function(self.data.read, [places], tf.uint8)
            shape = (self.batch_size, *self.data.images.shape[1:])
            inputs["images"] = tf.ensure_shape(images, shape)
        return inputs, tf.gather(self.data.known_labels, places)

    def state(self) -> dict[str, np.ndarray]:
        """Returns everything that training goes on from, as named arrays."""
        return {
            "step": np.asarray(self.step),
            "seed": np.asarray(self.order.seed),
            **named_arrays(self._variables()),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from what `state()` returned.

        Raises:
            InputError: If it is the state of another network.
        """
        self.start_over(int(state["seed"]))
        self.step = int(state["step"])
        restore_variables(self._variables(), state)

    def _variables(self) -> dict[str, Sequence[Any]]:
        return {"weight": self.network.weights, "optimizer": self.model.optimizer.variables}
