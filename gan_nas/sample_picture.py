"""Pictures of a generator's samples and of walks between them."""

from pathlib import Path

import keras
import numpy as np

from gan_nas.config import GanSamples
from gan_nas.grids import save_grid
from gan_nas.sampling import generate, interpolation, latents
from graftwork.errors import InputError

STEPS = 10
"""Images of an interpolation, its ends among them."""


def picture(
    config: GanSamples, model: keras.Model, size: int, classes: list[str], path: Path
) -> None:
    """Writes the picture that was asked for.

    Args:
        config: What was asked for.
        model: A generator.
        size: Length of a latent vector.
        classes: Its classes, or none.
        path: The PNG file.

    Raises:
        InputError: If the flags contradict each other, or the file cannot be written.
    """
    columns = None
    if config.interpolate:
        if config.truncate is not None:
            raise InputError("truncate cannot be given together with --interpolate.")
        drawn, columns = interpolation(config.count, STEPS, size, config.seed), STEPS
    else:
        drawn = latents(config.count, size, config.seed, config.truncate)
    numbers, names = None, None
    if config.class_name is not None:
        numbers = np.full(len(drawn), classes.index(config.class_name), np.int32)
    elif classes and config.interpolate:
        numbers = np.repeat(np.arange(config.count) % len(classes), STEPS).astype(np.int32)
        names = [classes[i % len(classes)] for i in range(config.count)]
    elif classes:
        columns = -(-config.count // len(classes))
        numbers = np.repeat(np.arange(len(classes), dtype=np.int32), columns)
        drawn, names = latents(len(numbers), size, config.seed, config.truncate), classes
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_grid(generate(model, drawn, numbers), path, columns, labels=names)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}. Choose another --out."
        ) from None
