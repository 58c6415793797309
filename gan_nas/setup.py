"""What the searches and trainings of a run have in common, made from its configuration."""

import dataclasses
from functools import cached_property

import numpy as np

from datasets import Dataset
from datasets.dataset import SPLITS
from gan_nas.classes import dataset_classes
from gan_nas.classifier_extractor import classifier_extractor
from gan_nas.config import SMALL_DATA, GanSearch
from gan_nas.constraints import GanConstraints
from gan_nas.cost import network_cost
from gan_nas.diff_augment import DiffAugment
from gan_nas.extractors import Extractor
from gan_nas.image_maker import whole_batches
from gan_nas.inception import inception_extractor
from gan_nas.judge import Judge, real_rows
from gan_nas.losses import LOSSES
from gan_nas.networks import CELLS, Networks
from gan_nas.pair import Pair
from gan_nas.space import GanSpace
from graftwork.adversarial_draws import AdversarialSettings
from graftwork.augmentation import Augmentation
from graftwork.constraints import Limits
from graftwork.devices import check_batch_size, on_one_device, replicas
from graftwork.errors import InputError
from graftwork.latency import FILE
from graftwork.precision import full_precision
from graftwork.progress import Progress
from graftwork.space import Architecture
from graftwork.training_data import TrainingData


