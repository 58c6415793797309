"""Adversarial training: compiled steps of a discriminator and a generator, and their batches."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from graftwork.adversarial_draws import (
    ARCHITECTURE,
    AdversarialDraws,
    AdversarialLoss,
    AdversarialSettings,
)
from graftwork.augmentation import moved
from graftwork.batch_order import BatchOrder
from graftwork.errors import InputError
from graftwork.optimizers import LazyAdam
from graftwork.space import Architecture
from graftwork.training import TrainingData


class NonFinite(Exception):  # noqa: N818
    """A loss or a weight is no longer a finite number; the message names the steps."""


class AdversarialModel(keras.Model):
    """A generator and a discriminator, whose training step takes several steps of the second.

    Both are called in training mode in both kinds of steps: the discriminator's spectral norms
    are estimated anew in each call, and the generator normalises with the statistics of its
    batch. Real and generated images are one batch of the discriminator.

    Args:
        generator: A built network; `input_names` says which of `latents`, `classes` and
            `architecture` it takes. Returns images in −1…1.
        discriminator: A built network that takes `images`, and `classes` and `architecture`
            where its `input_names` say so. Returns logits `(n,)`.
        images: The real images on the device, uint8, or None where batches bring them.
        settings: How to train.
        loss: The losses of both.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        images: Any,
        settings: AdversarialSettings,
        loss: AdversarialLoss,
    ) -> None:
        super().__init__(name="adversarial")
        self.generator, self.discriminator = generator, discriminator
        self.on_device = images
        self.settings, self.adversarial_loss = settings, loss
        betas = {"beta_1": settings.beta_1, "beta_2": settings.beta_2}
        self.generator_optimizer = LazyAdam(settings.generator_learning_rate, **betas)
        self.discriminator_optimizer = LazyAdam(settings.discriminator_learning_rate, **betas)
        self.generator_optimizer.build(generator.trainable_variables)
        self.discriminator_optimizer.build(discriminator.trainable_variables)
        averaged = [] if settings.ema is None else generator.weights
        self.ema = [
            keras.Variable(w.numpy(), trainable=False, dtype=w.dtype, name=f"ema_{i}")
            for i, w in enumerate(averaged)
        ]
        # Sums over steps, in float64: the variance is a difference of large sums.
        self.sums = keras.Variable(np.zeros(5), trainable=False, dtype="float64", name="sums")
        # One trace serves all discriminator steps of a training step.
        self.discriminator_step = tf.function(self._discriminator_step, autograph=False)
        self.finite = tf.function(self._finite, autograph=False)
        self.built = True
        # Keras needs one optimizer to be willing to fit; `train_step` uses both.
        self.compile(optimizer=self.generator_optimizer, jit_compile=False)

    def train_step(self, data: dict[str, Any]) -> dict[str, Any]:
        """Takes the discriminator's steps and then one of the generator.

        Args:
            data: `places` or `images` of real images, `(d, n, …)`, with `real_classes`
                `(d, n)`; `architecture` `(n, D)`; what `AdversarialDraws` draws.

        Returns:
            The generator's loss. What `AdversarialTrainer.train` returns is summed in `sums`.
        """
        d = self.settings.discriminator_steps
        data = dict(data)
        architecture = data.pop("architecture")
        parameters = data.pop("diff_augment", None)
        latents, fake_classes = data.pop("latents"), data.pop("fake_classes", None)
        for k in range(d):
            part = {name: value[k] for name, value in data.items()}
            part |= {"architecture": architecture, "latents": latents[k]}
            if fake_classes is not None:
                part["fake_classes"] = fake_classes[k]
            if parameters is not None:
                part |= {"augment_real": parameters[k], "augment_fake": parameters[d + k]}
            self.discriminator_step(part)
        given = {"latents": latents[d], "architecture": architecture}
        if fake_classes is not None:
            given["classes"] = fake_classes[d]
        augment = None if parameters is None else parameters[2 * d]
        return {"generator_loss": self._generator_step(given, augment)}

    def _discriminator_step(self, part: dict[str, Any]) -> None:
        given = {"architecture": part["architecture"]}
        asked = given | {"latents": part["latents"]}
        if "fake_classes" in part:
            asked["classes"] = part["fake_classes"]
            given["classes"] = ops.concatenate([part["real_classes"], part["fake_classes"]])
        real = self._augmented(self._real(part), part.get("augment_real"))
        fake = self._augmented(_called(self.generator, asked), part.get("augment_fake"))
        loss_of, n = self.adversarial_loss, self.settings.batch_size
        twice = given | {"architecture": ops.tile(part["architecture"], (2, 1))}
        with tf.GradientTape() as tape:
            logits = _called(self.discriminator, twice | {"images": ops.concatenate([real, fake])})
            loss = loss_of.discriminator(logits[:n], logits[n:])
            if loss_of.penalty_weight:
                if "classes" in given:
                    given["classes"] = part["real_classes"]
                loss += loss_of.penalty(self._gradients_between(real, fake, part["mixing"], given))
        self._apply(self.discriminator_optimizer, tape, loss, self.discriminator)
        real_logit, fake_logit = ops.mean(logits[:n]), ops.mean(logits[n:])
        self._count(loss, ops.square(ops.cast(loss, "float64")), real_logit, fake_logit, 0.0)

    def _generator_step(self, given: dict[str, Any], parameters: Any) -> Any:
        done = ops.cast(self.generator_optimizer.iterations, "float32")
        with tf.GradientTape() as tape:
            images = self._augmented(_called(self.generator, given), parameters)
            logits = _called(self.discriminator, given | {"images": images})
            loss = self.adversarial_loss.generator(logits)
        self._apply(self.generator_optimizer, tape, loss, self.generator)
        self._count(0.0, 0.0, 0.0, 0.0, loss)
        if self.settings.ema is not None:
            # The first steps' weights are soon forgotten.
            decay = ops.minimum(self.settings.ema, (1 + done) / (10 + done))
            for average, weight in zip(self.ema, self.generator.weights, strict=True):
                if keras.backend.is_float_dtype(weight.dtype):
                    new = average + ops.cast(1 - decay, weight.dtype) * (weight - average)
                else:
                    new = ops.convert_to_tensor(weight)
                average.assign(new)
        return loss

    def _real(self, part: dict[str, Any]) -> Any:
        if self.on_device is None:
            images = part["images"]
        else:
            images = ops.take(self.on_device, part["places"], axis=0)
        if "moves" in part:
            images = moved(images, part["moves"])
        return ops.cast(images, "float32") / 127.5 - 1

    def _augmented(self, images: Any, parameters: Any) -> Any:
        augment = self.settings.diff_augment
        return images if augment is None else augment(images, parameters)

    def _gradients_between(self, real: Any, fake: Any, mixing: Any, given: dict[str, Any]) -> Any:
        """Returns the discriminator's gradients between real and fake (Gulrajani et al. 2017)."""
        images = fake + mixing[:, None, None, None] * (real - fake)
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = _called(self.discriminator, given | {"images": images})
        return tape.gradient(logits, images)

    def _apply(self, optimizer: Any, tape: Any, loss: Any, network: keras.Model) -> None:
        variables = network.trainable_variables
        gradients = tape.gradient(loss, variables)
        # Embeddings' come as slices; LazyAdam finds for itself the rows without one.
        dense = [None if g is None else tf.convert_to_tensor(g) for g in gradients]
        optimizer.apply(dense, variables)

    def _count(self, *values: Any) -> None:
        self.sums.assign_add(ops.stack([ops.cast(value, "float64") for value in values]))

    def _finite(self) -> Any:
        """Returns whether all sums and all weights are finite numbers."""
        weights = [self.sums, *self.generator.weights, *self.discriminator.weights]
        floats = [w for w in weights if keras.backend.is_float_dtype(w.dtype)]
        return ops.all(ops.stack([ops.all(ops.isfinite(w)) for w in floats]))


