"""A controller that learns, for one search or for many tasks that descriptors tell apart."""

import functools
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from graftwork.compiled import compiled
from graftwork.controller import INITIAL_RANGE, Controller, GuidedController
from graftwork.devices import on_one_device
from graftwork.errors import InputError
from graftwork.precision import full_precision


class Policy:
    """A controller that learns, its weights and Adam's averages (Kingma & Ba 2015) beside it.

    Tracing takes a second and a step some milliseconds. So a process has one controller and one
    compiled function of each kind for all policies with the same arguments, and every policy
    brings its own numbers along.

    Args:
        choice_counts: The number of choices of every decision, `D` numbers.
        units: Size of the LSTM's state.
        learning_rate: Adam's.
        loss: A function of the targets that `learn` is given, `(n, k)`, and of the controller's
            output, `(n, 2)`, that returns the loss of every architecture, `(n,)`. Policies with
            equal ones share what is compiled.
        rng: Draws the first weights.
        descriptor_size: Length d of the vectors that tell tasks apart (`GuidedController`). With
            0 there is one task, and nothing is described.
        embedding_size: Length of what the controller reads of a descriptor.
    """

    def __init__(
        self,
        choice_counts: tuple[int, ...],
        units: int,
        learning_rate: float,
        loss: Hashable,
        rng: np.random.Generator,
        descriptor_size: int = 0,
        embedding_size: int = 16,
    ) -> None:
        self.descriptor_size = descriptor_size
        self._shared = _shared(
            choice_counts, units, learning_rate, loss, descriptor_size, embedding_size
        )
        self._noise_shape = (len(choice_counts), max(choice_counts))
        self.weights = [
            rng.uniform(-limit, limit, variable.shape)
            for variable, limit in zip(self._variables, self._shared.limits, strict=True)
        ]
        self.slots = [np.zeros(slot.shape) for slot in self._slot_variables]

    @property
    def _variables(self) -> list[Any]:
        return self._shared.controller.trainable_variables

    @property
    def _slot_variables(self) -> list[Any]:
        optimizer = self._shared.controller.optimizer
        return [v for v in optimizer.variables if v is not optimizer.learning_rate]

    def _load(self, slots: bool) -> None:
        variables, values = self._variables, self.weights
        if slots:
            variables, values = variables + self._slot_variables, values + self.slots
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def sample(
        self, count: int, rng: np.random.Generator, descriptors: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws architectures.

        Args:
            count: How many.
            rng: The only source of randomness.
            descriptors: What each of them is drawn for, float32 `(count, d)`; None if
                `descriptor_size` is 0.

        Returns:
            The architectures, int32 `(count, D)`, and their log-probabilities in nats, float32
            `(count,)`.
        """
        noise = rng.gumbel(size=(count, *self._noise_shape)).astype("float32")
        return self._drawn(noise, descriptors)

    def mode(self, descriptors: np.ndarray | None = None) -> np.ndarray:
        """Returns the architectures that take the most likely choice at every decision.

        Args:
            descriptors: Float32 `(n, d)`; None if `descriptor_size` is 0.

        Returns:
            Int32 array `(n, D)`, one row where there are no descriptors.
        """
        count = 1 if descriptors is None else len(descriptors)
        return self._drawn(np.zeros((count, *self._noise_shape), "float32"), descriptors)[0]

    def _drawn(
        self, noise: np.ndarray, descriptors: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = self._rows(descriptors, len(noise))
        self._load(slots=False)
        choices, values = self._shared.sample(noise, *rows)
        return ops.convert_to_numpy(choices), ops.convert_to_numpy(values)[:, 0]

    def embed(self, descriptors: np.ndarray) -> np.ndarray:
        """Returns what the controller reads of descriptors.

        Args:
            descriptors: Float32 `(n, d)`.

        Returns:
            Float32 array `(n, embedding_size)`, each number between −1 and 1.

        Raises:
            ValueError: If `descriptor_size` is 0.
        """
        if self._shared.embed is None:
            raise ValueError("A policy without descriptors has no embeddings. descriptor_size=0.")
        rows = self._rows(descriptors, len(descriptors))
        self._load(slots=False)
        return ops.convert_to_numpy(self._shared.embed(*rows))

    def learn(
        self,
        choices: np.ndarray,
        targets: np.ndarray,
        steps: int = 1,
        descriptors: np.ndarray | None = None,
    ) -> None:
        """Takes steps down the mean loss of some architectures.

        Args:
            choices: The architectures, int32 `(n, D)`.
            targets: What the loss needs to know of each, float32 `(n, k)`.
            steps: How many steps.
            descriptors: What each of them was drawn for, float32 `(n, d)`; None if
                `descriptor_size` is 0.
        """
        rows = self._rows(descriptors, len(choices))
        inputs = [choices, *rows] if rows else choices
        self._load(slots=True)

        def train() -> None:
            for _ in range(steps):
                self._shared.controller.train_on_batch(inputs, targets)

        on_one_device(train)
        self.weights = [ops.convert_to_numpy(variable) for variable in self._variables]
        self.slots = [ops.convert_to_numpy(variable) for variable in self._slot_variables]

    def _rows(self, descriptors: np.ndarray | None, count: int) -> list[np.ndarray]:
        """Returns the descriptors in a list that is empty where nothing is described."""
        if descriptors is None and not self.descriptor_size:
            return []
        rows = None if descriptors is None else np.asarray(descriptors, "float32")
        if rows is None or rows.shape != (count, self.descriptor_size):
            raise ValueError(
                f"Descriptors of shape {(count, self.descriptor_size)} are expected. "
                f"Received: {None if rows is None else rows.shape}."
            )
        return [rows]

    def state(self) -> dict[str, Any]:
        """Returns weights and averages as JSON values."""
        return {
            "weights": [array.tolist() for array in self.weights],
            "slots": [array.tolist() for array in self.slots],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state()` returned."""
        self.weights = [np.asarray(value) for value in state["weights"]]
        self.slots = [np.asarray(value) for value in state["slots"]]

    def begin_from(self, state: dict[str, Any]) -> None:
        """Takes the weights of what `state()` of another policy returned, and a fresh Adam.

        Args:
            state: A state, of which `"weights"` alone is read.

        Raises:
            InputError: If the weights are those of a policy of another shape.
        """
        weights = [np.asarray(value, float) for value in state["weights"]]
        expected, received = ([w.shape for w in each] for each in (self.weights, weights))
        if expected != received:
            raise InputError(
                f"the weights of this policy have the shapes {expected}. Received: {received}. "
                "A policy goes on in the space, with the units and with the descriptors that it "
                "was learned with."
            )
        self.weights = weights
        self.slots = [np.zeros(slot.shape) for slot in self._slot_variables]


class _Shared(NamedTuple):
    """What all policies of a shape use in turn."""

    controller: keras.Model
    sample: Callable[..., Any]
    embed: Callable[..., Any] | None
    limits: list[float]
    """The first weights are uniform between −limit and limit, variable by variable."""


@functools.cache
def _shared(*settings: Any) -> _Shared:
    return on_one_device(lambda: _made(*settings))


@full_precision()
def _made(
    choice_counts: tuple[int, ...],
    units: int,
    learning_rate: float,
    loss: Any,
    descriptor_size: int,
    embedding_size: int,
) -> _Shared:
    noise = ((None, len(choice_counts), max(choice_counts)), "float32")
    descriptors = ((None, descriptor_size), "float32")
    controller: Any
    if descriptor_size:
        controller = GuidedController(choice_counts, units, descriptor_size, embedding_size)
        sample = compiled(controller.sample, noise, descriptors)
        embed = compiled(controller.embed, descriptors)
        # With the controller's own range a descriptor would hardly reach the LSTM at first.
        of_embedding = [*controller.hidden.variables, *controller.embedding.variables]
    else:
        controller = Controller(choice_counts, units)
        sample, embed, of_embedding = compiled(controller.sample, noise), None, []
    controller.compile(keras.optimizers.Adam(learning_rate), loss=loss, jit_compile=False)
    controller.optimizer.build(controller.trainable_variables)
    limits = [
        _glorot(variable.shape) if any(variable is own for own in of_embedding) else INITIAL_RANGE
        for variable in controller.trainable_variables
    ]
    return _Shared(controller, sample, embed, limits)


def _glorot(shape: tuple[int, ...]) -> float:
    """Returns the range of first weights (Glorot & Bengio 2010, equation 16); 0 for biases."""
    return float(np.sqrt(6 / sum(shape))) if len(shape) == 2 else 0.0