class Setup:
    """Data, networks, losses and judge of a run.

    Args:
        config: The configuration of the search, checked.
        dataset: The data.
        progress: Where to show progress.

    Raises:
        InputError: If the data do not suit: images that are not square or of another size than
            doubling gives, no images in a split, fewer than a batch, classes that make no sense.
            If the devices cannot share a batch evenly.
    """

    def __init__(self, config: GanSearch, dataset: Dataset, progress: Progress) -> None:
        check_images(dataset)
        check_batch_size(config.batch_size)
        self.config, self.dataset, self.progress = config, dataset, progress
        side, _, channels = dataset.image_shape
        self.space = GanSpace.make(
            side, config.nodes, config.shared_cell, config.search_discriminator
        )
        self.classes = dataset_classes(dataset, config.conditional)
        count = None if self.classes is None else len(self.classes.names)
        strided = config.discriminator == "strided"
        self.networks = Networks(
            self.space,
            config.widths(side),
            config.latent,
            channels,
            count,
            strided,
            synchronized=replicas() > 1,
        )
        # All splits: one without known classes is refused now, not when its images are needed.
        rows = {split: real_rows(dataset, split, self.classes) for split in SPLITS}["train"]
        if len(rows) < config.batch_size:
            raise InputError(
                f"batch-size must be at most {len(rows)}, the number of training images of "
                f"{dataset.name!r}. Received: {config.batch_size}."
            )
        self.data = TrainingData(
            dataset.images, dataset.labels, rows, Augmentation(flip=dataset.flip)
        )
        self.class_numbers = None if self.classes is None else self.classes.numbers[rows]
        self.augments = config.diff_augment == "on" or (
            config.diff_augment == "auto" and len(rows) < SMALL_DATA
        )
        self.loss = LOSSES[config.loss]
        self._pairs: dict[tuple[str, int], Pair] = {}

    @cached_property
    def constraints(self) -> GanConstraints | None:
        """What a generator may cost; None without limits."""
        limits = self.config.limits
        return GanConstraints(self.networks, limits, self.config.out / FILE) if limits else None

    def cost(self, kind: str, architecture: Architecture) -> dict[str, float]:
        """Returns the trainable `parameters` of a plain generator, and its `flops` for one image.

        Args:
            kind: A kind of `gan_nas.networks`.
            architecture: Of `CELLS`; `()` for others.
        """
        if kind == CELLS:  # By closed forms: a network that is built leaves memory behind.
            return self._counter.counted(architecture)
        return dataclasses.asdict(network_cost(self.networks.plain(kind, None)))

    @cached_property
    def _counter(self) -> GanConstraints:
        return self.constraints or GanConstraints(self.networks, Limits())

    def check_limits(self) -> None:
        """Checks that there is a generator within the limits, before anything is trained.

        Raises:
            InputError: If there is none.
        """
        if limits := self.config.limits:
            GanConstraints(self.networks, limits).check()

    def pair(self, kind: str, batch_size: int | None = None) -> Pair:
        """Returns a kind of networks with its trainer, made when it is first asked for.

        Args:
            kind: A kind of `gan_nas.networks`.
            batch_size: Real images a discriminator step; those of the configuration if None.
        """
        batch_size = batch_size or self.config.batch_size
        if (kind, batch_size) not in self._pairs:
            with self.progress.stage(f"Compile {kind}", 1) as stage:
                self._pairs[kind, batch_size] = Pair(
                    kind,
                    self.networks,
                    self.data,
                    self._settings(batch_size),
                    self.loss,
                    self.class_numbers,
                )
                stage.advance()
        return self._pairs[kind, batch_size]

    def forget_pair(self, kind: str, batch_size: int) -> None:
        """Lets go of networks and traces that `pair` keeps: what they take may be needed.

        Args:
            kind: A kind of `gan_nas.networks`.
            batch_size: Real images a discriminator step.
        """
        self._pairs.pop((kind, batch_size), None)

    def _settings(self, batch_size: int) -> AdversarialSettings:
        config = self.config
        return AdversarialSettings(
            batch_size=batch_size,
            latent=config.latent,
            discriminator_steps=config.discriminator_steps,
            generator_learning_rate=config.generator_learning_rate,
            discriminator_learning_rate=config.discriminator_learning_rate,
            ema=config.ema or None,
            diff_augment=DiffAugment() if self.augments else None,
        )

    @cached_property
    def extractor(self) -> Extractor:
        """What features come from; the classifier is trained when it is first asked for."""
        with full_precision():
            if self.config.extractor == "inception":
                return inception_extractor(self.dataset.image_shape, self.config.inception_weights)
            with self.progress.callback() as callback:
                # Some workers may find it in their caches, and others not.
                return on_one_device(lambda: classifier_extractor(self.dataset, callback))

    def check_reward(self) -> None:
        """Checks that there are enough images for the reward.

        Raises:
            InputError: If −FID is asked for and there are no more images than features.
        """
        config, dimensions = self.config, self.extractor.dimensions
        real, made = len(self.judge.validation), whole_batches(config.reward_images)
        if config.reward == "fid" and min(real, made) <= dimensions:
            raise InputError(
                f"the reward fid needs more than {dimensions} images, the number of features of "
                f"the extractor, and there are {made} generated and {real} real ones. Give "
                f"--reward-images {dimensions + 1} or more, or take --reward kid."
            )

    @cached_property
    def judge(self) -> Judge:
        """What measures trained generators."""
        config = self.config
        return Judge(
            self.dataset, self.extractor, config.latent, config.images, self.classes, config.seed
        )

    def rows_of_samples(self) -> tuple[int, np.ndarray | None, list[str] | None]:
        """Returns how a picture of 64 samples is laid out.

        Returns:
            Images a row; the class of every image, or None; the name of every row, or None. Of
            more than 64 classes these are the first 64.
        """
        if self.classes is None:
            return 8, None, None
        names = list(self.classes.names)[:64]
        each = 64 // len(names)
        numbers = np.repeat(np.arange(len(names), dtype=np.int32), each)
        return each, numbers, names


def check_images(dataset: Dataset) -> None:
    """Checks that images suit a generator.

    Raises:
        InputError: If they are not square, neither grey nor coloured, or too few.
    """
    height, width, channels = dataset.image_shape
    if height != width:
        raise InputError(
            f"a generator makes square images, and those of {dataset.name!r} are {height}×{width}. "
            f"Give --size {min(height, width)}."
        )
    if channels not in (1, 3):
        raise InputError(
            f"images must be grey or coloured. Those of {dataset.name!r} have {channels} channels."
        )
    for split in SPLITS:
        if len(dataset.splits.get(split, ())) < 2:
            raise InputError(
                f"dataset {dataset.name!r}: the split {split!r} needs at least 2 images to "
                f"compare generated ones with. {dataset.note}".rstrip()
            )
