"""From the shared weights of a supernet to the plain model of one architecture."""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np

from gan_nas.cells import Cell
from gan_nas.discriminator import build_discriminator
from gan_nas.generator import build_generator
from gan_nas.operations import Convolution, steps
from gan_nas.space import GanSpace
from gan_nas.supernet import BatchStatistics, DiscriminatorSupernet, GeneratorSupernet
from gan_nas.supernet_layers import SearchedCell


def extract(
    supernet: GeneratorSupernet | DiscriminatorSupernet,
    space: GanSpace,
    architecture: Sequence[int],
) -> keras.Model:
    """Builds the plain model of an architecture with the weights of a supernet.

    With `training=True` it computes what the supernet computes. Its batch normalisation
    has no moving statistics yet: `calibrate` gives a generator some.

    Args:
        supernet: The shared weights, built.
        space: The supernet's space.
        architecture: One choice a decision of `space`.

    Returns:
        A model of `gan_nas.generator.build_generator` or
        `gan_nas.discriminator.build_discriminator`.

    Raises:
        InputError: If the architecture is not of the space.
    """
    if isinstance(supernet, GeneratorSupernet):
        plain = build_generator(
            space,
            architecture,
            supernet.channels,
            supernet.latent,
            supernet.image_channels,
            supernet.classes,
        )
        cells = space.cells(architecture)
    else:
        plain = build_discriminator(
            space,
            architecture,
            supernet.channels[::-1],
            supernet.image_channels,
            supernet.classes,
        )
        cells = space.discriminator_cells(architecture)
    stages = iter(cells)
    for layer in supernet.layers:
        if isinstance(layer, SearchedCell):
            _copy_cell(layer, next(stages), plain)
        elif isinstance(layer, BatchStatistics):
            _copy_norm(layer, plain)
        elif layer.weights:
            plain.get_layer(layer.name).set_weights(layer.get_weights())
    return plain


def calibrate(generator: keras.Model, batches: Iterable[dict[str, Any]]) -> None:
    """Sets the moving statistics of a plain model to the mean over batches.

    Args:
        generator: A plain model with batch normalisation.
        batches: Inputs of the model, at least one batch; all batches count the same.
    """
    norms = [x for x in generator.layers if isinstance(x, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for number, inputs in enumerate(batches):
        for norm in norms:
            norm.momentum = number / (number + 1)  # Makes the moving mean the mean so far.
        generator(inputs, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _copy_cell(shared: SearchedCell, cell: Cell, plain: keras.Model) -> None:
    for node, edges in enumerate(cell.nodes):
        for slot, edge in enumerate(edges):
            owner = (2 * node + slot, edge.operation)
            for step in steps(edge.operation):
                if isinstance(step, Convolution):
                    place = f"{shared.name}_n{node + 1}_i{slot + 1}_{step.name}"
                    row = shared.rows[step.name].index(owner)
                    kernel = shared.stacks[step.name][row]
                    bias = None
                    if step.bias:
                        bias = shared.stacks["bias"][shared.rows["bias"].index(owner)]
                    vectors = shared.vectors.get(step.name)
                    _assign(plain.get_layer(place), kernel, bias, vectors, row)
    loose = [node - 1 for node in cell.loose_ends]
    kernel = np.concatenate([shared.projection[node] for node in loose])[None, None]
    project = plain.get_layer(f"{shared.name}_project")
    _assign(project, kernel, shared.projection_bias, shared.vectors.get("projection"), 0)


def _assign(layer: Any, kernel: Any, bias: Any, vectors: Any, row: int) -> None:
    if isinstance(layer, keras.layers.SpectralNormalization):
        layer.vector_u.assign(vectors[row][None])
        layer = layer.layer
    layer.kernel.assign(kernel)
    if bias is not None:
        layer.bias.assign(bias)


def _copy_norm(shared: BatchStatistics, plain: keras.Model) -> None:
    if shared.classes is None:
        norm = plain.get_layer(shared.name)
        norm.gamma.assign(shared.gamma)
        norm.beta.assign(shared.beta)
    else:
        place = shared.name.removesuffix("_norm")
        plain.get_layer(f"{place}_scale").embeddings.assign(shared.gamma)
        plain.get_layer(f"{place}_shift").embeddings.assign(shared.beta)
