"""All metrics of one set of generated images, with what they mean nothing without."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import numpy as np

from gan_nas.inception_scores import (
    attribute_inception_score,
    checked_probabilities,
    inception_score,
)
from gan_nas.metrics import (
    GaussianStatistics,
    checked_features,
    frechet_distance,
    kernel_distance,
    kernel_distance_all,
)
from gan_nas.precision_recall import precision_recall
from graftwork.errors import InputError

Kind = Literal["classes", "attributes"]
SUBSET = 1000  # Images of a subset for the error of the kernel distance, as in the paper.
SUBSETS = 100
METRICS = ("kid", "kid_error", "fid", "inception_score", "precision", "recall")

Value = TypeVar("Value")


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
    """What an extractor says of a set of images.

    Args:
        features: Array `(n, d)`, one row an image.
        probabilities: Array `(n, k)` in 0…1, or None of an extractor without any.
        kind: `"classes"` if a row of probabilities is one distribution over k classes,
            `"attributes"` if it holds k independent attributes.
        extractor: The extractor's name. Numbers of two extractors cannot be compared.
        resize: How images came to the extractor's size, such as `"bilinear to 75x75"`, or
            `"none"`.

    Raises:
        InputError: If values are not finite, are no probabilities, or rows do not match.
    """

    features: np.ndarray
    probabilities: np.ndarray | None
    kind: Kind
    extractor: str
    resize: str

    def __post_init__(self) -> None:
        if self.kind not in ("classes", "attributes"):
            raise InputError(f"kind must be 'classes' or 'attributes'. Received: {self.kind!r}.")
        checked_features(self.features, "features")
        if self.probabilities is not None:
            checked_probabilities(self.probabilities, self.kind == "classes")
            if len(self.probabilities) != len(self.features):
                raise InputError(
                    "features and probabilities must have a row for each image. Received: "
                    f"{len(self.features)} and {len(self.probabilities)} rows."
                )

    def __len__(self) -> int:
        return len(self.features)

    def rows(self, rows: np.ndarray) -> "Features":
        """Returns those of some images.

        Args:
            rows: Integer array `(r,)`.
        """
        chosen = None if self.probabilities is None else self.probabilities[rows]
        return dataclasses.replace(self, features=self.features[rows], probabilities=chosen)


@dataclasses.dataclass(frozen=True)
class Quality:
    """The metrics of a set of images, each None where it cannot be computed.

    Args:
        kid: Unbiased kernel distance over all images; may be below 0.
        kid_error: Its standard error.
        fid: Fréchet distance.
        inception_score: Mean over the splits; of `inception_kind`.
        inception_score_deviation: Its standard deviation over the splits.
        precision: 0…1.
        recall: 0…1.
        inception_kind: `"classes"` for the common Inception Score, between 1 and the number of
            classes; `"attributes"` for that over attributes, between 1 and 2.
        extractor: The extractor's name.
        resize: How images came to its size.
        images: How many images were measured.
        real_images: How many real ones they were compared with.
        split: Which split of the dataset these are from.
        reasons: For each metric that is None, why, by the name of its field.
    """

    kid: float | None
    kid_error: float | None
    fid: float | None
    inception_score: float | None
    inception_score_deviation: float | None
    precision: float | None
    recall: float | None
    inception_kind: Kind
    extractor: str
    resize: str
    images: int
    real_images: int
    split: str
    reasons: dict[str, str] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Returns the fields as a JSON value."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: object) -> "Quality":
        """Returns the quality of what `to_json` wrote.

        Raises:
            InputError: If fields are missing or unknown.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(value, dict) or set(value) != names:
            given = sorted(map(str, value)) if isinstance(value, dict) else value
            raise InputError(
                f"a quality is a JSON object with {', '.join(sorted(names))}. Received: {given}. "
                "Evaluate anew."
            )
        return cls(**value)


