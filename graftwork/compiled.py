"""Compiled functions, and the devices that they run on.

One of the few modules that touch `tf` (ARCHITECTURE.md names them).
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def gpu_count() -> int:
    """Returns how many GPUs TensorFlow sees."""
    return len(tf.config.list_physical_devices("GPU"))


def compiled(function: Callable[..., Any], *inputs: tuple[tuple[int | None, ...], str]) -> Any:
    """Compiles a function of tensors, once and for all.

    Args:
        function: A function of tensors that uses `keras.ops` alone.
        inputs: Shape and dtype of every argument; a length of None may vary.
    """
    signature = [tf.TensorSpec(shape, dtype) for shape, dtype in inputs]
    return tf.function(function, input_signature=signature, autograph=False)
