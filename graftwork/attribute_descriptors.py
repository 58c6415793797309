"""What can be said of an attribute without any search: numbers that fit every domain.

A strategy that has learned on the attributes of some domains meets those of another one through
these descriptors. They have the same length whatever the images and however many attributes
there are.
"""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from graftwork.errors import InputError
from graftwork.label_correlation import phi_coefficients
from graftwork.probe import FEATURES, probe_features
from graftwork.rows import MISSING, read_rows

NAME_FEATURES = 32
MOST_IMAGES = 2000
"""Images that the probe sees at most; the labels of all images are counted."""
PRIOR = 5
"""Images of the whole domain that are counted into each class: few examples mean little."""
PROBED = ("effect", "spread", "fisher")
"""What is measured of every feature of the probe."""
LABELLED = (
    *("rate", "logit", "missing", "mean |phi|", "max |phi|", "mean phi", "std phi"),
    *(f"quartile {i} phi" for i in (1, 2, 3)),
)
"""What is counted in the labels."""
DESCRIPTOR_NAMES = (
    *(f"name {i}" for i in range(NAME_FEATURES)),
    *LABELLED,
    *(f"{kind} {channel}" for kind in PROBED for channel in range(FEATURES)),
)
"""What the d numbers of every descriptor are, whatever it describes."""


@dataclasses.dataclass(frozen=True)
class Descriptors:
    """Descriptors of attributes.

    Attributes:
        names: What each of the d values is, such as `"name 3"`, `"rate"` or `"effect 17"`.
        values: Float32 array `(A, d)`, one row an attribute; not scaled.
    """

    names: tuple[str, ...]
    values: np.ndarray


def describe_attributes(
    names: Sequence[str],
    images: np.ndarray,
    labels: np.ndarray,
    seed: int = 0,
    rows: np.ndarray | None = None,
) -> Descriptors:
    """Describes the attributes of one domain.

    An attribute's descriptor has four parts:

    * its name: hashed character 2- to 4-grams, so that "bold" and "bold style" are near;
    * its labels: the share of positives, its logit, the share of missing labels;
    * its φ coefficients with the domain's other attributes, as numbers that do not depend on
      how many there are: mean and greatest absolute value, mean, deviation and quartiles;
    * features of a frozen network (`graftwork.probe`): of each, Cohen's d between positives and
      negatives ("effect"), the logarithm of the ratio of their variances ("spread"), and the
      logarithm of the diagonal of the Fisher information of a logistic regression
      on the features, F_k = mean of p (1 − p) f_k² ("fisher"; less the mean over the features),
      which says how much the attribute depends on feature k (Achille et al., "Task2Vec", ICCV
      2019, section 2).

    Of an attribute with one class only, the last two parts are zeros.

    Args:
        names: The attributes' names.
        images: uint8 array `(n, height, width, channels)`, in memory or memory-mapped.
        labels: int8 array `(n, A)`: 0, 1 or −1 (missing).
        seed: Seed of the choice of at most 2,000 images that the probe sees.
        rows: Integer array `(k,)` of the rows that may be looked at: those of the training
            split. All rows if not given.

    Returns:
        `Descriptors` of the A attributes, in their order; all numbers are finite.

    Raises:
        InputError: If names, images and labels do not fit together, or there is no image.
    """
    rows = np.arange(len(images)) if rows is None else np.asarray(rows)
    if labels.shape != (len(images), len(names)) or not len(rows) or not len(names):
        raise InputError(
            "attributes are described by at least one image and labels of shape (images, "
            f"attributes). Received: {len(rows)} images, {len(names)} attributes and labels of "
            f"shape {labels.shape}."
        )
    chosen = rows
    if len(rows) > MOST_IMAGES:
        chosen = np.sort(np.random.default_rng(seed).choice(rows, MOST_IMAGES, replace=False))
    features = probe_features(read_rows(images, chosen))
    features = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-6)
    # The products are small: on a busy machine, threads that wait for each other take 20 times
    # as long as one.
    with threadpool_limits(1):
        probed = [_probed(features, column) for column in labels[chosen].T]
    values = np.concatenate(
        [
            _hashed(names),
            np.stack(_label_statistics(labels[rows]), axis=1),
            np.stack([np.concatenate(attribute) for attribute in probed]),
        ],
        axis=1,
    )
    return Descriptors(DESCRIPTOR_NAMES, values.astype(np.float32))


def normalised_name(name: str) -> str:
    """Returns a name in lower case, words parted by single spaces: "openMouth_2" → "open mouth 2".

    Args:
        name: An attribute's name; words may be parted by `_`, `-`, spaces or capitals.
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.split(r"[\s_\-]+", parted.lower())).strip()


def _hashed(names: Sequence[str]) -> np.ndarray:
    """Returns float `(A, 32)`: hashed n-grams inside words, of length 1."""
    hashing = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), n_features=NAME_FEATURES, lowercase=False
    )
    return hashing.transform([normalised_name(name) for name in names]).toarray()


def _label_statistics(labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Returns what the labels `(n, A)` say of each attribute: arrays `(A,)`, as `LABELLED`."""
    known = (labels != MISSING).astype(np.float32)
    positive = (labels == 1).astype(np.float32)
    counts, positives = known.sum(axis=0), positive.sum(axis=0)
    rate = positives / np.maximum(counts, 1)
    clipped = np.clip(rate, 0.001, 0.999)
    phi = np.nan_to_num(phi_coefficients(labels))
    attributes = len(phi)
    # Without the diagonal: each row holds the coefficients with the other attributes.
    others = phi[~np.eye(attributes, dtype=bool)].reshape(attributes, attributes - 1)
    if attributes == 1:
        others = np.zeros((1, 1))
    return (
        rate,
        np.log(clipped / (1 - clipped)),
        1 - counts / len(labels),
        np.abs(others).mean(axis=1),
        np.abs(others).max(axis=1),
        others.mean(axis=1),
        others.std(axis=1),
        *np.quantile(others, (0.25, 0.5, 0.75), axis=1),
    )


def _probed(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Returns effect, spread and Fisher information of every feature: arrays `(F,)`.

    Args:
        features: Float array `(n, F)`, standardised.
        labels: int8 array `(n,)`.
    """
    known = labels != MISSING
    f, positive = features[known], labels[known] == 1
    if positive.all() or not positive.any():
        return (np.zeros(features.shape[1]),) * 3
    # Over all images mean and variance are 0 and 1: so are those of the prior images.
    means, variances = [], []
    for examples in (f[positive], f[~positive]):
        count = len(examples) + PRIOR
        means.append(examples.sum(axis=0) / count)
        variances.append((np.square(examples).sum(axis=0) + PRIOR) / count - means[-1] ** 2)
    one, other = (np.maximum(variance, 1e-3) for variance in variances)
    effect = (means[0] - means[1]) / np.sqrt((one + other) / 2)
    model = LogisticRegression(C=0.1, max_iter=200).fit(f, positive)
    p = model.predict_proba(f)[:, 1:]
    fisher = (p * (1 - p) * np.square(f)).mean(axis=0)
    # The level depends on the share of positives above all, which is told already.
    logarithm = np.log(fisher + 1e-4)
    return effect, np.log(one / other), logarithm - logarithm.mean()
