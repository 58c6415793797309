"""A small convolutional classifier of images, and how right it is."""

from typing import Any

import keras
import numpy as np

from datasets.dataset import MISSING

SETTINGS: dict[str, Any] = {
    "widths": [24, 48, 96, 128, 64],  # Channels of the blocks; the last are the features.
    "strides": [1, 2, 2, 2, 1],  # So that a feature sees a whole image of 32×32.
    "largest_side": 64,  # Larger images are made smaller first.
    "batch": 128,
    "steps": 700,  # At most.
    "epochs": 30,  # At most.
    "learning_rate": 4e-3,
    "seed": 0,
}
"""How the classifier is built and trained."""


def build_classifier(
    image_shape: tuple[int, int, int], outcomes: int, kind: str
) -> tuple[keras.Model, keras.Model]:
    """Builds the classifier: five convolutions, each with batch normalisation and ReLU.

    Args:
        image_shape: Height, width and channels of an image.
        outcomes: The number of classes or attributes.
        kind: `"classes"` for softmax, `"attributes"` for sigmoid.

    Returns:
        The network as `Extractor` takes it, and one of the same layers from images to logits
        `(n, outcomes)`.
    """
    images = keras.Input(image_shape, dtype="uint8", name="images")
    x = keras.layers.Rescaling(1 / 127.5, -1.0, name="rescale")(images)
    size = working_size(image_shape)
    if size != image_shape[:2]:
        x = keras.layers.Resizing(*size, antialias=True, name="resize")(x)
    for i, (width, stride) in enumerate(zip(SETTINGS["widths"], SETTINGS["strides"], strict=True)):
        seed = SETTINGS["seed"] + i
        # Large images are halved once more, so that they cost hardly more than small ones.
        stride = 2 if i == 0 and min(size) > 40 else stride
        x = keras.layers.Conv2D(
            width,
            3,
            stride,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(seed),
            name=f"conv_{i}",
        )(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm_{i}")(x)
        x = keras.layers.ReLU(name=f"relu_{i}")(x)
    features = keras.layers.GlobalAveragePooling2D(name="features")(x)
    first = keras.initializers.GlorotUniform(SETTINGS["seed"])
    logits = keras.layers.Dense(outcomes, kernel_initializer=first, name="logits")(features)
    activation = "softmax" if kind == "classes" else "sigmoid"
    probabilities = keras.layers.Activation(activation, name="probabilities")(logits)
    network = keras.Model(images, [features, probabilities], name="classifier")
    return network, keras.Model(images, logits, name="training")


def working_size(image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Returns the height and width that the classifier works at."""
    height, width = image_shape[:2]
    scale = min(1.0, SETTINGS["largest_side"] / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def accuracies(labels: np.ndarray, probabilities: np.ndarray, kind: str) -> tuple[float, float]:
    """Returns accuracy and balanced accuracy, from 0 to 1, missing labels left out.

    Args:
        labels: int8 `(n, k)` of 0, 1 and missing.
        probabilities: `(n, k)`.
        kind: Of `"classes"`, the share of images whose class is the likeliest, and the mean of
            this share over the classes. Of `"attributes"`, the mean over the attributes of the
            share of right labels, and of the mean of this share over the two labels.
    """
    if kind == "classes":
        known = (labels == 1).any(axis=1)
        truth, found = labels[known].argmax(axis=1), probabilities[known].argmax(axis=1)
        recalls = [(found[truth == c] == c).mean() for c in np.unique(truth)]
        return float((found == truth).mean()), float(np.mean(recalls))
    plain, balanced = [], []
    for truth, found in zip(labels.T, (probabilities > 0.5).T, strict=True):
        right = found == (truth == 1)
        plain.append(right[truth != MISSING].mean())
        balanced.append(np.mean([right[truth == v].mean() for v in (0, 1) if (truth == v).any()]))
    return float(np.mean(plain)), float(np.mean(balanced))