def _called(network: keras.Model, given: dict[str, Any]) -> Any:
    """Calls a network in training mode with those of its inputs that it wants."""
    return network({name: given[name] for name in network.input_names}, training=True)


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
        InputError: If a network wants classes and there are none.
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
        for optimizer in (self.model.generator_optimizer, self.model.discriminator_optimizer):
            for variable in optimizer.variables:
                if variable is not optimizer._learning_rate:
                    variable.assign(ops.zeros_like(variable))
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
            NonFinite: If a loss or a weight is no longer a finite number. `step` stays as it
                was, but the weights are not to be used: restore or start over.
        """
        self.model.sums.assign(np.zeros(5))
        start = time.perf_counter()
        self.model.fit(
            self.batches(steps, sample),
            shuffle=False,
            verbose=0,
            callbacks=[
                keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: on_step())
            ],
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

    def batches(
        self, steps: int, sample: Callable[[np.random.Generator], Architecture]
    ) -> tf.data.Dataset:
        """Returns what the next steps are fed, each with its architecture."""
        d, n = self.settings.discriminator_steps, self.settings.batch_size
        numbers = range(self.step + 1, self.step + 1 + steps)
        seed, attempt = self.order.seed, self.attempt
        rngs = (np.random.default_rng([seed, ARCHITECTURE, i, attempt]) for i in numbers)
        columns = {
            "number": np.asarray(numbers),
            "places": self.order.indices(self.step * d, steps * d).reshape(steps, d, n),
            "architecture": np.asarray([sample(rng) for rng in rngs], np.int32),
        }
        order = tf.data.Dataset.from_tensor_slices(columns)
        return order.map(self._batch, num_parallel_calls=2, deterministic=True).prefetch(2)

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
        for prefix, variables in self._variables().items():
            state |= {f"{prefix}_{i}": np.asarray(v) for i, v in enumerate(variables)}
        return state

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from what `state()` returned.

        Raises:
            InputError: If it is the state of other networks.
        """
        self.start_over(int(state["seed"]))
        self.step, self.attempt = int(state["step"]), int(state["attempt"])
        for prefix, variables in self._variables().items():
            for i, variable in enumerate(variables):
                value = state.get(f"{prefix}_{i}")
                if value is None or value.shape != tuple(variable.shape):
                    raise InputError(
                        f"the checkpoint is of another network: {prefix} {i} is "
                        f"{'missing' if value is None else value.shape} where "
                        f"{tuple(variable.shape)} is expected. It was written by another version "
                        "of Graftwork, or changed. Begin a new run."
                    )
                variable.assign(value)

    def _variables(self) -> dict[str, Sequence[Any]]:
        return {
            "generator": self.generator.weights,
            "discriminator": self.discriminator.weights,
            "ema": self.model.ema,
            "generator_optimizer": self.model.generator_optimizer.variables,
            "discriminator_optimizer": self.model.discriminator_optimizer.variables,
        }
