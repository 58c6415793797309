"""A small classifier of a dataset's own labels, whose last layer but one gives features.

The Inception network knows photographs. What makes a good letter or a good emoji is better told
by a network that was trained on such images. It is trained once and kept in the cache.
"""

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from datasets.cache import DAMAGE, cache_folder, locked, writable
from datasets.dataset import MISSING, Dataset
from datasets.info import Progress
from gan_nas.classifier import SETTINGS, accuracies, build_classifier, working_size
from gan_nas.extractors import Extractor, predictions
from graftwork.augmentation import Augmentation, moved
from graftwork.batch_order import BatchOrder
from graftwork.errors import InputError
from graftwork.files import atomic_folder, read_json, write_json
from graftwork.losses import MaskedBinaryCrossentropy
from graftwork.rows import read_rows
from graftwork.stored_model import load_model

VERSION = 1
"""Goes up when the same dataset would give another classifier."""
FEWEST = 100
"""Labelled training images, below which features would say nothing of images not seen."""
MODEL, META = "classifier.keras", "classifier.json"


def classifier_extractor(dataset: Dataset, progress: Progress | None = None) -> Extractor:
    """Returns the extractor of a dataset, trained on its labels the first time.

    Attributes with one class only in training, or without a label in validation, are left out.
    Where every labelled image has exactly one attribute, these are taken as classes.

    Args:
        dataset: Images and labels. The split `train` is learned from, `validation` gives the
            accuracy; `test` is not read.
        progress: Called as `progress(stage, done, total)` while the classifier is trained.

    Returns:
        The extractor, read from the cache: what was trained in this process and what a later
        process finds are the same.

    Raises:
        InputError: If the labels are too few to learn from, or the cache cannot be written.
    """
    columns = learnable(dataset)
    folder = classifier_folder(dataset)
    extractor = _read(folder)
    if extractor is None:
        with locked(folder):
            extractor = _read(folder, tell=True)  # Another process may have made it meanwhile.
            if extractor is None:
                network, meta = _make(dataset, columns, progress)
                _write(folder, network, meta)
                extractor = _read(folder)
    assert extractor is not None
    return extractor


def classifier_folder(dataset: Dataset) -> Path:
    """Returns where the classifier of a dataset is cached, whether it is there or not."""
    facts = [VERSION, SETTINGS, dataset.fingerprint, dataset.flip, dataset.shift]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    name = "".join(c if c.isalnum() or c in "_.-" else "-" for c in dataset.name)
    return cache_folder() / "classifiers" / f"{name}-{key}"


def learnable(dataset: Dataset) -> np.ndarray:
    """Returns the columns of the labels that a classifier can learn and be judged by.

    Raises:
        InputError: If there is none, or fewer than `FEWEST` training images have a label.
    """
    train, validation = (dataset.labels[dataset.split(s)] for s in ("train", "validation"))
    both = (train == 0).any(axis=0) & (train == 1).any(axis=0)
    columns = np.flatnonzero(both & (validation != MISSING).any(axis=0))
    labelled = int((train[:, columns] != MISSING).any(axis=1).sum())
    if len(columns) and labelled >= FEWEST:
        return columns
    if len(columns):
        reason = f"{FEWEST} training images with labels are needed and {labelled} have any"
    else:
        reason = "no attribute has both classes in training and a label in validation"
    raise InputError(
        f"dataset {dataset.name!r}: no classifier can be trained to take features from: {reason}. "
        "Give more labels (of a folder, by --labels), or choose the extractor inception."
    )


