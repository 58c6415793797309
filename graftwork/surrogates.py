"""What surrogate models are fed: encodings of architectures, targets, and candidates."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from graftwork.errors import unknown_name
from graftwork.space import Architecture, Space

ENCODINGS = ("auto", "one-hot", "paths", "both")


def encode(space: Space, architectures: Sequence[Architecture], encoding: str) -> np.ndarray:
    """Encodes architectures for a surrogate model.

    Args:
        space: The space. Its `path_encoding(architectures)`, where it has one, is its path encoding
            (White et al., "BANANAS", AAAI 2021).
        architectures: n architectures of the space.
        encoding: `"one-hot"`, `"paths"`, `"both"` side by side, or `"auto"`: both where the
            space has paths, one-hot elsewhere.

    Returns:
        A float32 array `(n, features)` of zeros and ones.

    Raises:
        InputError: If there is no such encoding.
        ValueError: If paths are asked of a space without them.
    """
    if encoding not in ENCODINGS:
        raise unknown_name("encoding", encoding, ENCODINGS)
    paths = getattr(space, "path_encoding", None)
    if encoding == "one-hot" or (encoding == "auto" and paths is None):
        return space.one_hot(architectures)
    if paths is None:
        raise ValueError(f"{type(space).__name__} has no path encoding. Use 'auto' or 'one-hot'.")
    if encoding == "paths":
        return paths(architectures)
    return np.concatenate([space.one_hot(architectures), paths(architectures)], axis=1)


def normal_ranks(scores: Sequence[float] | np.ndarray) -> np.ndarray:
    """Turns scores into targets: the normal quantiles of their ranks.

    Accuracies are skewed: a tail of architectures hardly learns at all, and squared errors on
    the raw scores would spend the whole model on telling those apart. Ranks keep the order,
    and the quantiles stretch it at both ends, so that the best few differ visibly.

    Args:
        scores: n scores, higher is better. −inf, an architecture without a score, is allowed
            and counts as worse than every score.

    Returns:
        A float32 array `(n,)` with mean about 0 and deviation about 1; equal scores get equal
        targets.
    """
    ranks = rankdata(np.asarray(scores, float))
    return ndtri((ranks - 0.5) / len(ranks)).astype("float32")


def apart(ranked: Sequence[Architecture], count: int) -> list[Architecture]:
    """Returns the first architectures of which no two differ in one decision alone.

    The best architectures of a history are often neighbours of each other, and mutants of
    those would never leave their neighbourhood.

    Args:
        ranked: Architectures, the best first.
        count: The most to return.
    """
    kept: list[Architecture] = []
    for architecture in ranked:
        if len(kept) == count:
            break
        pairs = (zip(architecture, other, strict=True) for other in kept)
        if all(sum(a != b for a, b in pair) > 1 for pair in pairs):
            kept.append(architecture)
    return kept


def mutants(
    space: Space,
    parents: Sequence[Architecture],
    count: int,
    most_mutations: int,
    rng: np.random.Generator,
) -> list[Architecture]:
    """Returns different architectures near some others.

    Args:
        space: The space.
        parents: Architectures to mutate, taken in turn.
        count: How many mutants to draw; equal ones are given once.
        most_mutations: Every mutant is mutated 1 to this many times, drawn uniformly.
        rng: The generator.
    """
    # All at once, with the odds of `Space.mutate`: one by one they took as long as a fit.
    counts = np.asarray(space.choice_counts)
    several = np.flatnonzero(counts > 1)
    choices = np.asarray(parents, int)[np.arange(count) % len(parents)]
    mutations = rng.integers(1, most_mutations + 1, count)
    for number in range(most_mutations if len(several) else 0):
        rows = np.flatnonzero(mutations > number)
        changed = several[rng.integers(len(several), size=len(rows))]
        steps = rng.integers(1, counts[changed])
        choices[rows, changed] = (choices[rows, changed] + steps) % counts[changed]
    return list(dict.fromkeys(map(tuple, choices.tolist())))
