"""The LSTM policy that reinforcement learning samples architectures from."""

import functools
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from graftwork.training import compiled

IMPOSSIBLE = -1e9
"""The logit of choices that a decision does not have; e to it is 0, and 0 times it is no NaN."""
INITIAL_RANGE = 0.08
"""Weights begin uniform between −0.08 and 0.08 (Zoph & Le 2017, section 4.1)."""


class Controller(keras.Model):
    """A distribution over the architectures of a space, one decision after the other.

    Zoph & Le, "Neural Architecture Search with Reinforcement Learning", ICLR 2017, section 3.1:
    an LSTM cell reads the embedding of the choice made before (a start token at first), and a
    softmax of its own for every decision gives the distribution of the next choice, so that

        log π(a) = Σ_d log π(a_d | a_1, …, a_{d−1}).

    Args:
        choice_counts: The number of choices of every decision, `D` numbers.
        units: Size of the LSTM's state and of the embeddings.
        context_size: Length of a vector that the LSTM reads at every step besides, such as the
            embedding of what is searched for; 0 for none.

    Inputs of `call`:
        Choices, an int32 tensor `(n, D)`; or, with a context, a list of them and of a float32
        tensor `(n, context_size)`.

    Output:
        Float32 tensor `(n, 2)`: log π(a) of every architecture, and the sum of the entropies of
        the D distributions that its choices were made by, both in nats.
    """

    def __init__(self, choice_counts: Sequence[int], units: int, context_size: int = 0) -> None:
        super().__init__(name="controller")
        self.choice_counts = tuple(choice_counts)
        self.units, self.context_size = units, context_size
        decisions, most = len(self.choice_counts), max(self.choice_counts)
        # Row 0 is the start token; every choice of every decision has a row of its own.
        self.first_rows = 1 + np.cumsum([0, *self.choice_counts[:-1]]).astype("int32")
        self.possible = np.arange(most) < np.array(self.choice_counts)[:, None]
        self.lstm = keras.layers.LSTM(units, return_sequences=True)
        self.lstm.build((None, decisions, units + context_size))
        self.embeddings = self._weight("embeddings", (1 + sum(self.choice_counts), units))
        self.heads = self._weight("heads", (decisions, units, most))
        self.biases = self._weight("biases", (decisions, most))
        self.built = True

    def _weight(self, name: str, shape: tuple[int, ...]) -> Any:
        initializer = keras.initializers.RandomUniform(-INITIAL_RANGE, INITIAL_RANGE)
        return self.add_weight(name=name, shape=shape, initializer=initializer)

    def call(self, inputs: Any) -> Any:
        choices, context = inputs if self.context_size else (inputs, None)
        rows = self.first_rows + ops.cast(choices, "int32")
        rows = ops.concatenate([ops.zeros_like(rows[:, :1]), rows[:, :-1]], axis=1)
        states = self.lstm(self._read(rows, context))  # (n, D, units)
        logits = ops.einsum("ndu,duc->ndc", states, self.heads) + self.biases
        logs = ops.log_softmax(ops.where(self.possible, logits, IMPOSSIBLE))
        chosen = ops.one_hot(choices, logs.shape[-1], dtype=logs.dtype)
        log_probability = ops.sum(chosen * logs, axis=(1, 2))
        entropy = -ops.sum(ops.exp(logs) * logs, axis=(1, 2))
        return ops.stack([log_probability, entropy], axis=1)

    def sample(self, noise: Any, context: Any = None) -> tuple[Any, Any]:
        """Draws architectures from noise that somebody else drew.

        The largest of logit + Gumbel noise falls on a choice with its softmax probability
        (Maddison et al., "A* Sampling", NeurIPS 2014), so that the same noise draws the same
        architectures on every backend.

        Args:
            noise: Float32 tensor `(n, D, most choices)` of standard Gumbel numbers.
            context: Float32 tensor `(n, context_size)`, or None where that is 0.

        Returns:
            The architectures, an int32 tensor `(n, D)`, and what `call` says of them.
        """
        count, decisions = ops.shape(noise)[0], len(self.choice_counts)
        tables = [ops.convert_to_tensor(t) for t in (self.first_rows, self.possible)]

        def decide(step: Any, rows: Any, state: Any, carry: Any, choices: Any) -> tuple[Any, ...]:
            first_row, possible = (ops.take(table, step, axis=0) for table in tables)
            state, (_, carry) = self.lstm.cell(self._read(rows, context), [state, carry])
            logits = ops.matmul(state, ops.take(self.heads, step, axis=0))
            logits = logits + ops.take(self.biases, step, axis=0)
            scores = ops.where(possible, logits, IMPOSSIBLE) + ops.take(noise, step, axis=1)
            choice = ops.cast(ops.argmax(scores, axis=-1), "int32")  # (n,)
            here = ops.arange(decisions) == step
            choices = ops.where(here, choice[:, None], choices)
            return step + 1, first_row + choice, state, carry, choices

        zeros = ops.zeros((count, self.units))
        start = (0, ops.zeros((count,), "int32"), zeros, zeros)
        choices = ops.zeros((count, decisions), "int32")
        end = ops.while_loop(lambda step, *_: step < decisions, decide, (*start, choices))
        choices = end[-1]
        return choices, self.call(choices if context is None else (choices, context))

    def _read(self, rows: Any, context: Any) -> Any:
        """Returns what the LSTM reads after the choices of some rows, `(*rows.shape, k)`."""
        inputs = ops.take(self.embeddings, rows, axis=0)
        if context is None:
            return inputs
        if len(rows.shape) == 2:
            context = ops.repeat(context[:, None], rows.shape[1], axis=1)
        return ops.concatenate([inputs, context], axis=-1)


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
    """

    def __init__(
        self,
        choice_counts: tuple[int, ...],
        units: int,
        learning_rate: float,
        loss: Hashable,
        rng: np.random.Generator,
    ) -> None:
        self._controller, self._sample = _shared(choice_counts, units, learning_rate, loss)
        self._noise_shape = (len(choice_counts), max(choice_counts))
        weights = self._controller.trainable_variables
        self.weights = [rng.uniform(-INITIAL_RANGE, INITIAL_RANGE, w.shape) for w in weights]
        self.slots = [np.zeros(slot.shape) for slot in self._slot_variables]

    @property
    def _slot_variables(self) -> list[Any]:
        optimizer = self._controller.optimizer
        return [v for v in optimizer.variables if v is not optimizer.learning_rate]

    def _load(self, slots: bool) -> None:
        variables, values = self._controller.trainable_variables, self.weights
        if slots:
            variables, values = variables + self._slot_variables, values + self.slots
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def sample(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draws architectures.

        Args:
            count: How many.
            rng: The only source of randomness.

        Returns:
            The architectures, int32 `(count, D)`, and their log-probabilities in nats, float32
            `(count,)`.
        """
        self._load(slots=False)
        noise = rng.gumbel(size=(count, *self._noise_shape)).astype("float32")
        choices, values = self._sample(noise)
        return ops.convert_to_numpy(choices), ops.convert_to_numpy(values)[:, 0]

    def learn(self, choices: np.ndarray, targets: np.ndarray, steps: int = 1) -> None:
        """Takes steps down the mean loss of some architectures.

        Args:
            choices: The architectures, int32 `(n, D)`.
            targets: What the loss needs to know of each, float32 `(n, k)`.
            steps: How many steps.
        """
        self._load(slots=True)
        for _ in range(steps):
            self._controller.train_on_batch(choices, targets)
        self.weights = [
            ops.convert_to_numpy(variable) for variable in self._controller.trainable_variables
        ]
        self.slots = [ops.convert_to_numpy(variable) for variable in self._slot_variables]

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


@functools.cache
def _shared(
    choice_counts: tuple[int, ...], units: int, learning_rate: float, loss: Any
) -> tuple[Controller, Callable[..., Any]]:
    controller = Controller(choice_counts, units)
    controller.compile(keras.optimizers.Adam(learning_rate), loss=loss, jit_compile=False)
    controller.optimizer.build(controller.trainable_variables)
    noise_shape = (None, len(choice_counts), max(choice_counts))
    return controller, compiled(controller.sample, (noise_shape, "float32"))
