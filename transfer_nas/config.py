"""What the commands of `graftwork transfer` can be told: one dataclass a command."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from datasets.options import DataOptions
from graftwork.budget import parse_duration
from graftwork.budget_options import BudgetOptions
from graftwork.engine_options import EngineOptions, JobOptions
from graftwork.errors import InputError
from graftwork.limits import (
    LARGEST_SEED,
    MOST_SEEDS,
    MOST_STEPS,
    MOST_UNITS,
    at_least,
    at_most,
    positive,
)

Score = Literal["auc", "balanced-accuracy", "accuracy"]
Datasets = tyro.conf.UseAppendAction[tuple[str, ...]]
FEWEST_STAGES = 3
MOST_STAGES = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class _SeveralDatasets(DataOptions):
    """Data of several domains: `--dataset` may be given again, the other flags hold for all."""

    # The one field that a command on several domains reads otherwise than one on a single one.
    dataset: Datasets = ()  # type: ignore[assignment]
    """A domain: the name of a dataset, or with flags of its own, as in
    folder:name=emoji,data-dir=DIR,labels=FILE. Give the flag once a domain."""

    def domain_options(self) -> tuple[DataOptions, ...]:
        """Returns the options of every domain.

        Raises:
            InputError: If one of them cannot be read.
        """
        from transfer_nas.domains import parse_spec

        names = [field.name for field in dataclasses.fields(DataOptions)]
        shared = {name: getattr(self, name) for name in names if name != "dataset"}
        defaults = DataOptions(**shared)
        return tuple(parse_spec(spec, defaults) for spec in self.dataset)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransferLearning(EngineOptions, _SeveralDatasets):
    """Learn a search strategy on all attributes of one or more domains.

    Example: graftwork transfer learn --dataset glyphs --out runs/source
    """

    out: Path
    """The run folder to write. It must be new or empty, unless --resume."""
    score: Score = "auc"
    """The reward: the area under the ROC curve, which needs no threshold, or an accuracy."""
    stages: int = 6
    """Stages of a network; each chooses its operation and the earlier stages that feed it."""
    channels: int = 16
    """The channels of every stage."""
    seed: int = 0
    """Seed of everything random; 0 is a seed."""
    seeds: int = 3
    """Strategies to learn, with seeds in a row. At least 3 show how much chance does."""
    rounds: int = 30
    """Rounds of shared training in which the controller learns."""
    warmup_rounds: int = 20
    """Rounds of shared training on random networks before the controller learns."""
    round_steps: int = 50
    """Shared training steps of every domain in a round."""
    uniform: float = 1.0
    """The share of shared training on networks drawn uniformly, which makes rewards comparable;
    the rest is drawn by the controller, as in ENAS."""
    updates: int = 6
    """How often the controller learns in a round, each time from --batch networks."""
    batch: int = 24
    """Networks that the controller learns from at once."""
    controller_learning_rate: float | None = None
    """The learning rate of the controller; the strategy's own if not given."""
    units: int = 32
    """Units of the controller's LSTM."""
    reward_images: int = 512
    """The most validation images that a reward comes from."""
    batch_size: int = 64
    """Images a training step."""
    learning_rate: float = 0.01
    """The learning rate of the shared weights."""
    augment: bool = True
    """Flip and shift training images, as far as the dataset says that it is harmless."""
    config: Path | None = None
    """A JSON or TOML file of these arguments, or the config.json of an earlier run."""
    time_budget: str | None = None
    """Stop after this time (90s, 10m, 1h30m) with the best so far and a whole report."""
    resume: bool = False
    """Go on with the interrupted run in --out. Its own configuration holds."""

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        if not self.dataset:
            raise InputError(
                "name the domain to learn on by --dataset, as in --dataset glyphs; "
                "give it again for another one."
            )
        check_datasets(self.dataset)
        self.check_engine()
        if self.name is not None and len(self.dataset) > 1:
            raise InputError(
                f"--name {self.name} would be the name of all {len(self.dataset)} domains. Name "
                "each behind its dataset, as in --dataset folder:name=emoji,data-dir=DIR."
            )
        check_numbers(self)
        at_least(self, FEWEST_STAGES, "stages")
        at_least(self, 1, "channels", "rounds", "round_steps", "updates", "batch", "units")
        at_least(self, 0, "warmup_rounds")
        at_least(self, 1, "seeds")
        at_most(self, MOST_STEPS, "rounds", "round_steps", "updates", "warmup_rounds")
        at_most(self, MOST_UNITS, "units", "batch")
        positive(self, "learning_rate")
        if not 0 <= self.uniform <= 1:
            raise InputError(f"uniform must be from 0 to 1. Received: {self.uniform}.")
        if self.controller_learning_rate is not None:
            positive(self, "controller_learning_rate")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransferApplication(BudgetOptions, JobOptions, DataOptions):
    """Apply a learned strategy to another domain, and compare it with its controls.

    Example: graftwork transfer apply runs/source --dataset digits --out runs/target
    """

    source: Annotated[
        Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="RUN", help_behavior_hint="")
    ] = None
    """The run folder of `graftwork transfer learn`."""
    out: Path
    """The run folder to write. It must be new or empty, unless --resume."""
    seeds: int | None = None
    """How many of the source's strategies to apply; all if not given."""
    shared_steps: int = 1500
    """Training steps of the target's shared weights, on random networks."""
    fine_tune: int = 50
    """Networks that random search, the strategy from scratch and the fine-tuned one evaluate
    for every attribute. The transferred strategy evaluates none."""
    steps: int = 200
    """Training steps of every chosen network by itself, for its test score; 0 to leave it out."""
    score: Score | None = None
    """The reward; the source's if not given."""
    stages: int | None = None
    """Stages of a network; the source's if not given. Others than the source's are refused."""
    channels: int | None = None
    """The channels of every stage; the source's if not given."""
    controller_learning_rate: float | None = None
    """The learning rate of the controllers that learn here; if not given, 0.03 from scratch and
    0.01 for fine-tuning, the best of a small study for each."""
    reward_images: int = 512
    """The most validation images that a reward comes from."""
    batch_size: int = 64
    """Images a training step."""
    learning_rate: float = 0.01
    """The learning rate of the shared weights."""
    standalone_learning_rate: float = 0.01
    """The highest learning rate of a network by itself."""
    augment: bool = True
    """Flip and shift training images, as far as the dataset says that it is harmless."""
    config: Path | None = None
    """A JSON or TOML file of these arguments, or the config.json of an earlier run."""
    time_budget: str | None = None
    """Stop after this time (90s, 10m, 1h30m) with the best so far and a whole report."""
    resume: bool = False
    """Go on with the interrupted run in --out. Its own configuration holds."""

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        if self.source is None:
            raise InputError(
                "name the run folder of `graftwork transfer learn` after `transfer apply`."
            )
        self.check_data()
        self.check_engine()
        check_numbers(self)
        at_least(self, 1, "shared_steps", "fine_tune")
        at_least(self, 0, "steps")
        self.check_budget()
        for name, least in (("seeds", 1), ("stages", FEWEST_STAGES), ("channels", 1)):
            if getattr(self, name) is not None:
                at_least(self, least, name)
        positive(self, "learning_rate", "standalone_learning_rate")
        if self.controller_learning_rate is not None:
            positive(self, "controller_learning_rate")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransferComparison:
    """Compare the strategies of a finished application, and write its report again.

    Example: graftwork transfer compare runs/target
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run folder of `graftwork transfer apply`, `learn` or `leave-one-out`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeaveOneOut(JobOptions, TransferLearning):
    """Learn on all domains but one and apply to that one, for each of them.

    Example: graftwork transfer leave-one-out --dataset glyphs --dataset digits --out runs/loo
    """

    shared_steps: int = 1500
    """Training steps of the shared weights of the domain that was left out."""
    fine_tune: int = 50
    """Networks that are evaluated for every attribute of the domain that was left out."""
    steps: int = 200
    """Training steps of every chosen network by itself; 0 to leave it out."""
    standalone_learning_rate: float = 0.01
    """The highest learning rate of a network by itself."""

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        if len(self.dataset) < 2:
            raise InputError(
                "leave-one-out needs at least two domains: give --dataset once for each. "
                f"Received: {len(self.dataset)}."
            )
        super().check()
        at_least(self, 1, "shared_steps", "fine_tune")
        at_least(self, 0, "steps")
        positive(self, "standalone_learning_rate")


def check_datasets(specs: tuple[str, ...]) -> None:
    """Raises an `InputError` for a domain that is named twice in the same words."""
    for spec in specs:
        if specs.count(spec) > 1:
            raise InputError(f"--dataset {spec} is given twice.")


def check_numbers(config: Any) -> None:
    """Checks what all runs have in common."""
    at_least(config, 1, "reward_images", "batch_size")
    at_most(config, MOST_STEPS, "reward_images", "batch_size")
    at_most(config, MOST_SEEDS, "seeds")
    at_most(config, MOST_STAGES, "stages")
    at_most(config, MOST_UNITS, "channels")
    if hasattr(config, "seed"):
        at_least(config, 0, "seed")
        at_most(config, LARGEST_SEED, "seed")
    if hasattr(config, "fine_tune"):
        at_most(config, MOST_STEPS, "fine_tune", "shared_steps", "steps")
    if config.time_budget is not None:
        parse_duration(config.time_budget)
