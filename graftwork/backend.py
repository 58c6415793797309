"""Imports the backend without the lines that it prints about itself."""

import contextlib
import gc
import os
import sys
from collections.abc import Iterator

from graftwork.engine_options import EngineOptions, JobOptions
from graftwork.errors import InputError
from graftwork.seats import share_memory


def load_backend() -> None:
    """Imports TensorFlow and Keras, their greetings on standard error left out.

    Raises:
        InputError: If Keras is set to another backend.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    first = "tensorflow" not in sys.modules
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import keras
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
    if first:
        # Python collects garbage in cycles only once it is a quarter of all objects, and TensorFlow
        # has hundreds of thousands: input pipelines, which are such garbage, would wait for long.
        gc.freeze()
        gc.collect()
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            "training needs Keras's TensorFlow backend. Received: KERAS_BACKEND="
            f"{keras.backend.backend()}. Unset it, or set KERAS_BACKEND=tensorflow."
        )


@contextlib.contextmanager
def backend_as(options: EngineOptions) -> Iterator[None]:
    """Imports the backend and computes as the options say, as long as the block lasts.

    Raises:
        InputError: If Keras is set to another backend.
    """
    if isinstance(options, JobOptions):
        share_memory(options.jobs)
    load_backend()
    from graftwork.devices import engine

    with engine(options):
        yield
