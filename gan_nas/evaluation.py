"""Measures the generator of a run, or any folder of images."""

from pathlib import Path
from typing import Any

import numpy as np

from datasets import Dataset
from datasets.loading import enlargement
from gan_nas.classes import Classes, dataset_classes
from gan_nas.classifier_extractor import classifier_extractor
from gan_nas.config import GanEvaluation, GanSearch
from gan_nas.extractors import Extractor
from gan_nas.finished import load_generator
from gan_nas.image_folder import read_folder
from gan_nas.inception import inception_extractor
from gan_nas.judge import real_features, real_rows
from gan_nas.quality import measure, real_floor
from gan_nas.sampling import generate, latents
from graftwork.progress import Progress


def evaluate_target(
    config: GanEvaluation, stored: Any, dataset: Dataset, progress: Progress
) -> dict[str, Any]:
    """Measures what was asked for against test images.

    Args:
        config: What was asked for.
        stored: The configuration of the run, or `config` itself for a folder of images.
        dataset: The data of the run, or those to compare with.
        progress: Where to show progress.

    Returns:
        JSON values: `target`, `remarks`, and as `Quality` `generated` and `floor`.
    """
    # The images first: a classifier that is not in the cache takes minutes.
    classes = None
    if isinstance(stored, GanSearch):
        classes = dataset_classes(dataset, stored.conditional)
        images = _generated(config, stored, dataset, classes)
        remarks = [f"{len(images)} images of {config.target / 'generator.keras'}"]
    else:
        images, remarks = _folder(config, dataset)
    extractor = _extractor(config, stored, dataset, progress)
    features = extractor.features(images)
    train, test = (
        real_features(dataset, extractor, real_rows(dataset, split, classes))
        for split in ("train", "test")
    )
    fewer = config.fewer_images
    quality = measure(features, test, "test", fewer_images_ok=fewer)
    floor = real_floor(train, test, len(images), fewer_images_ok=fewer)
    return {
        "target": str(config.target),
        "dataset": dataset.name,
        "remarks": [remark for remark in (*remarks, extractor.note) if remark],
        "generated": quality.to_json(),
        "floor": floor.to_json(),
    }


def _extractor(
    config: GanEvaluation, stored: Any, dataset: Dataset, progress: Progress
) -> Extractor:
    """Returns the extractor that was asked for; that of the run, or the classifier, otherwise."""
    if (config.extractor or stored.extractor) == "inception":
        weights = config.inception_weights or stored.inception_weights
        return inception_extractor(dataset.image_shape, weights)
    with progress.callback() as callback:
        return classifier_extractor(dataset, callback)


def _generated(
    config: GanEvaluation, stored: GanSearch, dataset: Dataset, classes: Classes | None
) -> np.ndarray:
    model = load_generator(config.target)
    drawn = latents(config.images, stored.latent, config.seed, config.truncate)
    if classes is None:
        return generate(model, drawn)
    numbers = classes.draw(len(drawn), dataset.split("train"), [config.seed, 43])
    return generate(model, drawn, numbers)


def _folder(config: GanEvaluation, dataset: Dataset) -> tuple[np.ndarray, list[str]]:
    found = read_folder(Path(config.target), dataset.image_shape, config.images, config.seed)
    resized = "" if found.resize == "none" else f"images were resized: {found.resize}"
    images = f"{len(found.images):,} images of {config.target}"
    if config.images < found.files:
        images = (
            f"{len(found.images):,} of {found.files:,} images of {config.target}, drawn at random"
        )
    remarks = [images, resized, found.remark()]
    if found.enlarged:
        remarks.append(enlargement(found.enlarged, len(found.images), dataset.image_shape))
    return found.images, remarks
