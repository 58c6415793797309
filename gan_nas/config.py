"""What the commands of `graftwork gans` can be told: one dataclass a command."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import tyro

from datasets.options import DataOptions
from gan_nas.space import start_and_stages
from graftwork import strategies
from graftwork.budget import parse_duration
from graftwork.budget_options import BudgetOptions
from graftwork.engine_options import EngineOptions, JobOptions
from graftwork.errors import InputError, unknown_name
from graftwork.limits import (
    LARGEST_SEED,
    MOST_IMAGES,
    MOST_SEEDS,
    MOST_STEPS,
    MOST_UNITS,
    at_least,
    at_most,
    positive,
)

STRATEGIES = ("agan", *strategies.names())
SMALL_DATA = 5000
"""Training images below which `--diff-augment auto` augments."""

MOST_NODES = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class GanSearch(BudgetOptions, JobOptions, DataOptions):
    """Search the up-sampling cells of a GAN's generator, and compare them with controls.

    Example: graftwork gans search --dataset glyphs --out runs/gan --time-budget 20m
    """

    out: Path
    """The run folder to write. It must be new or empty, unless --resume."""
    strategy: str = "agan"
    """The search strategy: agan, or one of `graftwork benchmark`.

    The others train the shared weights on random generators first, and then search under them."""
    reward: Literal["kid", "fid", "is"] = "kid"
    """What a generator is rewarded with: −KID, −FID or the Inception Score, of the extractor."""
    extractor: Literal["classifier", "inception"] = "classifier"
    """What features come from: a classifier of the dataset's own labels, or InceptionV3."""
    inception_weights: Path | None = None
    """The weights of InceptionV3; those in Keras's cache if not given."""
    nodes: int = 2
    """The nodes of a cell, with two inputs each."""
    channels: tuple[int, ...] = (64,)
    """The width of every stage's cell, from 4×4 to the image; one number is that of all stages."""
    latent: int = 128
    """Numbers in a latent vector."""
    shared_cell: bool = False
    """Search one cell that all stages use, with weights of their own."""
    discriminator: Literal["strided", "residual"] = "strided"
    """What the cells are trained against: DCGAN's discriminator with spectral normalisation, or
    SNGAN's, which takes several times as long."""
    search_discriminator: bool = False
    """Search the cells of the discriminator, too."""
    conditional: tuple[str, ...] = ()
    """Make the generator class-conditional: one attribute, or several that exclude each other."""
    loss: Literal["hinge", "non-saturating", "wasserstein"] = "hinge"
    """The adversarial loss; that of Wasserstein has a gradient penalty."""
    discriminator_steps: int = 1
    """Discriminator steps a generator step."""
    batch_size: int = 64
    """Images a step."""
    generator_learning_rate: float = 5e-4
    """Adam's, of the generator."""
    discriminator_learning_rate: float = 2e-3
    """Adam's, of the discriminator."""
    ema: float = 0.995
    """Decay of the moving average of a generator's weights, which makes the images; 0 for none."""
    diff_augment: Literal["auto", "on", "off"] = "auto"
    """Augment real and generated images alike; auto does where training images are few."""
    warmup_rounds: int = 10
    """Rounds of shared training on random generators before the controller begins."""
    rounds: int = 30
    """Rounds of shared training in which the controller learns."""
    round_steps: int = 50
    """Shared training steps a round."""
    children: int = 8
    """Generators that the controller is rewarded for in a round."""
    candidates: int = 32
    """Generators that agan scores under the final shared weights."""
    evaluations: int = 200
    """Generators that a strategy other than agan evaluates under the trained weights."""
    reward_images: int = 512
    """Images that a reward is computed from."""
    top: int = 2
    """How many generators of the shortlist are trained in the comparison. The ten best (or as many
    as are trained) are on it: they are scored again with four times as many images."""
    steps: int = 3000
    """Training steps of every generator that is trained by itself."""
    images: int = 2048
    """Images that a trained generator is judged by."""
    random_cells: int = 5
    """Generators with random cells to train as controls, for every seed; 0 for none."""
    controls: bool = True
    """Train the other controls: the best of a random search, DCGAN, SNGAN."""
    seed: int = 0
    """Seed of everything random; 0 is a seed."""
    seeds: int = 1
    """Searches with seeds in a row, each with its controls. At least 3 give an interval."""
    sample_minutes: float = 2.0
    """Minutes between two pictures of samples."""
    config: Path | None = None
    """A JSON or TOML file of these arguments, or the config.json of an earlier run."""
    time_budget: str | None = None
    """Stop after this time (90s, 10m, 1h30m) with the best so far and a whole report."""
    resume: bool = False
    """Go on with the interrupted run in --out. Its own configuration holds."""

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        self.check_engine()
        _check_jit(self)
        self.check_data()
        if self.strategy not in STRATEGIES:
            raise unknown_name("strategy", self.strategy, STRATEGIES)
        at_least(self, 1, "nodes", "latent", "discriminator_steps", "rounds", "round_steps")
        at_least(self, 1, "candidates", "evaluations", "top", "steps", "seeds", "batch_size")
        at_least(self, 2, "children", "reward_images", "images")
        at_least(self, 0, "seed", "random_cells", "warmup_rounds")
        at_most(self, MOST_NODES, "nodes")
        at_most(self, MOST_SEEDS, "seeds", "random_cells", "top")
        at_most(self, MOST_UNITS, "channels", "latent", "discriminator_steps")
        at_most(self, MOST_STEPS, "steps", "rounds", "round_steps", "warmup_rounds", "batch_size")
        at_most(self, MOST_IMAGES, "images", "reward_images", "children", "candidates")
        at_most(self, MOST_IMAGES, "evaluations")
        at_most(self, LARGEST_SEED, "seed")
        positive(self, "generator_learning_rate", "discriminator_learning_rate", "sample_minutes")
        self.check_budget()
        if self.strategy == "agan" and self.max_candidates is not None:
            at_least(self, 4, "max_candidates")  # Two for an update, and two to choose from.
        if not 0 <= self.ema < 1:
            raise InputError(f"ema must be at least 0 and below 1. Received: {self.ema}.")
        if not self.channels or min(self.channels) < 1:
            raise InputError(
                "channels must be one width for all stages or one for each, all at least 1. "
                f"Received: {' '.join(map(str, self.channels)) or 'nothing'}."
            )
        if self.inception_weights is not None and self.extractor != "inception":
            raise InputError("inception-weights needs --extractor inception.")
        if self.time_budget is not None:
            parse_duration(self.time_budget)
        if self.search_discriminator and self.discriminator == "residual":
            raise InputError(
                "discriminator residual does not go with --search-discriminator, which searches "
                "the discriminator's cells. Leave one of them out."
            )
        if self.top > self.candidates and self.strategy == "agan":
            raise InputError(
                f"top must be at most --candidates, {self.candidates}. Received: {self.top}."
            )

    def widths(self, image_size: int) -> tuple[int, ...]:
        """Returns the width of every stage for images of a size.

        Raises:
            InputError: If there are neither one nor as many numbers as stages.
        """
        _, stages = start_and_stages(image_size)
        if len(self.channels) == 1:
            return self.channels * stages
        if len(self.channels) != stages:
            raise InputError(
                f"channels must be one number, or {stages} for images of {image_size} pixels, "
                f"one a stage. Received {len(self.channels)}: {' '.join(map(str, self.channels))}."
            )
        return self.channels


