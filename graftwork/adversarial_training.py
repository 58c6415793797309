"""Adversarial training: what a generator and its discriminator are fed, step by step."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from graftwork.adversarial_draws import (
    ARCHITECTURE,
    AdversarialDraws,
    AdversarialLoss,
    AdversarialSettings,
)
from graftwork.adversarial_model import AdversarialModel
from graftwork.batch_order import BatchOrder
from graftwork.collective import agree
from graftwork.devices import check_batch_size
from graftwork.errors import InputError
from graftwork.loss_scaling import forget
from graftwork.space import Architecture
from graftwork.stopping import stop_if_asked
from graftwork.training_data import TrainingData, pipeline
from graftwork.training_state import named_arrays, restore_variables


class NonFinite(Exception):  # noqa: N818
    """A loss or a weight is no longer a finite number; the message names the steps."""


class AdversarialTrainer:
    """Trains a generator against a discriminator with Keras's `fit`, a few steps at a time.

    Everything random is a function of the seed and the step, so that a training can stop after
    any call of `train` and go on from `state()` to the same end. The architecture of a step
    serves its discriminator steps and its generator step.

    Args:
        generator: A built network with the attribute `input_names` (see `AdversarialModel`).
        discriminator: The same.
        data: The images to train on; labels are not looked at.
        settings: How to train.
        loss: The losses of both, such as one of `gan_nas.losses.LOSSES`.
        classes: int32 array over `data.rows`, or None.

    Raises:
        InputError: If a network wants classes and there are none, or the devices cannot share a
            batch evenly.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        data: TrainingData,
        settings: AdversarialSettings,
        loss: AdversarialLoss,
        classes: np.ndarray | None = None,
    ) -> None:
        check_batch_size(settings.batch_size)
        wanted = "classes" in (*generator.input_names, *discriminator.input_names)
        if wanted and (classes is None or len(classes) != len(data.rows)):
            raise InputError(
                f"a class-conditional network needs a class for each of the {len(data.rows)} "
                f"training images. Received: {'none' if classes is None else len(classes)}. "
                "Name an attribute whose labels are known, or leave out --conditional."
            )
        self.generator, self.discriminator = generator, discriminator
        self.data, self.settings = data, settings
        self.classes = np.asarray(classes, np.int32) if wanted else None
        self.draws = AdversarialDraws(
            settings, self.classes, data.augmentation, penalty=loss.penalty_weight > 0
        )
        self.model = AdversarialModel(generator, discriminator, data.on_device, settings, loss)
        self.start_over(0)

    def start_over(
        self,
        seed: int,
        generator_weights: Sequence[np.ndarray] | None = None,
        discriminator_weights: Sequence[np.ndarray] | None = None,
    ) -> None:
        """Begins a new training: step 0, fresh optimizers, other weights where given."""
        self.order = BatchOrder(len(self.data.rows), self.settings.batch_size, seed)
        self.step = self.attempt = 0
        if generator_weights is not None:
            self.generator.set_weights(generator_weights)
        if discriminator_weights is not None:
            self.discriminator.set_weights(discriminator_weights)
        forget(self.model.generator_optimizer, self.generator.trainable_variables)
        forget(self.model.discriminator_optimizer, self.discriminator.trainable_variables)
        if self.settings.ema is not None:
            for average, weight in zip(self.model.ema, self.generator.weights, strict=True):
                average.assign(weight)

    def train(
        self,
        steps: int,
        sample: Callable[[np.random.Generator], Architecture],
        on_step: Callable[[], None] = lambda: None,
    ) -> dict[str, float]:
        """Trains for some steps, each on an architecture of its own.

        Args:
            steps: The number of generator steps.
            sample: Draws the architecture of a step; `()` where the networks take none.
            on_step: Called after every step.

        Returns:
            Of these steps: `steps`; means of `generator_loss`, `discriminator_loss` (with its
            penalty), `real_logits` and `fake_logits` (as the discriminator's steps saw them);
            `discriminator_loss_variance`, over all discriminator steps; and
            `images_per_second`, real images that the discriminator saw, which is a time.

        Raises:
            StopRequested: After a signal; `step` stays as it was, but the weights do not.
            NonFinite: If a loss or a weight is no longer a finite number. `step` stays as it
                was, but the weights are not to be used: restore or start over.
        """

        def after_step(batch: int, logs: Any) -> None:
            on_step()
            stop_if_asked()

        self.model.sums.assign(np.zeros(5))
        start = time.perf_counter()
        self.model.fit(
            self.batches(steps, sample),
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=after_step)],
        )
        finite = bool(self.model.finite())  # Waits for the last step.
        seconds = time.perf_counter() - start
        seen = steps * self.settings.discriminator_steps
        mean, square, real, fake = (np.asarray(self.model.sums)[:4] / seen).tolist()
        generator_loss = float(np.asarray(self.model.sums)[4] / steps)
        if not finite:
            raise NonFinite(
                f"in steps {self.step} to {self.step + steps} a loss or a weight was no longer a "
                f"finite number (mean losses: generator {generator_loss:.4g}, discriminator "
                f"{mean:.4g})"
            )
        self.step += steps
        return {
            "steps": steps,
            "generator_loss": generator_loss,
            "discriminator_loss": mean,
            "discriminator_loss_variance": max(0.0, square - mean**2),
            "real_logits": real,
            "fake_logits": fake,
            "images_per_second": seen * self.settings.batch_size / seconds,
        }

    def batches(self, steps: int, sample: Callable[[np.random.Generator], Architecture]) -> Any:
        """Returns what the next steps are fed, each with its architecture."""
        d, n = self.settings.discriminator_steps, self.settings.batch_size
        numbers = range(self.step + 1, self.step + 1 + steps)
        seed, attempt = self.order.seed, self.attempt
        rngs = (np.random.default_rng([seed, ARCHITECTURE, i, attempt]) for i in numbers)
        columns = {
            "number": np.asarray(numbers),
            "places": self.order.indices(self.step * d, steps * d).reshape(steps, d, n),
        }
        architectures = agree(np.asarray([sample(rng) for rng in rngs], np.int32))
        if architectures.size:  # TensorFlow crashes where it copies empty tensors to a device.
            columns["architecture"] = architectures
        return pipeline(columns, self._batch, _split)

    def _batch(self, columns: dict[str, Any]) -> dict[str, Any]:
        shapes = {name: (v.shape, v.dtype) for name, v in self._fed(1, None).items()}
        if self.data.on_device is None:
            places = tuple(columns["places"].shape)
            shapes["images"] = ((*places, *self.data.images.shape[1:]), np.dtype(np.uint8))
        fed = tf.numpy_function(
            lambda number, places: [self._fed(number, places)[name] for name in shapes],
            [columns["number"], columns["places"]],
            [tf.as_dtype(dtype) for _, dtype in shapes.values()],
        )
        batch = {
            name: tf.ensure_shape(tensor, shape)
            for (name, (shape, _)), tensor in zip(shapes.items(), fed, strict=True)
        }
        if self.data.on_device is not None:
            batch["places"] = columns["places"]
        if self.classes is not None:
            batch["real_classes"] = tf.gather(self.classes, columns["places"])
        if "architecture" in columns:
            architecture = columns["architecture"][None]
            batch["architecture"] = tf.repeat(architecture, self.settings.batch_size, axis=0)
        return batch

    def _fed(self, number: int, places: np.ndarray | None) -> dict[str, np.ndarray]:
        """Returns what NumPy adds to a batch: random numbers, and images not on the device."""
        fed = self.draws.draw(self.order.seed, int(number), self.attempt)
        if self.data.on_device is None and places is not None:
            images = self.data.read(places.ravel())
            fed["images"] = images.reshape(*places.shape, *images.shape[1:])
        return fed

    def ema_weights(self) -> list[np.ndarray]:
        """Returns the moving averages of the generator's weights, or its weights without one."""
        weights = self.generator.weights if self.settings.ema is None else self.model.ema
        return [np.asarray(weight).copy() for weight in weights]

    def state(self) -> dict[str, np.ndarray]:
        """Returns everything that training goes on from, as named arrays."""
        state = {name: np.asarray(getattr(self, name)) for name in ("step", "attempt")}
        state["seed"] = np.asarray(self.order.seed)
        return state | named_arrays(self._variables())

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from what `state()` returned.

        Raises:
            InputError: If it is the state of other networks.
        """
        self.start_over(int(state["seed"]))
        self.step, self.attempt = int(state["step"]), int(state["attempt"])
        restore_variables(self._variables(), state)

    def _variables(self) -> dict[str, Sequence[Any]]:
        return {
            "generator": self.generator.weights,
            "discriminator": self.discriminator.weights,
            "ema": self.model.ema,
            "generator_optimizer": self.model.generator_optimizer.variables,
            "discriminator_optimizer": self.model.discriminator_optimizer.variables,
        }


def _split(batch: dict[str, Any], parts: int) -> dict[str, Any]:
    """Returns a batch whose tensors have a new first axis: consecutive parts of its images."""
    # The first axis of all but the architecture is that of a training step's inner steps.
    axes = {name: int(name != "architecture") for name in batch}
    return {name: tf.stack(tf.split(x, parts, axis=axes[name])) for name, x in batch.items()}
