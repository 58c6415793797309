"""Compares FID, KID, Inception Score, precision and recall with torch-fidelity's, and prints both.

    python benchmarks/gan_metrics.py              # about a minute on 2 cores

Both get the same made-up features and logits, the same subsets and the same splits, so that
nothing but the computation differs. torch-fidelity is no dependency: install it with PyTorch into
a folder beside Graftwork and name that in PYTHONPATH. Without it, plain second implementations
take its place: SciPy's matrix root, kernels and distances of all pairs at once.
"""

import argparse
import dataclasses
import importlib
import sys
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import scipy.linalg
from scipy.spatial.distance import cdist
from scipy.special import log_softmax, softmax

from gan_nas.inception_scores import inception_score
from gan_nas.metrics import frechet_distance, kernel_distance, kernel_distance_all
from gan_nas.precision_recall import precision_recall

SEED = 2020
SPLITS = 10
SUBSETS = 20
TOLERANCE = 1e-6  # Of the relative differences, but for FID where a covariance lacks full rank.


@dataclasses.dataclass(frozen=True)
class Case:
    """Two sets of features and the logits of the first.

    Args:
        name: What the table says.
        fake: float64 array `(n, d)`.
        real: float64 array `(n, d)`.
        logits: float64 array `(n, classes)`.
        full_rank: Whether there are more images than dimensions.
    """

    name: str
    fake: np.ndarray
    real: np.ndarray
    logits: np.ndarray
    full_rank: bool


def cases() -> list[Case]:
    """Returns features as a network's last layer gives them: correlated, and not negative."""
    made = []
    for number, (images, dimensions, shift) in enumerate(
        [(2000, 64, 0.3), (2000, 64, 0.0), (500, 128, 1.0), (1000, 256, 0.1), (200, 256, 0.3)]
    ):
        rng = np.random.default_rng(number)
        mixing = rng.normal(size=(dimensions, dimensions)) / np.sqrt(dimensions)
        fake = np.maximum(rng.normal(shift, 1.0, (images, dimensions)) @ mixing, 0.0)
        real = np.maximum(rng.normal(0.0, 1.0, (images, dimensions)) @ mixing, 0.0)
        name = f"{images} images, {dimensions} features, shift {shift}"
        logits = 2.0 * rng.normal(size=(images, 10))
        made.append(Case(name, fake, real, logits, images > dimensions))
    return made


def ours(case: Case) -> dict[str, float]:
    """Returns this project's numbers."""
    size = len(case.fake) // 2
    # The legacy generator has the same `choice`, and torch-fidelity draws its subsets with it.
    legacy: Any = np.random.RandomState(SEED)
    subsets = kernel_distance(case.fake, case.real, SUBSETS, size, legacy)
    score = inception_score(softmax(case.logits, axis=1), SPLITS, np.random.default_rng(SEED))
    both = precision_recall(case.fake, case.real)
    return {
        "FID": frechet_distance(case.fake, case.real, fewer_images_ok=True),
        "KID, all images": kernel_distance_all(case.fake, case.real),
        "KID, subsets": subsets.mean,
        "KID, deviation": subsets.deviation * np.sqrt((SUBSETS - 1) / SUBSETS),
        "Inception Score": score.mean,
        "IS, deviation": score.deviation,
        "precision": both.precision,
        "recall": both.recall,
    }


def shuffled(logits: np.ndarray) -> np.ndarray:
    """Returns the logits in the order in which `inception_score` splits them."""
    return logits[np.random.default_rng(SEED).permutation(len(logits))]


def load_fidelity() -> Any:
    """Imports torch-fidelity's metrics; what they need for images alone may be missing.

    Returns:
        Its modules by name, and PyTorch, or None where one of them is not installed.
    """
    names = [f"torch_fidelity.metric_{name}" for name in ("fid", "kid", "isc", "prc")]
    while True:
        try:
            modules = {name[-3:]: importlib.import_module(name) for name in names}
            return {**modules, "torch": importlib.import_module("torch")}
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if missing.split(".")[0] in ("torch", "torch_fidelity", ""):
                return None
            sys.modules[missing] = MagicMock()  # Such as torchvision: it only reads images.