@dataclasses.dataclass(frozen=True)
class GanTraining(JobOptions):
    """Train the best generators of a search from scratch, longer than its comparison did.

    Example: graftwork gans train runs/gan --top 3 --steps 20000
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run folder of a finished search."""
    top: int = 1
    """How many of the shortlist; the first of them makes the samples."""
    steps: int | None = None
    """Training steps of each; five times those of the search's comparison if not given."""
    seed: int = 0
    """Seed of the weights and of the order of the images."""
    resume: bool = False
    """Go on with an interrupted training of this kind."""

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        self.check_engine()
        _check_jit(self)
        at_least(self, 1, "top", *(["steps"] if self.steps is not None else []))
        at_least(self, 0, "seed")
        at_most(self, MOST_SEEDS, "top")
        at_most(self, MOST_STEPS, "steps")
        at_most(self, LARGEST_SEED, "seed")


@dataclasses.dataclass(frozen=True)
class GanSamples:
    """Make a picture of samples of a run's generator.

    Example: graftwork gans sample runs/gan --count 64 --truncate 0.7
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run folder, after a search or `graftwork gans train`."""
    count: int = 64
    """How many images; of interpolations, how many pairs, with 10 images each."""
    seed: int = 0
    """Seed of the latents."""
    truncate: float | None = None
    """Draw latents within this many standard deviations: less variety, fewer failures."""
    interpolate: bool = False
    """Go from one latent to another, each pair a row."""
    class_name: str | None = None
    """Of a class-conditional generator, the class; one class a row if not given."""
    out: Path | None = None
    """The PNG file to write; in the run folder if not given."""

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        at_least(self, 1, "count")
        at_least(self, 0, "seed")


@dataclasses.dataclass(frozen=True, kw_only=True)
class GanEvaluation(DataOptions):
    """Measure a run's generator, or any folder of images: IS, FID, KID, precision and recall.

    Example: graftwork gans evaluate runs/gan --images 5000

    The data flags name the dataset that a folder of images is compared with.
    """

    target: Annotated[Path, tyro.conf.Positional]
    """A run folder, or a folder of images."""
    images: int = 5000
    """How many images of a generator; of a folder, how many at most, drawn at random."""
    seed: int = 0
    """Seed of the latents; of a folder, of the images that are drawn."""
    truncate: float | None = None
    """Draw latents within this many standard deviations."""
    extractor: Literal["classifier", "inception"] | None = None
    """What features come from: a classifier of the dataset's own labels, or InceptionV3.

    That of the run if not given; for a folder the classifier."""
    inception_weights: Path | None = None
    """The weights of InceptionV3; those in Keras's cache if not given."""
    fewer_images: bool = False
    """Compute FID even for fewer images than features, where it says little."""
    json: bool = False
    """Print JSON in place of a table."""

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        self.check_data()
        at_least(self, 2, "images")
        at_least(self, 0, "seed")


def _check_jit(options: EngineOptions) -> None:
    if options.jit:
        raise InputError(
            "jit does not go with searched generators: XLA compiles every operation of every edge, "
            "which takes longer than it can save (docs/agan.md). Leave --jit out."
        )
