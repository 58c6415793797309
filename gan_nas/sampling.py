"""Latents, and the images that a generator makes of them."""

from typing import Any

import keras
import numpy as np
import scipy.special

from graftwork.errors import InputError


def latents(count: int, size: int, seed: int, truncation: float | None = None) -> np.ndarray:
    """Draws latents from the normal distribution.

    The first rows do not depend on `count`.

    Args:
        count: The number of latents.
        size: Numbers in a latent.
        seed: Seed of all chance.
        truncation: Numbers beyond ±`truncation` are drawn again until they are within: less
            variety for better images (Brock et al. 2019, section 3.1). If None, all are kept.

    Returns:
        float32 `(count, size)`.

    Raises:
        InputError: If `truncation` is not above 0.
    """
    rng = np.random.default_rng([seed, 31])
    if truncation is None:
        return rng.standard_normal((count, size)).astype(np.float32)
    if not truncation > 0:
        raise InputError(f"truncate must be above 0, such as 0.7. Received: {truncation}.")
    # Numbers drawn again until they are within have this distribution; its inverse needs one draw.
    lowest = scipy.special.ndtr(-truncation)
    within = rng.uniform(lowest, 1 - lowest, (count, size))
    return np.clip(scipy.special.ndtri(within), -truncation, truncation).astype(np.float32)


def interpolation(pairs: int, steps: int, size: int, seed: int) -> np.ndarray:
    """Draws pairs of latents, and goes from one to the other along a great circle.

    A straight line would pass near the origin, where a normal distribution in many dimensions
    has hardly any mass: spherical interpolation (White 2016, "Sampling generative networks").

    Args:
        pairs: The number of pairs.
        steps: Latents a pair, the two ends among them; at least 2.
        size: Numbers in a latent.
        seed: Seed of all chance.

    Returns:
        float32 `(pairs · steps, size)`, one pair after the other.

    Raises:
        InputError: If there are fewer than two steps.
    """
    if steps < 2:
        raise InputError(f"an interpolation needs at least 2 steps. Received: {steps}.")
    ends = latents(2 * pairs, size, seed).astype(np.float64).reshape(pairs, 2, size)
    first, last = ends[:, :1], ends[:, 1:]  # (pairs, 1, size)
    lengths = np.linalg.norm(ends, axis=-1)
    cosine = (first * last).sum(axis=-1, keepdims=True) / lengths.prod(axis=-1)[:, None, None]
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    share = np.linspace(0.0, 1.0, steps)[None, :, None]
    sine = np.sin(angle)
    straight = sine < 1e-6  # Of parallel latents, as all are of size 1.
    sine = np.where(straight, 1.0, sine)
    before = np.where(straight, 1 - share, np.sin((1 - share) * angle) / sine)
    after = np.where(straight, share, np.sin(share * angle) / sine)
    return (before * first + after * last).reshape(-1, size).astype(np.float32)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Returns images in −1…1 as uint8 in 0…255, rounded, values beyond cut off.

    Raises:
        InputError: If a value is not a finite number.
    """
    images = np.asarray(images, np.float32)
    if not np.isfinite(images).all():
        raise InputError(
            "the generator makes images with values that are not finite numbers: its training "
            "went wrong. Use an earlier checkpoint, or train anew with a lower learning rate."
        )
    return np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8)


def wanted_inputs(model: keras.Model) -> tuple[str, ...]:
    """Returns the names of a network's inputs.

    A network of this package says them itself, as `input_names`; one that was loaded from a
    `.keras` file has them as the names of its input layers.
    """
    names = getattr(model, "input_names", None)
    return tuple(names) if names else tuple(tensor.name for tensor in model.inputs)


def generate(
    model: keras.Model,
    latents: np.ndarray,
    classes: np.ndarray | None = None,
    architecture: Any = None,
    batch: int = 64,
) -> np.ndarray:
    """Makes images.

    Args:
        model: A generator, plain or a supernet.
        latents: float32 `(n, latent)`, at least one row.
        classes: Integer array `(n,)`, for a generator that takes classes.
        architecture: The architecture, `(D,)`, for a supernet.
        batch: Images that are made at once. The last batch is filled up with the rows it has,
            so that one traced function serves all.

    Returns:
        uint8 `(n, height, width, channels)`.

    Raises:
        InputError: If the generator wants an input that is not given, rows do not match, or
            values are not finite.
    """
    columns = {
        name: _column(name, given, latents, model)
        for name, given in {
            "latents": latents,
            "classes": classes,
            "architecture": architecture,
        }.items()
        if name in wanted_inputs(model)
    }
    count = len(latents)
    batch = min(batch, count)
    made = []
    for start in range(0, count, batch):
        rows = np.arange(start, min(start + batch, count))
        filled = np.resize(rows, batch)
        inputs = {name: values[filled] for name, values in columns.items()}
        made.append(to_uint8(model.predict_on_batch(inputs)[: len(rows)]))
    return np.concatenate(made)


def _column(name: str, given: Any, latents: np.ndarray, model: keras.Model) -> np.ndarray:
    """Returns one of a generator's inputs, with a row for each of the latents."""
    if given is None:
        raise InputError(f"the generator {model.name!r} needs {name}, and none are given.")
    values = np.asarray(given, np.float32 if name == "latents" else np.int32)
    if name == "architecture":
        values = np.repeat(values[None], len(latents), axis=0)
    if not len(latents) or len(values) != len(latents):
        raise InputError(
            f"{name} must have a row for each of the latents, at least one. Received: "
            f"{len(values)} rows for {len(latents)} latents."
        )
    return values