def by_fidelity(case: Case, modules: Any) -> dict[str, float]:
    """Returns torch-fidelity's numbers."""
    fake, real = (modules["torch"].from_numpy(x) for x in (case.fake, case.real))
    fid, kid, isc, prc = (modules[name] for name in ("fid", "kid", "isc", "prc"))
    statistics = [fid.fid_features_to_statistics(x) for x in (fake, real)]
    given = {"rng_seed": SEED, "verbose": False}
    whole = kid.kid_features_to_metric(
        fake, real, kid_subsets=1, kid_subset_size=len(fake), **given
    )
    subsets = kid.kid_features_to_metric(
        fake, real, kid_subsets=SUBSETS, kid_subset_size=len(fake) // 2, **given
    )
    logits = modules["torch"].from_numpy(shuffled(case.logits))
    score = isc.isc_features_to_metric(logits, SPLITS, shuffle=False)
    both = prc.prc_features_to_metric(fake, real, verbose=False)
    return {
        "FID": fid.fid_statistics_to_metric(*statistics, False)[fid.KEY_METRIC_FID],
        "KID, all images": whole[kid.KEY_METRIC_KID_MEAN],
        "KID, subsets": subsets[kid.KEY_METRIC_KID_MEAN],
        "KID, deviation": subsets[kid.KEY_METRIC_KID_STD],
        "Inception Score": score[isc.KEY_METRIC_ISC_MEAN],
        "IS, deviation": score[isc.KEY_METRIC_ISC_STD],
        "precision": both[prc.KEY_METRIC_PRECISION],
        "recall": both[prc.KEY_METRIC_RECALL],
    }


def plain_kernel_distance(fake: np.ndarray, real: np.ndarray) -> float:
    """Returns the unbiased kernel distance from whole kernel matrices."""
    dimensions = fake.shape[1]
    within = 0.0
    for rows in (fake, real):
        kernel = (np.einsum("id,jd->ij", rows, rows) / dimensions + 1.0) ** 3
        within += kernel[~np.eye(len(rows), dtype=bool)].mean()
    return within - 2.0 * ((np.einsum("id,jd->ij", fake, real) / dimensions + 1.0) ** 3).mean()


def plain_part(images: np.ndarray, others: np.ndarray) -> float:
    """Returns the part of the images within the third neighbour's distance of one of the others."""
    radii = np.sort(cdist(others, others), axis=1)[:, 3]
    return float((cdist(images, others) <= radii).any(axis=1).mean())


def by_plain(case: Case) -> dict[str, float]:
    """Returns the numbers of second implementations that take the definitions at their word."""
    fake, real = case.fake, case.real
    covariances = np.cov(fake, rowvar=False), np.cov(real, rowvar=False)
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    difference = fake.mean(axis=0) - real.mean(axis=0)
    draw = np.random.RandomState(SEED)
    size = len(fake) // 2
    kernels = [
        plain_kernel_distance(
            fake[draw.choice(len(fake), size, replace=False)],
            real[draw.choice(len(real), size, replace=False)],
        )
        for _ in range(SUBSETS)
    ]
    scores = []
    for part in np.array_split(shuffled(case.logits), SPLITS):
        answers = softmax(part, axis=1)
        information = answers * (log_softmax(part, axis=1) - np.log(answers.mean(axis=0)))
        scores.append(np.exp(information.sum() / len(part)))
    return {
        "FID": float(
            difference @ difference + np.trace(covariances[0] + covariances[1] - 2 * root.real)
        ),
        "KID, all images": plain_kernel_distance(fake, real),
        "KID, subsets": float(np.mean(kernels)),
        "KID, deviation": float(np.std(kernels)),
        "Inception Score": float(np.mean(scores)),
        "IS, deviation": float(np.std(scores)),
        "precision": plain_part(fake, real),
        "recall": plain_part(real, fake),
    }


def main() -> None:
    """Prints a table for each case; ends with status 1 if numbers differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plain", action="store_true", help="never use torch-fidelity")
    arguments = parser.parse_args()
    modules = None if arguments.plain else load_fidelity()
    if modules is None:
        other = "plain"
        print("compared with plain second implementations, without torch-fidelity")
    else:
        other = "torch-fidelity"
        version = importlib.import_module("torch_fidelity").__version__
        print(f"compared with torch-fidelity {version}, PyTorch {modules['torch'].__version__}")
    worst = 0.0
    for case in cases():
        second = by_plain(case) if modules is None else by_fidelity(case, modules)
        print(f"\n{case.name:<44}{'Graftwork':>18}{other:>18}{'difference':>12}")
        for metric, value in ours(case).items():
            difference = value - second[metric]
            note = ""
            if metric == "FID" and not case.full_rank:
                note = "  without full rank"
            else:
                # Near 0 a kernel distance is what is left of sums that are of the order of 1.
                worst = max(worst, abs(difference) / max(1.0, abs(value)))
            print(f"  {metric:<42}{value:18.10f}{second[metric]:18.10f}{difference:12.1e}{note}")
    print(f"\nlargest difference, in parts of the value or of 1: {worst:.1e}")
    if worst > TOLERANCE:
        sys.exit(f"the numbers differ by more than {TOLERANCE:g}")


if __name__ == "__main__":
    main()