def _make(
    dataset: Dataset, columns: np.ndarray, progress: Progress | None
) -> tuple[keras.Model, dict[str, Any]]:
    """Trains a classifier. Returns its network and what is to be known of it."""
    labels = dataset.labels[:, columns]
    kind = _kind(labels)
    network, model = build_classifier(dataset.image_shape, len(columns), kind)
    begin = time.perf_counter()
    _train(model, dataset, labels, kind, progress)
    validation = dataset.split("validation")
    _, probabilities = predictions(network, dataset.images, validation, 256)
    accuracy, balanced = accuracies(labels[validation], probabilities, kind)
    return network, {
        "dataset": dataset.name,
        "kind": kind,
        "attributes": [dataset.attributes[column] for column in columns],
        "accuracy": accuracy,
        "balanced_accuracy": balanced,
        "seconds": time.perf_counter() - begin,
        "fingerprint": dataset.fingerprint,
        "version": VERSION,
        "settings": SETTINGS,
    }


def _kind(labels: np.ndarray) -> Literal["classes", "attributes"]:
    """Says whether every image with labels has exactly one attribute."""
    known = labels[(labels != MISSING).any(axis=1)]
    exclusive = ((known == 1).sum(axis=1) == 1).all() and (known != MISSING).all()
    return "classes" if exclusive else "attributes"


def _train(
    model: keras.Model, dataset: Dataset, labels: np.ndarray, kind: str, progress: Progress | None
) -> None:
    train = dataset.split("train")
    rows = train[(labels[train] != MISSING).any(axis=1)]
    batch = min(SETTINGS["batch"], len(rows))
    steps = min(SETTINGS["steps"], SETTINGS["epochs"] * (len(rows) // batch))
    loss: keras.losses.Loss = MaskedBinaryCrossentropy()
    if kind == "classes":
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    rate = keras.optimizers.schedules.CosineDecay(SETTINGS["learning_rate"], steps)
    model.compile(keras.optimizers.Adam(rate), loss, jit_compile=False)
    augmentation = Augmentation(dataset.flip, dataset.shift)
    order = BatchOrder(len(rows), batch, SETTINGS["seed"]).indices(0, steps)
    for step, places in enumerate(order):
        chosen = rows[places]
        images = read_rows(dataset.images, chosen)
        if augmentation:
            rng = np.random.default_rng([SETTINGS["seed"], 13, step])
            images = moved(images, augmentation.draw(rng, batch))
        model.train_on_batch(images, labels[chosen])
        if progress and ((step + 1) % 10 == 0 or step + 1 == steps):
            progress("train the classifier that gives features", step + 1, steps)


def _write(folder: Path, network: keras.Model, meta: dict[str, Any]) -> None:
    with writable(folder), atomic_folder(folder) as temporary:
        network.save(temporary / MODEL)
        digest = hashlib.sha256((temporary / MODEL).read_bytes()).hexdigest()
        write_json(temporary / META, {**meta, "sha256": digest})


def _read(folder: Path, tell: bool = False) -> Extractor | None:
    """Returns the cached extractor; None, and a note if `tell`, where it is damaged."""
    if not folder.exists():
        return None
    try:
        meta = read_json(folder / META)
        if hashlib.sha256((folder / MODEL).read_bytes()).hexdigest() != meta["sha256"]:
            raise ValueError(f"{MODEL} was changed")
        network = load_model(folder / MODEL)
        return _extractor(network, meta)
    except (*DAMAGE, OSError) as error:
        if tell:
            print(
                f"the classifier in {folder} cannot be read ({error}); it is trained anew.",
                file=sys.stderr,
            )
        return None


def _extractor(network: keras.Model, meta: dict[str, Any]) -> Extractor:
    accuracy = f"{100 * meta['accuracy']:.1f} %"
    shape = tuple(network.inputs[0].shape[1:])
    height, width = size = working_size(shape)
    resized = "none" if size == shape[:2] else f"bilinear, antialiased, to {height}×{width}"
    return Extractor(
        name=f"classifier of {meta['dataset']} ({len(meta['attributes'])} {meta['kind']}, "
        f"accuracy {accuracy})",
        network=network,
        kind=meta["kind"],
        resize=resized,
        image_size=size,
        note=f"The classifier that gives features has an accuracy of {accuracy} in validation, "
        f"balanced {100 * meta['balanced_accuracy']:.1f} %; it was trained in "
        f"{meta['seconds']:.0f} s.",
    )
