"""What all workers of a run do together, one as the other: connect, wait, agree.

One of the few modules that touch `tf` (ARCHITECTURE.md names them).
"""

import functools
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from graftwork.cluster import workers

Value = TypeVar("Value", bool, int, float, np.ndarray)


def connect() -> tf.distribute.Strategy:
    """Returns the strategy of this process and the others; waits until all are there."""
    strategy = _strategy()
    barrier()
    return strategy


@functools.cache
def _strategy() -> tf.distribute.Strategy:
    tf.get_logger().setLevel("ERROR")
    return tf.distribute.MultiWorkerMirroredStrategy()


def agree(value: Value) -> Value:
    """Returns the chief's value, on all workers; the value itself with one worker alone.

    Clocks, and sums of different machines, differ a little. What such a number decides is
    decided by that of the chief: workers that take different steps would wait for each other
    for ever.

    Args:
        value: A number or an array, of the same shape on all workers.
    """
    own = np.asarray(value)
    if workers() == 1 or not own.size:
        return value
    strategy = _strategy()

    def first(context: Any) -> tf.Tensor:
        mine = context.replica_id_in_sync_group == 0
        return tf.constant(own if mine else np.zeros_like(own), tf.float64)

    # A sum with zeros leaves a number as it is.
    parts = strategy.experimental_distribute_values_from_function(first)
    agreed = np.asarray(strategy.reduce("SUM", parts, axis=None)).astype(own.dtype)
    return agreed if isinstance(value, np.ndarray) else type(value)(agreed.item())


def barrier() -> None:
    """Waits until all workers have come to here."""
    agree(0.0)
