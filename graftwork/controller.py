"""The LSTM policy that reinforcement learning samples architectures from."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

IMPOSSIBLE = -1e9
"""The logit of choices that a decision does not have; e to it is 0, and 0 times it is no NaN."""
INITIAL_RANGE = 0.08
"""Weights begin uniform between −0.08 and 0.08 (Zoph & Le 2017, section 4.1)."""
HIDDEN = 32
"""Units of the hidden layer between a descriptor and its embedding."""


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


class GuidedController(keras.Model):
    """A controller whose context is the embedding of a descriptor.

    Wong et al., "Transfer Learning with Neural AutoML", NeurIPS 2018 (arXiv 1710.10776): the
    embedding of a task is concatenated to what the controller reads at every step. There a row of
    a table is learned for every task. Here a network computes the embedding of a descriptor x,

        e = tanh(W_2 relu(W_1 x + b_1) + b_2),

    so that a task never seen has one, too.

    Args:
        choice_counts: The number of choices of every decision, `D` numbers.
        units: Size of the LSTM's state.
        descriptor_size: Length of a descriptor, at least 1.
        embedding_size: Length of an embedding.

    Inputs of `call`:
        A list of the choices, an int32 tensor `(n, D)`, and of the descriptors, a float32 tensor
        `(n, descriptor_size)`.

    Output:
        As that of `Controller`, `(n, 2)`.
    """

    def __init__(
        self, choice_counts: Sequence[int], units: int, descriptor_size: int, embedding_size: int
    ) -> None:
        super().__init__(name="guided_controller")
        self.controller = Controller(choice_counts, units, embedding_size)
        self.hidden = keras.layers.Dense(HIDDEN, activation="relu", name="hidden")
        self.embedding = keras.layers.Dense(embedding_size, activation="tanh", name="embedding")
        self.hidden.build((None, descriptor_size))
        self.embedding.build((None, HIDDEN))
        self.built = True

    def call(self, inputs: Any) -> Any:
        choices, descriptors = inputs
        return self.controller([choices, self.embed(descriptors)])

    def sample(self, noise: Any, descriptors: Any) -> tuple[Any, Any]:
        """Draws architectures, as `Controller.sample` with the descriptors' embeddings."""
        return self.controller.sample(noise, self.embed(descriptors))

    def embed(self, descriptors: Any) -> Any:
        """Returns the embeddings `(n, embedding_size)` of descriptors."""
        return self.embedding(self.hidden(descriptors))
