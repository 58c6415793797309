"""A learned strategy as a file: all that is needed to apply it to another domain."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from graftwork import files
from graftwork.attribute_matching import Scaling
from graftwork.errors import InputError
from graftwork.limits import LARGEST_SEED, MOST_UNITS
from graftwork.stored_form import flaw
from transfer_nas.config import FEWEST_STAGES, MOST_STAGES
from transfer_nas.space import ChainSpace, difference
from transfer_nas.stored_result import read_source_result

FORMAT = 1
FOLDER = "strategies"
FORM = {
    **{"seed": int, "channels": int, "units": int, "embedding_size": int},
    "space": {
        **{"stages": int, "operations": [str]},
        "decisions": [{"name": str, "choices": [str]}],
    },
    "feature_names": [str],
    "scaling": {"mean": [float], "deviation": [float]},
    "policy": {"weights": [list]},
    "attributes": [{"domain": str, "attribute": str, "descriptor": [float]}],
}
"""What the file of a strategy holds."""


@dataclasses.dataclass(frozen=True, eq=False)
class LearnedAttribute:
    """An attribute that a strategy learned on.

    Attributes:
        domain: Name of its domain.
        attribute: Its name.
        descriptor: Float array `(d,)`, not scaled.
    """

    domain: str
    attribute: str
    descriptor: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class StoredStrategy:
    """A learned strategy.

    Attributes:
        seed: The seed that it was learned with.
        space: Its space, as `ChainSpace.to_json` writes it.
        channels: The channels of the networks that it was learned on.
        units: Units of the controller's LSTM.
        embedding_size: Length of the embedding of a descriptor.
        feature_names: What the d numbers of a descriptor are.
        scaling: Scales descriptors as those that it learned from.
        policy: The weights of the policy, as `Policy.state` gives them under `"weights"`.
        attributes: What it learned on.
    """

    seed: int
    space: dict[str, Any]
    channels: int
    units: int
    embedding_size: int
    feature_names: tuple[str, ...]
    scaling: Scaling
    policy: dict[str, Any]
    attributes: tuple[LearnedAttribute, ...]

    @property
    def descriptors(self) -> np.ndarray:
        """The descriptors of the attributes that it learned on, `(A, d)`, not scaled."""
        return np.stack([row.descriptor for row in self.attributes])

    def check_space(self, space: ChainSpace) -> None:
        """Raises an `InputError` if its space is another one, and says how they differ."""
        differs = difference(space.to_json(), self.space)
        if differs:
            raise InputError(
                f"the strategy was learned on another space: {differs}. "
                "Leave --stages out to take the source's space, or learn a strategy on this one."
            )

    def check_features(self, names: tuple[str, ...]) -> None:
        """Raises an `InputError` if it reads other descriptors than those of these names."""
        if names != self.feature_names:
            raise InputError(
                "the strategy was learned with other descriptors of attributes "
                f"({len(self.feature_names)} numbers) than this version of Graftwork computes "
                f"({len(names)}). Learn it again."
            )

    def write(self, run: Path) -> Path:
        """Writes the strategy into a run folder, atomically. Returns its path."""
        path = strategy_path(run, self.seed)
        path.parent.mkdir(exist_ok=True)
        value = {
            "format": FORMAT,
            "seed": self.seed,
            "space": self.space,
            "channels": self.channels,
            "units": self.units,
            "embedding_size": self.embedding_size,
            "feature_names": list(self.feature_names),
            "scaling": self.scaling.to_json(),
            "policy": {"weights": self.policy["weights"]},
            "attributes": [
                {
                    "domain": row.domain,
                    "attribute": row.attribute,
                    "descriptor": row.descriptor.tolist(),
                }
                for row in self.attributes
            ],
        }
        files.write_json(path, value)
        return path

    @classmethod
    def read(cls, path: Path) -> "StoredStrategy":
        """Reads a strategy.

        Raises:
            InputError: If the file is missing, of another format, or damaged.
        """
        value = files.read_json(path)
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            found = value.get("format") if isinstance(value, dict) else type(value).__name__
            raise InputError(
                f"{path} is no strategy of format {FORMAT}. Received format: {found!r}. "
                "Learn it again with this version of Graftwork."
            )
        try:
            if found := flaw(value, FORM):
                raise ValueError(found)
            return _strategy(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(
                f"{path} is damaged: {error}. Copy it again, or learn it again."
            ) from None


def _strategy(value: dict[str, Any]) -> StoredStrategy:
    """Returns the strategy that JSON of the form holds; a `ValueError` says what is wrong."""
    names = tuple(value["feature_names"])
    scaling = Scaling.from_json(value["scaling"])
    attributes = tuple(
        LearnedAttribute(
            row["domain"],
            row["attribute"],
            _vector(row["descriptor"], len(names), f"attributes[{place}].descriptor"),
        )
        for place, row in enumerate(value["attributes"])
    )
    if not attributes:
        raise ValueError("it learned on no attribute")
    for vector, place in ((scaling.mean, "mean"), (scaling.deviation, "deviation")):
        _vector(vector, len(names), f"scaling.{place}")
    if not (scaling.deviation > 0).all():
        raise ValueError("a deviation of the scaling is not above 0")
    weights = value["policy"]["weights"]
    if not all(np.isfinite(np.asarray(array, float)).all() for array in weights):
        raise ValueError("a weight is not finite")
    sizes = {name: value[name] for name in ("seed", "channels", "units", "embedding_size")}
    numbers = (sizes["channels"], sizes["units"], sizes["embedding_size"])
    if min(numbers) < 1 or max(numbers) > MOST_UNITS or not 0 <= sizes["seed"] <= LARGEST_SEED:
        raise ValueError(f"a size is below 1 or above {MOST_UNITS:,}: {sizes}")
    if not FEWEST_STAGES <= value["space"]["stages"] <= MOST_STAGES:
        raise ValueError(f"space.stages is {value['space']['stages']}")
    return StoredStrategy(
        **sizes,
        space=value["space"],
        feature_names=names,
        scaling=scaling,
        policy={"weights": weights},
        attributes=attributes,
    )


def _vector(values: Any, length: int, place: str) -> np.ndarray:
    vector = np.asarray(values, float)
    if vector.shape != (length,) or not all(map(math.isfinite, vector)):
        raise ValueError(f"{length} finite numbers are expected in {place}")
    return vector


def strategy_path(run: Path, seed: int) -> Path:
    """Returns where a run folder keeps the strategy of a seed."""
    return run / FOLDER / f"seed-{seed}.json"


def read_strategies(run: Path) -> tuple[StoredStrategy, ...]:
    """Returns the strategies of a run of `graftwork transfer learn`, by seed.

    Raises:
        InputError: If the folder holds no such run, it is not finished, or a file is damaged.
    """
    seeds = read_source_result(run)["seeds"]
    if not seeds:
        raise InputError(f"{run / 'result.json'} is damaged: seeds is empty. Learn it again.")
    strategies = tuple(StoredStrategy.read(strategy_path(run, seed)) for seed in seeds)
    for strategy in strategies[1:]:
        if strategy.space != strategies[0].space:
            raise InputError(f"the strategies in {run / FOLDER} are of different spaces.")
    return strategies
