"""Descriptors of the attributes of domains, as a controller reads them."""

from collections.abc import Sequence

import numpy as np

from graftwork.attribute_descriptors import describe_attributes
from graftwork.attribute_matching import FEWEST_TO_SCALE, Scaling
from transfer_nas.domains import Domain


def describe(domains: Sequence[Domain]) -> tuple[tuple[str, ...], np.ndarray]:
    """Returns the names of a descriptor's numbers, and the descriptors of all tasks `(T, d)`."""
    described = []
    for domain in domains:
        data = domain.dataset
        rows = data.split("train")
        described.append(
            describe_attributes(domain.attributes, data.images, data.labels, rows=rows)
        )
    return described[0].names, np.concatenate([one.values for one in described])


def scaled(descriptors: np.ndarray, domains: Sequence[str], otherwise: Scaling) -> np.ndarray:
    """Scales descriptors, each among those of its own domain.

    What tells the attributes of a domain from each other lies within it: images of another
    kind shift all of its descriptors alike, mostly out of the range that was learned on.

    Args:
        descriptors: Float array `(T, d)`.
        domains: The name of each one's domain.
        otherwise: Scales the attributes of a domain that has fewer than `FEWEST_TO_SCALE`.

    Returns:
        Float32 array `(T, d)`.
    """
    result = np.empty(descriptors.shape, "float32")
    for name in dict.fromkeys(domains):
        rows = [place for place, domain in enumerate(domains) if domain == name]
        own = descriptors[rows]
        scaling = Scaling.fit(own) if len(rows) >= FEWEST_TO_SCALE else otherwise
        result[rows] = scaling.apply(own)
    return result
