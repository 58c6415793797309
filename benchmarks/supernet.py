"""Times the tree supernet against its alternatives, in one run, and prints the ratios.

    python benchmarks/supernet.py                 # all sizes, about 10 minutes on 2 cores
    python benchmarks/supernet.py --sizes S --repeats 7

Every figure is the minimum of interleaved repeats, so that a machine that slows down slows down
all variants. PyTorch is compared with where it is installed (it is no dependency: `pip install
torch` into an environment of its own beside Graftwork).
"""

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from graftwork.compiled import compiled
from graftwork.losses import MaskedBinaryCrossentropy
from graftwork.optimizers import LazyAdam
from graftwork.training import Trainer
from graftwork.training_data import TrainingData
from multitask_nas.evaluator import count_right
from multitask_nas.model import build_model
from multitask_nas.supernet import build_supernet
from multitask_nas.tree import Tree, TreeSpace

SIZES = {  # image shape, channels, attributes
    "S": ((32, 32, 1), 16, 24),
    "S32": ((32, 32, 1), 32, 24),
    "M": ((64, 64, 3), 32, 40),
}
BLOCKS = (2, 4, 8)
BATCH = 128
STEPS = 5
TO_MEET = {
    "a tf.function a tree / ours, new tree": {"S": 40, "M": 12},
    "static Keras model / ours": {"S": 0.95, "S32": 0.95, "M": 0.95},
    "PyTorch channels_last / ours": {"S": 1.0, "S32": 1.0, "M": 1.5},
    "PyTorch NCHW / ours": {"S": 1.3, "S32": 1.3, "M": 1.8},
    "every (block, parent) / ours, sweep": {"S": 80, "M": 80},
}
FED = "fed by the input pipeline / the step alone"  # At most 1.1, the others at least.


class Bench:
    """The variants of one size, each a function that does `steps` steps."""

    def __init__(self, size: str) -> None:
        self.shape, self.channels, self.attributes = SIZES[size]
        self.rng = np.random.default_rng(0)
        names = [f"attribute {i}" for i in range(self.attributes)]
        self.space = TreeSpace(BLOCKS, names)
        self.images = self.rng.integers(0, 256, (BATCH, *self.shape)).astype("uint8")
        self.labels = self.rng.integers(0, 2, (BATCH, self.attributes)).astype("int8")
        self.net = build_supernet(
            self.space.blocks, self.attributes, self.channels, 1, self.shape, 0, probe_heads=True
        )
        many = [np.repeat(array, 4, axis=0) for array in (self.images, self.labels)]
        data = TrainingData(*many, np.arange(4 * BATCH))
        self.trainer = Trainer(self.net, data, BATCH, 1e-3)
        architecture = ((BATCH, len(self.space)), "int32")
        inputs = ((BATCH, *self.shape), "uint8"), ((BATCH, self.attributes), "int8")
        self.net.compile(LazyAdam(1e-3), MaskedBinaryCrossentropy(), jit_compile=False)
        self.net.optimizer.build(self.net.trainable_variables)
        self.step = compiled(
            lambda x, y, a: self.net.train_step(({"images": x, "architecture": a}, y)),
            *inputs,
            architecture,
        )
        self.paths = compiled(lambda x, y: count_right(self.net.path_logits(x), y), *inputs)
        self.forward = compiled(
            lambda x, y, a: count_right(self.net({"images": x, "architecture": a})[None], y),
            *inputs,
            architecture,
        )
        self.tree = self.full_tree()
        self.static_step = self.keras_step(self.tree)

    def full_tree(self) -> Tree:
        """A tree in which every block is in use, as in a search: the static model prunes others."""
        while True:
            tree = self.space.sample_tree(self.rng)
            if tree.pruned().blocks == self.space.blocks:
                return tree

    def ours(self) -> None:
        """Training steps of a search, each on a tree that was never seen before."""
        for _ in range(STEPS):
            loss = self.step(self.images, self.labels, self.repeated(self.space.sample(self.rng)))
        float(loss["loss"])

    def ours_fed(self) -> None:
        """The same through the input pipeline and Keras's `fit`."""
        self.trainer.train(10 * STEPS, self.space.sample)

    def static(self) -> None:
        """Training steps of one tree as a plain Keras model."""
        for _ in range(STEPS):
            loss = self.static_step(self.images, self.labels)
        float(loss["loss"])

    def function_a_tree(self) -> None:
        """One step on a new tree, as a model and a trace of its own."""
        step = self.keras_step(self.space.sample_tree(self.rng))
        float(step(self.images, self.labels)["loss"])

    def sweep(self) -> None:
        """Scores every connection on one batch: all paths in one pass."""
        np.asarray(self.paths(self.images, self.labels)[0])

    def every_pair(self) -> None:
        """Scores every connection on one batch: a forward pass for each."""
        for layer, length in enumerate(self.space.row_lengths):
            for block in range(length):
                for parent in range(self.space.blocks[layer]):
                    row = list(self.tree.parents[layer])
                    row[block] = parent
                    tree = self.tree.with_layer(layer + 1, row)
                    architecture = self.repeated(self.space.architecture(tree))
                    result = self.forward(self.images, self.labels, architecture)
        np.asarray(result[0])

    def repeated(self, architecture: tuple[int, ...]) -> np.ndarray:
        return np.tile(np.asarray(architecture, np.int32), (BATCH, 1))

    def keras_step(self, tree: Tree) -> Callable:
        model = build_model(tree, self.shape, self.channels, activation="linear")
        model.compile(LazyAdam(1e-3), MaskedBinaryCrossentropy(), jit_compile=False)
        model.optimizer.build(model.trainable_variables)
        return tf.function(lambda x, y: model.train_step((x, y)))

    def torch_step(self, channels_last: bool) -> Callable[[], None]:
        """Training steps of PyTorch, eager, each on a new tree."""
        import torch

        torch.set_num_threads(os.cpu_count() or 1)
        form = torch.channels_last if channels_last else torch.contiguous_format
        inputs, layers = self.shape[2], []
        for count in self.space.blocks:
            layers.append(
                torch.nn.ModuleList(
                    torch.nn.ModuleList(
                        [
                            torch.nn.Conv2d(inputs, self.channels, 3, padding=1, bias=False),
                            torch.nn.GroupNorm(1, self.channels, 1e-3),
                        ]
                    )
                    for _ in range(count)
                )
            )
            inputs = self.channels
        heads = torch.nn.ModuleList(torch.nn.Linear(inputs, 1) for _ in range(self.attributes))
        model = torch.nn.ModuleList([*layers, heads]).to(memory_format=form)
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)
        pixels = torch.from_numpy(self.images.transpose(0, 3, 1, 2).astype("float32"))
        pixels = pixels.contiguous(memory_format=form)
        labels = torch.from_numpy(self.labels.astype("float32"))

        def run() -> None:
            for _ in range(STEPS):
                tree = self.space.sample_tree(self.rng)
                x = torch.nn.functional.group_norm(pixels, 1, eps=1e-3)
                above = [x]
                for i, blocks in enumerate(layers):
                    parents = tree.parents[i - 1] if i else (0,)
                    outputs = []
                    for parent, (convolution, norm) in zip(parents, blocks, strict=True):
                        y = convolution(above[parent])
                        if i < len(layers) - 1:
                            y = torch.nn.functional.max_pool2d(y, 2)
                        outputs.append(torch.relu(norm(y)))
                    above = outputs
                leaves = [y.mean(dim=(2, 3)) for y in above]
                logits = torch.cat(
                    [h(leaves[p]) for h, p in zip(heads, tree.parents[-1], strict=True)], 1
                )
                loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
            float(loss)

        return run


