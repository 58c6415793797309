"""What Keras's `fit` needs where several machines share a batch."""

from typing import Any

import keras
from keras import ops

from graftwork.cluster import workers


class FitModel(keras.Model):
    """A model that `fit` trains on several machines, too; its networks are built before."""

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Builds nothing: Keras would average a batch over all machines, which fails for images."""


def step_logs(logs: dict[str, Any]) -> dict[str, Any]:
    """Returns the numbers of a training step as Keras averages them over several machines.

    It takes the mean along the first axis of each, which a number lacks.

    Args:
        logs: Scalars by name.
    """
    if workers() == 1:
        return logs
    return {name: ops.reshape(value, (1,)) for name, value in logs.items()}
