"""Imports the backend without the lines that it prints about itself."""

import os

from graftwork.errors import InputError


def load_backend() -> None:
    """Imports TensorFlow and Keras, their greetings on standard error left out.

    Raises:
        InputError: If Keras is set to another backend.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
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
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            "training needs Keras's TensorFlow backend. Received: KERAS_BACKEND="
            f"{keras.backend.backend()}. Unset it, or set KERAS_BACKEND=tensorflow."
        )
