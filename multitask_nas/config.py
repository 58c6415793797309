"""What the commands of `graftwork trees` can be told: one dataclass a command."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import tyro

from datasets.options import DataOptions
from graftwork import strategies
from graftwork.budget import parse_duration
from graftwork.budget_options import BudgetOptions
from graftwork.engine_options import EngineOptions, JobOptions
from graftwork.errors import InputError, unknown_name
from graftwork.limits import (
    LARGEST_SEED,
    MOST_SEEDS,
    MOST_STEPS,
    MOST_UNITS,
    at_least,
    at_most,
    positive,
)
from multitask_nas.tree import check_blocks

STRATEGIES = ("gnas", *strategies.names())


@dataclasses.dataclass(frozen=True, kw_only=True)
class TreeSearch(BudgetOptions, JobOptions, DataOptions):
    """Search an attribute-sharing tree, and compare it with its controls.

    Example: graftwork trees search --dataset glyphs --out runs/glyphs --time-budget 10m
    """

    out: Path
    """The run folder to write. It must be new or empty, unless --resume."""
    strategy: str = "gnas"
    """The search strategy: gnas, random as its control, or another one of `graftwork benchmark`.

    The others train the shared weights on random trees first, and then search under them."""
    blocks: tuple[int, ...] = (2, 4, 8)
    """The number of blocks of every layer after the root."""
    augment: bool = True
    """Flip and shift training images, as far as the dataset says that it is harmless."""
    channels: int = 16
    """The channels of every block. Narrow blocks make it matter who shares them."""
    depth: int = 1
    """Convolutions in a block."""
    score: Literal["accuracy", "balanced-accuracy"] = "accuracy"
    """What is maximised: the paper's accuracy, or the mean of the accuracies on both classes."""
    seed: int = 0
    """Seed of everything random; 0 is a seed."""
    seeds: int = 1
    """Searches with seeds in a row, each with its controls. At least 3 give an interval."""
    steps: int = 800
    """Training steps of every tree that is trained by itself."""
    batch_size: int = 64
    """Images a step."""
    learning_rate: float = 0.01
    """The highest learning rate of a tree by itself."""
    search_learning_rate: float = 0.01
    """The learning rate of the shared weights."""
    round_steps: int = 100
    """Shared training steps before each evaluation."""
    warmup_rounds: int = 6
    """Rounds of shared training on random trees before gnas visits its first layer."""
    sweeps: int = 4
    """The most sweeps of gnas that train shared weights. Random search gets as many rounds."""
    evaluations: int = 200
    """Trees that a strategy other than gnas and random evaluates under the trained weights."""
    keep_blocks: bool = True
    """Let gnas leave no block unused: shared weights cannot see that it costs capacity."""
    warm_start: Path | None = None
    """Let gnas begin with what another tree search found: its run folder. The blocks must be the
    same; the data may differ. Attributes are matched by name, else by what they look like."""
    warm_start_with: Literal["tree", "path-scores"] = "tree"
    """What to take from there: the found tree, or the best tree under its path scores."""
    random_trees: int = 10
    """Random trees to train as controls, for every seed; 0 for none."""
    controls: bool = True
    """Train the other controls: one trunk, no sharing, label-correlation tree, exact tree."""
    config: Path | None = None
    """A JSON or TOML file of these arguments, or the config.json of an earlier run."""
    time_budget: str | None = None
    """Stop after this time (90s, 10m, 1h30m) with the best so far and a whole report."""
    resume: bool = False
    """Go on with the interrupted run in --out. Its own configuration holds."""

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        self.check_data()
        self.check_engine()
        check_blocks(self.blocks)
        if self.strategy not in STRATEGIES:
            raise unknown_name("strategy", self.strategy, STRATEGIES)
        if self.warm_start is not None and self.strategy != "gnas":
            raise InputError(
                "--warm-start gives gnas its first tree; other strategies have none. Received: "
                f"--strategy {self.strategy}. Leave one of the two out."
            )
        if self.warm_start is None and self.warm_start_with != "tree":
            raise InputError(
                f"--warm-start-with {self.warm_start_with} says what to take from another "
                "search: name its run folder by --warm-start."
            )
        at_least(self, 1, "channels", "depth", "seeds", "steps", "batch_size", "round_steps")
        at_least(self, 1, "sweeps", "evaluations")
        at_least(self, 0, "seed", "random_trees", "warmup_rounds")
        at_most(self, MOST_SEEDS, "seeds", "random_trees")
        at_most(self, MOST_UNITS, "channels", "depth")
        at_most(self, MOST_STEPS, "steps", "round_steps", "sweeps", "evaluations")
        at_most(self, MOST_STEPS, "warmup_rounds", "batch_size")
        at_most(self, LARGEST_SEED, "seed")
        positive(self, "learning_rate", "search_learning_rate")
        self.check_budget()
        visit = max(self.blocks)
        if self.strategy == "gnas" and (self.max_candidates or visit) < visit:
            raise InputError(
                f"max-candidates must be at least {visit} for gnas: as many trees it compares when "
                f"it visits its widest layer. Received: {self.max_candidates}."
            )
        if self.time_budget is not None:
            parse_duration(self.time_budget)


@dataclasses.dataclass(frozen=True)
class TreeTraining(EngineOptions):
    """Train the found tree: fine-tune it from the shared weights, or from scratch.

    Example: graftwork trees train runs/glyphs --steps 2000
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run folder of a finished search."""
    from_scratch: bool = False
    """Begin with fresh weights in place of the shared weights of the search."""
    steps: int | None = None
    """Training steps at most; three times those of the search's controls if not given."""
    learning_rate: float | None = None
    """The highest learning rate; that of the search if not given."""
    patience: int = 5
    """Stop after so many evaluations (there are 20) without a better validation score."""
    seed: int = 0
    """Seed of fresh weights and of the order of the images."""
    resume: bool = False
    """Go on with an interrupted training of this kind."""

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        self.check_engine()
        at_least(self, 1, "patience", *(["steps"] if self.steps is not None else []))
        at_least(self, 0, "seed")
        if self.learning_rate is not None:
            positive(self, "learning_rate")


@dataclasses.dataclass(frozen=True)
class TreePrediction:
    """Predict the attributes of images with the trained tree of a run.

    Example: graftwork trees predict runs/glyphs letter.png --json
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run folder, after `graftwork trees train`."""
    images: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Image files; they are resized to the size that the tree was trained on."""
    json: bool = False
    """Print JSON in place of a table."""


@dataclasses.dataclass(frozen=True)
class TreeShow:
    """Show the found tree in the terminal, and write it as tree.png and tree.svg.

    Example: graftwork trees show runs/glyphs
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run folder."""


@dataclasses.dataclass(frozen=True)
class TreeExport:
    """Export the trained tree for use without Graftwork.

    Example: graftwork trees export runs/glyphs --format onnx
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run folder, after `graftwork trees train`."""
    format: Literal["keras", "savedmodel", "onnx"] = "keras"
    """The format: Keras's own, TensorFlow's SavedModel, or ONNX."""
    out: Path | None = None
    """Where to write; in the folder `export` of the run if not given."""
