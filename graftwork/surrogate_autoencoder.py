"""A continuous space of architectures: encoder, predictor and decoder trained together."""

from collections.abc import Sequence

import numpy as np

from graftwork.surrogate_perceptron import Adam, Perceptron


class Autoencoder:
    """Embeds architectures, predicts scores from embeddings, and decodes embeddings.

    Luo et al., "Neural Architecture Optimization", NeurIPS 2018, section 3. The joint loss is

        L = λ · mean (s − f(E(x)))² + (1 − λ) · mean −log P_D(x | E(x))      (eq. 1)

    with encoder E, predictor f and decoder D, here perceptrons over the one-hot encoding.

    Args:
        choice_counts: The number of choices of every decision.
        embedding: Width of the embedding.
        hidden: Width of the one hidden layer of each of the three.
        trade_off: λ, from 0 to 1.
        steps: Steps of a fit, each on all rows.
        learning_rate: Adam's, at the first step.
    """

    def __init__(
        self,
        choice_counts: Sequence[int],
        embedding: int = 32,
        hidden: int = 64,
        trade_off: float = 0.9,
        steps: int = 150,
        learning_rate: float = 0.02,
    ) -> None:
        self.counts = np.asarray(choice_counts)
        self.offsets = np.concatenate([[0], np.cumsum(self.counts)[:-1]]).astype(int)
        self.embedding, self.hidden = embedding, hidden
        self.trade_off, self.steps, self.learning_rate = trade_off, steps, learning_rate

    def fit(
        self,
        inputs: np.ndarray,
        targets: np.ndarray,
        others: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        """Fits all three anew.

        Args:
            inputs: One-hot rows of the evaluated architectures, float32 `(n, choices)`.
            targets: float32 `(n,)`.
            others: One-hot rows of architectures without a target, `(m, choices)`, that only
                the decoder's part of the loss sees.
            rng: Draws the weights that the networks start from.
        """
        choices, decisions = inputs.shape[1], len(self.counts)
        seen = np.concatenate([inputs, others])
        self.encoder = Perceptron((choices, self.hidden, self.embedding), rng, active=decisions)
        self.predictor = Perceptron((self.embedding, self.hidden, 1), rng)
        self.decoder = Perceptron((self.embedding, self.hidden, choices), rng)
        networks = (self.encoder, self.predictor, self.decoder)
        optimizers = [
            Adam(network.parameters, self.steps, self.learning_rate, weight_decay=1e-3)
            for network in networks
        ]
        for _ in range(self.steps):
            gradients = self.gradients(seen, targets)
            for optimizer, gradient in zip(optimizers, gradients, strict=True):
                optimizer.apply(gradient)

    def gradients(
        self, seen: np.ndarray, targets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns the gradients of the loss by the parameters of encoder, predictor and decoder.

        Args:
            seen: One-hot rows, `(n + m, choices)`: those with a target first.
            targets: float32 `(n,)`.
        """
        rows = len(targets)
        encoded = self.encoder.layers(seen)
        predicted = self.predictor.layers(encoded[-1][:, :rows])
        decoded = self.decoder.layers(encoded[-1])
        errors = 2 * self.trade_off / rows * (predicted[-1] - targets[:, None])
        surprise = (1 - self.trade_off) / len(seen) * (self.softmax(decoded[-1]) - seen)
        predictor, from_predictor = self.predictor.gradients(predicted, errors)
        decoder, from_decoder = self.decoder.gradients(decoded, surprise)
        to_embedding = self.decoder.slopes(from_decoder)
        to_embedding[:, :rows] += self.predictor.slopes(from_predictor)
        encoder, _ = self.encoder.gradients(encoded, to_embedding)
        return encoder, predictor, decoder

    def softmax(self, logits: np.ndarray) -> np.ndarray:
        """Returns probabilities that sum to 1 in every decision, of the shape of `logits`."""
        highest = np.maximum.reduceat(logits, self.offsets, axis=-1)
        powers = np.exp(logits - np.repeat(highest, self.counts, axis=-1))
        sums = np.add.reduceat(powers, self.offsets, axis=-1)
        return powers / np.repeat(sums, self.counts, axis=-1)

    def embed(self, inputs: np.ndarray) -> np.ndarray:
        """Returns the embeddings of one-hot rows, float32 `(n, embedding)`."""
        return self.encoder.layers(inputs)[-1][0]

    def predict(self, embeddings: np.ndarray) -> np.ndarray:
        """Returns the predicted targets of embeddings, float32 `(n,)`."""
        return self.predictor.layers(embeddings)[-1][0, :, 0]

    def slope(self, embeddings: np.ndarray) -> np.ndarray:
        """Returns the gradient of the prediction by the embedding, float32 `(n, embedding)`."""
        values = self.predictor.layers(embeddings)
        _, outer = self.predictor.gradients(values, np.ones_like(values[-1]))
        return self.predictor.slopes(outer)[0]

    def decode(self, embeddings: np.ndarray) -> list[tuple[int, ...]]:
        """Returns the likeliest architectures of embeddings."""
        logits = self.decoder.layers(embeddings)[-1][0]
        parts = np.split(logits, self.offsets[1:], axis=1)
        choices = np.stack([part.argmax(axis=1) for part in parts], axis=1)
        return [tuple(int(choice) for choice in row) for row in choices]
