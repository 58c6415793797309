"""Layers that compute in float32 whatever the precision of the run."""

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Builds and loads networks that compute in float32, as long as the block lasts.

    What measures, and what is written for others, shall not depend on `--precision`.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