def measure(
    fake: Features,
    real: Features,
    split: str = "test",
    *,
    real_statistics: GaussianStatistics | None = None,
    splits: int = 10,
    fewer_images_ok: bool = False,
    rng: np.random.Generator | None = None,
) -> Quality:
    """Measures generated images against real ones.

    What too few images leave undefined is None, with the reason.

    Args:
        fake: Features of the generated images.
        real: Features of real images, from the same extractor.
        split: The split of the dataset that the real images are from.
        real_statistics: `GaussianStatistics.of(real.features)` if they are known already.
        splits: Parts of the Inception Score.
        fewer_images_ok: Whether the Fréchet distance is computed for no more images than
            dimensions.
        rng: Draws subsets and shuffles; in the same way every time if None.

    Raises:
        InputError: If the two are of different extractors, or no metric can be computed.
    """
    for what in ("extractor", "resize", "kind"):
        if getattr(fake, what) != getattr(real, what):
            raise InputError(
                f"generated and real images must have the same {what}. Received: "
                f"{getattr(fake, what)!r} and {getattr(real, what)!r}. Extract both anew with one "
                "extractor."
            )
    if fake.features.shape[1] != real.features.shape[1]:
        raise InputError(
            f"the extractor {fake.extractor!r} gave features of {fake.features.shape[1]} and "
            f"{real.features.shape[1]} dimensions: it was changed in between. Extract both anew."
        )
    if real_statistics is not None and real_statistics.count != len(real):
        raise InputError(
            f"real_statistics must be those of the {len(real)} real images. Received: those of "
            f"{real_statistics.count} images. Compute them anew."
        )
    rng = np.random.default_rng(0) if rng is None else rng
    reasons: dict[str, str] = {}

    def attempt(names: tuple[str, ...], compute: Callable[[], Value]) -> Value | None:
        try:
            return compute()
        except InputError as error:
            reasons.update(dict.fromkeys(names, str(error)))
            return None

    statistics = real.features if real_statistics is None else real_statistics
    size = max(2, min(SUBSET, min(len(fake), len(real)) // 2))
    kid = attempt(("kid",), lambda: kernel_distance_all(fake.features, real.features))
    subsets = attempt(
        ("kid_error",),
        lambda: kernel_distance(fake.features, real.features, SUBSETS, size, rng),
    )
    fid = attempt(("fid",), lambda: frechet_distance(fake.features, statistics, fewer_images_ok))
    score = attempt(
        ("inception_score", "inception_score_deviation"),
        lambda: _inception_score(fake, splits, rng),
    )
    both = attempt(("precision", "recall"), lambda: precision_recall(fake.features, real.features))
    quality = Quality(
        kid=kid,
        kid_error=None if subsets is None else subsets.error,
        fid=fid,
        inception_score=None if score is None else score.mean,
        inception_score_deviation=None if score is None else score.deviation,
        precision=None if both is None else both.precision,
        recall=None if both is None else both.recall,
        inception_kind=fake.kind,
        extractor=fake.extractor,
        resize=fake.resize,
        images=len(fake),
        real_images=len(real),
        split=split,
        reasons=reasons,
    )
    if all(getattr(quality, name) is None for name in METRICS):
        raise InputError(
            f"no metric can be computed for {len(fake)} generated and {len(real)} real images: "
            f"{reasons['kid']}"
        )
    return quality


def _inception_score(fake: Features, splits: int, rng: np.random.Generator) -> Any:
    if fake.probabilities is None:
        raise InputError(
            f"the extractor {fake.extractor!r} gives no probabilities, which the Inception Score "
            "needs. Use a classifier."
        )
    scored = inception_score if fake.kind == "classes" else attribute_inception_score
    return scored(fake.probabilities, splits, rng)


def real_floor(
    train: Features,
    test: Features,
    images: int | None = None,
    *,
    splits: int = 10,
    fewer_images_ok: bool = False,
    rng: np.random.Generator | None = None,
) -> Quality:
    """Measures real training images against real test images: what no generator should beat.

    Most metrics depend on the number of images. So the floor is that of as many training images
    as are generated, where there are as many.

    Args:
        train: Features of training images; they stand in the generated ones' place.
        test: Features of test images.
        images: How many training images are drawn at random; all of them if None or if there
            are no more. `Quality.images` says how many they were.
        splits: As in `measure`.
        fewer_images_ok: As in `measure`.
        rng: As in `measure`.

    Raises:
        InputError: As in `measure`, or if `images` is not positive.
    """
    if images is not None and images < 1:
        raise InputError(f"images must be at least 1. Received: {images}.")
    rng = np.random.default_rng(0) if rng is None else rng
    if images is not None and images < len(train):
        train = train.rows(np.sort(rng.choice(len(train), images, replace=False)))
    return measure(train, test, "test", splits=splits, fewer_images_ok=fewer_images_ok, rng=rng)
