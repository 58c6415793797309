"""What can be said of an attribute without any search: numbers that fit every domain.

A strategy that has learned on the attributes of some domains meets those of another one through
these descriptors. They have the same length whatever the images and however many attributes
there are.
"""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any, Literal

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
CLIPPED = 3.0
"""Scaled descriptors lie between minus and plus this many deviations."""
LEAST_DEVIATION = 1e-3
"""A value that varies less over attributes, such as a word that none has, is left as it is."""
FEWEST_TO_SCALE = 5
"""Attributes of a domain at least, for their mean to say what the domain is like."""


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
    parts = {
        **{f"name {i}": column for i, column in enumerate(_hashed(names).T)},
        **_label_statistics(labels[rows]),
    }
    for number, kind in enumerate(("effect", "spread", "fisher")):
        for channel in range(FEATURES):
            parts[f"{kind} {channel}"] = [attribute[number][channel] for attribute in probed]
    return Descriptors(tuple(parts), np.stack(list(parts.values()), axis=1).astype(np.float32))


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


def _label_statistics(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Returns what the labels `(n, A)` say of each attribute: arrays `(A,)` by name."""
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
    quartiles = np.quantile(others, (0.25, 0.5, 0.75), axis=1)
    return {
        "rate": rate,
        "logit": np.log(clipped / (1 - clipped)),
        "missing": 1 - counts / len(labels),
        "mean |phi|": np.abs(others).mean(axis=1),
        "max |phi|": np.abs(others).max(axis=1),
        "mean phi": others.mean(axis=1),
        "std phi": others.std(axis=1),
        **{f"quartile {i + 1} phi": row for i, row in enumerate(quartiles)},
    }


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


@dataclasses.dataclass(frozen=True, eq=False)
class Scaling:
    """Brings descriptors to mean 0 and deviation 1 over the attributes that it was fitted on.

    Args:
        mean: Float array `(d,)`.
        deviation: Float array `(d,)`, above 0.
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> "Scaling":
        """Returns the scaling of descriptors `(A, d)`, A at least 1."""
        values = np.asarray(values, float)
        deviation = values.std(axis=0)
        return cls(values.mean(axis=0), np.where(deviation < LEAST_DEVIATION, 1.0, deviation))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Returns float32 `(A, d)`, clipped to ±3, of descriptors `(A, d)` of any domain."""
        scaled = (np.asarray(values, float) - self.mean) / self.deviation
        return np.clip(scaled, -CLIPPED, CLIPPED).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Returns the scaling as JSON values."""
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Scaling":
        """Returns the scaling that `to_json` told."""
        return cls(np.asarray(stored["mean"], float), np.asarray(stored["deviation"], float))


@dataclasses.dataclass(frozen=True)
class Match:
    """An attribute and the one of another domain that is most like it.

    Attributes:
        target: Name of the attribute.
        source: Name of its match.
        similarity: Cosine of their scaled descriptors, −1…1; 1 where the names are the same.
        by: How it was found.
    """

    target: str
    source: str
    similarity: float
    by: Literal["name", "descriptor"]


def match_names(targets: Sequence[str], sources: Sequence[str]) -> list[Match | None]:
    """Matches attributes of the same name, but for case and how words are parted.

    Args:
        targets: Names of the attributes to match.
        sources: Names of those to choose from.

    Returns:
        For every target its match, or None where no source has its name.
    """
    by_name = {normalised_name(source): source for source in reversed(sources)}
    by_name |= {source: source for source in sources}  # The very same name first.
    matches: list[Match | None] = []
    for target in targets:
        source = by_name.get(target, by_name.get(normalised_name(target)))
        matches.append(None if source is None else Match(target, source, 1.0, "name"))
    return matches


def match_attributes(
    target_names: Sequence[str],
    targets: Descriptors,
    source_names: Sequence[str],
    sources: Descriptors,
) -> list[Match]:
    """Finds for each attribute of a domain the one of another domain that is most like it.

    The one with the same name, else the one whose descriptor is nearest. Two targets may have
    the same match.

    Args:
        target_names: Names of T attributes.
        targets: Their descriptors.
        source_names: Names of S attributes of another domain, at least one.
        sources: Their descriptors.

    Returns:
        T matches, in the order of the targets.
    """
    similarity = similarities(targets, sources)
    return [
        found or Match(target, source_names[int(row.argmax())], float(row.max()), "descriptor")
        for target, found, row in zip(
            target_names, match_names(target_names, source_names), similarity, strict=True
        )
    ]


def similarities(targets: Descriptors, sources: Descriptors) -> np.ndarray:
    """Returns float `(T, S)`: cosines of scaled descriptors.

    Each domain is scaled by itself, so that what tells all digits from all letters does not
    decide: otherwise few attributes are the nearest of most others. That needs a few attributes;
    with fewer, both are scaled together.

    Args:
        targets: Descriptors of T attributes.
        sources: Descriptors of S attributes.
    """
    target, source = targets.values, sources.values
    if min(len(target), len(source)) < FEWEST_TO_SCALE:
        scaling = Scaling.fit(np.concatenate([target, source]))
        return cosines(scaling.apply(target), scaling.apply(source))
    return cosines(Scaling.fit(target).apply(target), Scaling.fit(source).apply(source))


def cosines(targets: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Returns the cosine of every two rows, float `(T, S)`; 0 for a row of zeros.

    Args:
        targets: Float array `(T, d)`, such as scaled descriptors.
        sources: Float array `(S, d)`.
    """
    one, other = (
        x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        for x in (np.asarray(targets, float), np.asarray(sources, float))
    )
    return one @ other.T
