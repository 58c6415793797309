"""A finished generator as a file that Keras alone can load."""

import contextlib
from pathlib import Path

import keras

from gan_nas.extraction import calibrate
from gan_nas.sampling import latents
from gan_nas.setup import Setup
from graftwork.errors import InputError
from graftwork.model_file import save_model
from graftwork.stored_model import load_model

CALIBRATION_BATCHES = 32
CALIBRATION_BATCH = 64


def save_generator(model: keras.Model, setup: Setup, path: Path) -> None:
    """Writes a generator as `.keras` file, its batch normalisation calibrated.

    While it was trained each batch had its own statistics. By itself a generator uses those of
    many batches (the standing statistics of Brock et al. 2019), so that an image does not
    depend on what else is made.

    Args:
        model: A plain generator.
        setup: Classes and their frequencies.
        path: The file.
    """
    size = setup.config.latent
    drawn = latents(CALIBRATION_BATCHES * CALIBRATION_BATCH, size, setup.config.seed + 61)
    inputs = {"latents": drawn}
    if setup.classes is not None:
        rows = setup.dataset.split("train")
        inputs["classes"] = setup.classes.draw(len(drawn), rows, [setup.config.seed, 67])
    starts = range(0, len(drawn), CALIBRATION_BATCH)
    calibrate(
        model,
        ({name: x[i : i + CALIBRATION_BATCH] for name, x in inputs.items()} for i in starts),
    )
    save_model(model, path)


def take_generator(folder: Path, run: Path) -> None:
    """Makes the generator that a training has left in a folder that of the run.

    Without one nothing happens: a process that was killed has taken it before.
    """
    with contextlib.suppress(FileNotFoundError):
        (folder / "generator.keras").replace(run / "generator.keras")


def load_generator(run: Path) -> keras.Model:
    """Loads the generator of a run.

    Raises:
        InputError: If there is none, or it cannot be read.
    """
    path = run / "generator.keras"
    if not path.exists():
        finished = (run / "result.json").exists()
        way = f"train {run}" if finished else f"search --out {run} --resume"
        said = "Train one by" if finished else "Go on with"
        raise InputError(f"{run} has no trained generator yet. {said}: graftwork gans {way}")
    return load_model(path, f"Make it anew by: graftwork gans train {run}")