def measure(size: str, repeats: int) -> dict[str, float]:
    """Returns the seconds of a step (or a sweep) of every variant, the minimum of repeats."""
    bench = Bench(size)
    variants: dict[str, tuple[Callable[[], None], int]] = {
        "ours": (bench.ours, STEPS),
        "ours, fed": (bench.ours_fed, 10 * STEPS),
        "static": (bench.static, STEPS),
        "a tf.function a tree": (bench.function_a_tree, 1),
        "sweep, all paths": (bench.sweep, 1),
        "sweep, every pair": (bench.every_pair, 1),
    }
    try:
        variants["PyTorch NCHW"] = (bench.torch_step(False), STEPS)
        variants["PyTorch channels_last"] = (bench.torch_step(True), STEPS)
    except ImportError:
        print("PyTorch is not installed: left out.")
    seconds = {name: [] for name in variants}
    for repeat in range(repeats + 1):
        for name, (run, steps) in variants.items():
            begin = time.perf_counter()
            run()
            if repeat:  # The first warms up and traces.
                seconds[name].append((time.perf_counter() - begin) / steps)
    return {name: min(values) for name, values in seconds.items()}


def ratios(best: dict[str, float]) -> dict[str, float]:
    """Returns the ratios of a size's figures."""
    result = {
        "a tf.function a tree / ours, new tree": best["a tf.function a tree"] / best["ours"],
        "static Keras model / ours": best["static"] / best["ours"],
        "every (block, parent) / ours, sweep": best["sweep, every pair"] / best["sweep, all paths"],
        FED: best["ours, fed"] / best["ours"],
    }
    for form in ("channels_last", "NCHW"):
        if f"PyTorch {form}" in best:
            result[f"PyTorch {form} / ours"] = best[f"PyTorch {form}"] / best["ours"]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, TensorFlow {tf.__version__}, Keras {keras.__version__}")
    for size in arguments.sizes:
        best = measure(size, arguments.repeats)
        print(f"\n{size}: {SIZES[size]}, batch {BATCH}; milliseconds")
        for name, value in best.items():
            print(f"  {name:<44} {1e3 * value:10.1f}")
        print(f"{size}: ratios {'':<36} measured  to meet")
        for name, value in ratios(best).items():
            target = TO_MEET.get(name, {}).get(size)
            bound = "≤ 1.1" if name == FED else f"≥ {target}" if target else ""
            print(f"  {name:<44} {value:10.2f}  {bound}")


if __name__ == "__main__":
    main()
