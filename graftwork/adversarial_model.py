"""The compiled steps of adversarial training: of a discriminator, and of a generator."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from graftwork.adversarial_draws import AdversarialLoss, AdversarialSettings
from graftwork.augmentation import moved
from graftwork.devices import replicas
from graftwork.fit_model import FitModel, step_logs
from graftwork.loss_scaling import scaled
from graftwork.optimizers import LazyAdam


class AdversarialModel(FitModel):
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

    Where several devices share a batch, each takes its part of every loss, gradients are summed,
    and all devices hold the same weights. In float16 the losses are scaled before they are
    differentiated, and steps whose gradients are no finite numbers are left out.
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
        self.replicas = replicas()
        self.generator_optimizer = _optimizer(settings.generator_learning_rate, settings, generator)
        self.discriminator_optimizer = _optimizer(
            settings.discriminator_learning_rate, settings, discriminator
        )
        averaged = [] if settings.ema is None else generator.weights
        self.ema = [
            keras.Variable(w.numpy(), trainable=False, dtype=w.dtype, name=f"ema_{i}")
            for i, w in enumerate(averaged)
        ]
        # Sums over steps, in float64: the variance is a difference of large sums.
        self.sums = keras.Variable(np.zeros(5), trainable=False, dtype="float64", name="sums")
        self.discriminator_step = self._discriminator_step
        if not tf.distribute.has_strategy():  # Replicas cannot meet in a function in their step.
            # One trace serves all discriminator steps of a training step.
            self.discriminator_step = tf.function(self._discriminator_step, autograph=False)
        self.finite = tf.function(self._finite, autograph=False)
        self.built = True
        # Keras needs one optimizer to be willing to fit; `train_step` uses both.
        self.compile(optimizer=self.generator_optimizer, jit_compile=False, auto_scale_loss=False)

    def train_step(self, data: dict[str, Any]) -> dict[str, Any]:
        """Takes the discriminator's steps and then one of the generator.

        Args:
            data: `places` or `images` of real images, `(d, n, …)`, with `real_classes`
                `(d, n)`; `architecture` `(n, D)` if there is one; what `AdversarialDraws` draws.

        Returns:
            The generator's loss. What `AdversarialTrainer.train` returns is summed in `sums`.
        """
        d = self.settings.discriminator_steps
        data = dict(data)
        shared = {"architecture": data.pop("architecture")} if "architecture" in data else {}
        parameters = data.pop("diff_augment", None)
        latents, fake_classes = data.pop("latents"), data.pop("fake_classes", None)
        for k in range(d):
            part = {name: value[k] for name, value in data.items()}
            part |= {**shared, "latents": latents[k]}
            if fake_classes is not None:
                part["fake_classes"] = fake_classes[k]
            if parameters is not None:
                part |= {"augment_real": parameters[k], "augment_fake": parameters[d + k]}
            self.discriminator_step(part)
        given = {**shared, "latents": latents[d]}
        if fake_classes is not None:
            given["classes"] = fake_classes[d]
        augment = None if parameters is None else parameters[2 * d]
        return step_logs({"generator_loss": self._generator_step(given, augment)})

    def _discriminator_step(self, part: dict[str, Any]) -> None:
        given = {name: part[name] for name in ("architecture",) if name in part}
        asked = given | {"latents": part["latents"]}
        if "fake_classes" in part:
            asked["classes"] = part["fake_classes"]
            given["classes"] = ops.concatenate([part["real_classes"], part["fake_classes"]])
        real = self._augmented(self._real(part), part.get("augment_real"))
        fake = self._augmented(_called(self.generator, asked), part.get("augment_fake"))
        loss_of, n = self.adversarial_loss, self.settings.batch_size // self.replicas
        twice = dict(given)
        if "architecture" in given:
            twice["architecture"] = ops.tile(given["architecture"], (2, 1))
        with tf.GradientTape() as tape:
            logits = _called(self.discriminator, twice | {"images": ops.concatenate([real, fake])})
            loss = loss_of.discriminator(logits[:n], logits[n:])
            if loss_of.penalty_weight:
                if "classes" in given:
                    given["classes"] = part["real_classes"]
                loss += loss_of.penalty(self._gradients_between(real, fake, part["mixing"], given))
            share = self._share(loss, self.discriminator_optimizer)
        self._apply(self.discriminator_optimizer, tape, share, self.discriminator)
        loss, real_logit, fake_logit = self._means(loss, ops.mean(logits[:n]), ops.mean(logits[n:]))
        self._count(loss, ops.square(ops.cast(loss, "float64")), real_logit, fake_logit, 0.0)

    def _generator_step(self, given: dict[str, Any], parameters: Any) -> Any:
        done = ops.cast(self.generator_optimizer.iterations, "float32")
        with tf.GradientTape() as tape:
            images = self._augmented(_called(self.generator, given), parameters)
            logits = _called(self.discriminator, given | {"images": images})
            loss = self.adversarial_loss.generator(logits)
            share = self._share(loss, self.generator_optimizer)
        self._apply(self.generator_optimizer, tape, share, self.generator)
        (loss,) = self._means(loss)
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

    def _share(self, loss: Any, optimizer: Any) -> Any:
        """Returns what one device differentiates: its part of the mean over the batch, scaled."""
        return optimizer.scale_loss(loss if self.replicas == 1 else loss / self.replicas)

    def _means(self, *values: Any) -> list[Any]:
        """Returns the means of scalars over all devices."""
        if self.replicas == 1:
            return list(values)
        context = tf.distribute.get_replica_context()
        return ops.unstack(context.all_reduce(tf.distribute.ReduceOp.MEAN, ops.stack(values)))

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


def _optimizer(rate: float, settings: AdversarialSettings, network: keras.Model) -> Any:
    made = scaled(LazyAdam(rate, beta_1=settings.beta_1, beta_2=settings.beta_2))
    made.build(network.trainable_variables)
    return made


def _called(network: keras.Model, given: dict[str, Any]) -> Any:
    """Calls a network in training mode with those of its inputs that it wants."""
    return network({name: given[name] for name in network.input_names}, training=True)
