"""Keras's model files, written so that the previous one stays until the new one stands."""

import os
from pathlib import Path

import keras

from graftwork.files import named_errors, sync_folder


def save_model(model: keras.Model, path: Path) -> None:
    """Writes a model as `.keras` file, atomically."""
    temporary = path.with_name(f".saving.{path.name}")
    try:
        with named_errors(path):
            model.save(temporary)
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
            sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
