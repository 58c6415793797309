"""The loss of predictions of attributes."""

from typing import Any

import keras
from keras import ops

from graftwork.rows import MISSING


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
