"""Judges trained generators, all in the same way."""

import dataclasses
from typing import Any

import numpy as np

from datasets import Dataset
from datasets.dataset import SPLITS
from gan_nas.classes import Classes
from gan_nas.extractors import Extractor
from gan_nas.image_maker import ImageMaker, whole_batches
from gan_nas.metrics import GaussianStatistics, kernel_distance_all
from gan_nas.quality import Features, Quality, measure, real_floor
from gan_nas.sampling import latents
from graftwork.errors import InputError
from graftwork.rows import read_rows
from graftwork.space import Architecture

MOST_REAL = 5000
"""Real images of a split that generated ones are compared with, at most."""
FEW = 256
"""Validation images below which the training images help them."""


def real_features(dataset: Dataset, extractor: Extractor, rows: np.ndarray) -> Features:
    """Returns the features of real images, of `MOST_REAL` drawn ones where there are more."""
    if len(rows) > MOST_REAL:
        rows = np.sort(np.random.default_rng(7).choice(rows, MOST_REAL, replace=False))
    return extractor.features(dataset.images, rows)


def real_rows(dataset: Dataset, split: str, classes: Classes | None) -> np.ndarray:
    """Returns the rows of a split that generated images are like: with classes, of a known class.

    Raises:
        InputError: If a split has fewer than 2 images of a known class.
    """
    rows = dataset.split(split)
    if classes is None:
        return rows
    known = rows[classes.numbers[rows] >= 0]
    if len(known) < 2:
        raise InputError(
            f"dataset {dataset.name!r}: {len(known)} of {len(rows):,} images of the split "
            f"{split!r} have a known class, and generated ones are compared with at least 2. Name "
            "other attributes by --conditional."
        )
    return known


class Judge:
    """Measures generators against real images that they were not trained on.

    The search and the choice of a generator see validation images; test images are read for the
    numbers of the report alone. All generators get the same latents and classes.

    Args:
        dataset: The data.
        extractor: What features come from.
        latent: Length of a latent vector.
        images: How many images to make, at least.
        classes: The classes, or None. Real images without a known class are left out.
        seed: Seed of the latents.
    """

    def __init__(
        self,
        dataset: Dataset,
        extractor: Extractor,
        latent: int,
        images: int,
        classes: Classes | None,
        seed: int,
    ) -> None:
        self.dataset, self.extractor = dataset, extractor
        count = whole_batches(images)
        self.latents = latents(count, latent, seed)
        self.classes = None
        if classes is not None:
            self.classes = classes.draw(count, dataset.split("train"), [seed, 43])
        self._rows = {split: real_rows(dataset, split, classes) for split in SPLITS}
        rows = self._rows["validation"]
        self.chosen_by = "validation images"
        """Which real images the search and its choices see."""
        if len(rows) < FEW:
            rows = np.union1d(rows, self._rows["train"])
            self.chosen_by = "validation and training images"
        self.validation = real_features(dataset, extractor, rows)
        self._test: Features | None = None

    def some_images(self, count: int) -> np.ndarray:
        """Returns training images drawn at random, or all of fewer: uint8."""
        rows = self._rows["train"]
        chosen = np.random.default_rng(5).choice(rows, min(count, len(rows)), replace=False)
        return read_rows(self.dataset.images, np.sort(chosen))

    @property
    def test(self) -> Features:
        """The features of test images, read when they are first asked for."""
        if self._test is None:
            self._test = real_features(self.dataset, self.extractor, self._rows["test"])
        return self._test

    def floor(self) -> Quality:
        """Measures real training images against real test images."""
        train = real_features(self.dataset, self.extractor, self._rows["train"])
        return real_floor(train, self.test, len(self.latents))

    def judge(self, maker: ImageMaker, architecture: Architecture) -> dict[str, Any]:
        """Measures a generator.

        Args:
            maker: Makes its images.
            architecture: What to run, of a supernet.

        Returns:
            `validation_kid`, and `test`: a `Quality` as JSON.
        """
        images = maker.images(self.latents, self.classes, architecture)
        features = self.extractor.features(images)
        statistics = GaussianStatistics.of(self.test.features)
        quality = measure(features, self.test, "test", real_statistics=statistics)
        return {
            "validation_kid": kernel_distance_all(features.features, self.validation.features),
            "test": dataclasses.asdict(quality),
        }
