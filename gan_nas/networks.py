"""The pairs of networks that a run trains: searched cells, and the baselines."""

import dataclasses

import keras
import numpy as np

from gan_nas.baselines import dcgan_discriminator, dcgan_generator, sngan_generator
from gan_nas.discriminator import residual_discriminator
from gan_nas.extraction import extract
from gan_nas.generator import build_generator
from gan_nas.space import GanSpace
from gan_nas.supernet import DiscriminatorSupernet, GeneratorSupernet
from graftwork.precision import full_precision
from graftwork.space import Architecture

CELLS, DCGAN, SNGAN = "cells", "DCGAN", "SNGAN"
STRIDED_WIDTH = 2
"""A strided discriminator is cheap, and too weak at the generator's own width (docs/agan.md)."""


@dataclasses.dataclass(frozen=True)
class Networks:
    """Builds generators and discriminators for one dataset, each kind in one way.

    A generator of the space by itself is the supernet with its architecture as the input: the
    same outputs and gradients as of a plain model, and one trace for all of them.

    Args:
        space: The space of cells.
        channels: The width of every stage, from the start to the image.
        latent: Length of a latent vector.
        image_channels: The channels of an image.
        classes: The number of classes, or None.
        strided: Whether the cells are trained against DCGAN's discriminator, a convolution of
            stride 2 a stage with `STRIDED_WIDTH` times the channels, in place of SNGAN's, which
            is residual.
        synchronized: Whether several devices share a batch, and so its statistics.
    """

    space: GanSpace
    channels: tuple[int, ...]
    latent: int
    image_channels: int
    classes: int | None = None
    strided: bool = True
    synchronized: bool = False

    def decisions(self, kind: str) -> int:
        """Returns the length of the architecture that a kind of networks takes."""
        return len(self.space) if kind == CELLS else 0

    def generator(self, kind: str, seed: int) -> keras.Model:
        """Returns a generator with the first weights of a seed.

        Args:
            kind: `CELLS`, `DCGAN` or `SNGAN`.
            seed: The seed.
        """
        if kind == CELLS:
            return _built(
                GeneratorSupernet(
                    self.space,
                    self.channels,
                    self.latent,
                    self.image_channels,
                    self.classes,
                    seed,
                    self.synchronized,
                )
            )
        build = {DCGAN: dcgan_generator, SNGAN: sngan_generator}[kind]
        return build(
            self.space.image_size,
            self.image_channels,
            self.channels,
            self.latent,
            self.classes,
            seed,
            self.synchronized,
        )

    def discriminator(self, kind: str, seed: int) -> keras.Model:
        """Returns the discriminator that a kind of generator is trained against."""
        size, channels = self.space.image_size, self.channels
        if kind == CELLS and self.space.discriminator:
            return _built(
                DiscriminatorSupernet(self.space, channels, self.image_channels, self.classes, seed)
            )
        if kind == DCGAN or (kind == CELLS and self.strided):
            wider = tuple(STRIDED_WIDTH * width for width in channels)
            return dcgan_discriminator(size, self.image_channels, wider, self.classes, seed)
        return residual_discriminator(size, self.image_channels, channels, self.classes, seed)

    def first_weights(self, kind: str, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Returns the first weights of generator and discriminator for a seed."""
        return (
            self.generator(kind, seed).get_weights(),
            self.discriminator(kind, seed).get_weights(),
        )

    def plain(self, kind: str, architecture: Architecture | None) -> keras.Model:
        """Returns a plain generator of any one device, float32, for counting."""
        with full_precision():
            if kind != CELLS:
                return dataclasses.replace(self, synchronized=False).generator(kind, 0)
            assert architecture is not None
            return build_generator(
                self.space,
                architecture,
                self.channels,
                self.latent,
                self.image_channels,
                self.classes,
            )

    def finished(
        self, kind: str, architecture: Architecture | None, generator: keras.Model
    ) -> keras.Model:
        """Returns a plain generator of any one device, float32, with a trained one's weights."""
        if kind == CELLS:
            assert architecture is not None
            with full_precision():
                return extract(generator, self.space, architecture)
        plain = self.plain(kind, architecture)
        plain.set_weights(generator.get_weights())
        return plain


def _built(network: keras.Model) -> keras.Model:
    if not network.built:
        network.build()
    return network
