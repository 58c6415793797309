"""A tree as a stand-alone `keras.Model` that needs no Graftwork to be loaded."""

import os
import shutil
import warnings
from pathlib import Path

import keras
import numpy as np

from graftwork.errors import InputError
from graftwork.model_file import save_model
from graftwork.precision import full_precision
from multitask_nas.layers import EPSILON
from multitask_nas.supernet import TreeSupernet
from multitask_nas.tree import Tree


@full_precision()
def build_model(
    tree: Tree,
    image_shape: tuple[int, int, int],
    channels: int,
    depth: int = 1,
    activation: str = "sigmoid",
) -> keras.Model:
    """Builds the network of one tree, of Keras's own layers alone.

    Blocks without descendants are pruned. It computes in float32, whatever the run computes in.

    Args:
        tree: The tree.
        image_shape: Height, width and channels of an image.
        channels: The channels of every block's output.
        depth: Convolutions in a block.
        activation: `"sigmoid"` for probabilities, `"linear"` for logits.

    Returns:
        A model from uint8 images `(n, height, width, channels)` to `(n, attributes)`, in
        the order of the tree's attributes.
    """
    images = keras.Input(image_shape, dtype="uint8", name="images")
    outputs = _tree_outputs(images, tree, channels, depth, prefix="")
    probabilities = keras.layers.Activation(activation, name="attributes")(outputs)
    return keras.Model(images, probabilities, name="tree")


@full_precision()
def build_separate_models(
    attributes: int, layers: int, image_shape: tuple[int, int, int], channels: int, depth: int
) -> keras.Model:
    """Builds one network an attribute, side by side: no sharing.

    Args:
        attributes: How many networks.
        layers: The layers of blocks of each.
        image_shape: Height, width and channels of an image.
        channels: The channels of every block's output.
        depth: Convolutions in a block.

    Returns:
        A model from uint8 images `(n, height, width, channels)` to `(n, attributes)`.
    """
    images = keras.Input(image_shape, dtype="uint8", name="images")
    chain = Tree(((0,),) * layers)
    heads = [
        _tree_outputs(images, chain, channels, depth, prefix=f"network_{i}_")
        for i in range(attributes)
    ]
    joined = keras.layers.Concatenate()(heads) if attributes > 1 else heads[0]
    return keras.Model(images, keras.layers.Activation("sigmoid")(joined), name="no_sharing")


def _tree_outputs(
    images: keras.KerasTensor, tree: Tree, channels: int, depth: int, prefix: str
) -> keras.KerasTensor:
    tree = tree.pruned()
    x = keras.layers.GroupNormalization(
        groups=1, epsilon=EPSILON, center=False, scale=False, name=f"{prefix}standardize"
    )(keras.ops.cast(images, "float32"))
    above = [x]
    for layer, count in enumerate(tree.blocks):
        pool = layer < len(tree.blocks) - 1
        parents = tree.parents[layer - 1] if layer else (0,)
        above = [
            _block(above[parents[b]], channels, depth, pool, f"{prefix}layer_{layer}_block_{b}")
            for b in range(count)
        ]
    leaves = [keras.layers.GlobalAveragePooling2D()(x) for x in above]
    heads = [
        keras.layers.Dense(1, name=f"{prefix}head_{a}")(leaves[leaf])
        for a, leaf in enumerate(tree.parents[-1])
    ]
    return keras.layers.Concatenate(name=f"{prefix}heads")(heads) if len(heads) > 1 else heads[0]


def _block(
    x: keras.KerasTensor, channels: int, depth: int, pool: bool, name: str
) -> keras.KerasTensor:
    for i in range(depth):
        x = keras.layers.Conv2D(
            channels, 3, padding="same", use_bias=False, name=f"{name}_conv_{i}"
        )(x)
        if pool and i == depth - 1:
            x = keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
        x = keras.layers.GroupNormalization(groups=1, epsilon=EPSILON, name=f"{name}_norm_{i}")(x)
        x = keras.layers.ReLU(name=f"{name}_relu_{i}")(x)
    return x


def copy_weights(supernet: TreeSupernet, tree: Tree, model: keras.Model) -> None:
    """Gives a model of `build_model` the weights that a supernet has for its tree.

    Args:
        supernet: The supernet.
        tree: The tree, as the supernet knows it: with all of its blocks.
        model: What `build_model` returned for this tree.
    """
    for layer, blocks in enumerate(supernet.block_layers):
        kept = np.unique(tree.paths[:, layer])
        for i in range(blocks.depth):
            kernel = np.asarray(blocks.kernels[i])
            gamma, beta = np.asarray(blocks.gammas[i]), np.asarray(blocks.betas[i])
            for new, old in enumerate(kept):
                name = f"layer_{layer}_block_{new}"
                model.get_layer(f"{name}_conv_{i}").set_weights([kernel[old]])
                model.get_layer(f"{name}_norm_{i}").set_weights([gamma[old], beta[old]])
    kernel, bias = np.asarray(supernet.heads.kernel), np.asarray(supernet.heads.bias)
    for a, leaf in enumerate(tree.parents[-1]):
        row = leaf * tree.attributes + a
        model.get_layer(f"head_{a}").set_weights([kernel[row][:, None], bias[row : row + 1]])


def export_model(model: keras.Model, form: str, path: Path) -> None:
    """Exports a model.

    Args:
        model: The model.
        form: `"keras"`, `"savedmodel"` or `"onnx"`.
        path: The file, or for a SavedModel the folder, to write. An earlier export is
            replaced.

    Raises:
        InputError: If something else is there.
    """
    is_export = (path / "saved_model.pb").exists() if form == "savedmodel" else path.is_file()
    if path.exists() and not is_export:
        raise InputError(f"{path} is there and no {form} export. Choose another --out.")
    if form == "keras":
        save_model(model, path)
        return
    temporary = path.with_name(f".exporting.{path.name}")
    model(np.zeros((1, *model.input_shape[1:]), "uint8"))  # ONNX export needs one call.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # tf2onnx asks for what NumPy 1 had.
        kind = {"savedmodel": "tf_saved_model"}.get(form, form)
        model.export(temporary, format=kind, verbose=False)
    if path.is_dir():
        shutil.rmtree(path)
    os.replace(temporary, path)


def check_fits(model: keras.Model, shape: tuple[int, ...], attributes: int, path: Path) -> None:
    """Raises an `InputError` for a model that takes other images, or has other attributes."""
    wanted, found = ((None, *shape), (None, attributes)), (model.input_shape, model.output_shape)
    if found != wanted:
        raise InputError(
            f"{path} is not the model of its run: it goes from {found[0]} to {found[1]}, where "
            f"{wanted[0]} to {wanted[1]} is expected. Train it again by: graftwork trees train "
            f"{path.parent}"
        )


def predict_images(model: keras.Model, images: list[np.ndarray]) -> np.ndarray:
    """Returns probabilities `(n, A)` of uint8 images `(height, width, channels)`."""
    return np.asarray(model.predict(np.stack(images), verbose=0))
