"""Times the generator supernet against its alternatives, in one run, and prints the ratios.

    python benchmarks/gan_supernet.py                     # about 10 minutes on 2 cores
    python benchmarks/gan_supernet.py --channels 64 --nodes 5 --repeats 7

A step is forward, backward and optimizer for a generator of 32×32 images; the loss is the mean
square of the images. All variants go through the same architectures in turn: ours with one
trace for all, one compiled plain Keras model for each, and PyTorch without compilation. Every
figure is the minimum of interleaved repeats. PyTorch is compared with where it is installed
(it is no dependency).
"""

import argparse
import functools
import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from gan_nas.generator import build_generator
from gan_nas.operations import Convolution, Pooling, steps
from gan_nas.space import GanSpace
from gan_nas.supernet import GeneratorSupernet
from graftwork.optimizers import LazyAdam

LATENT = 128
IMAGE_CHANNELS = 3
TO_MEET = {
    "static step / ours": 0.9,
    "PyTorch NCHW / ours": 1.8,
    "PyTorch channels_last / ours": 0.9,
}


def keras_step(network: keras.Model) -> Callable[[dict[str, Any]], Any]:
    """Returns a compiled training step of a network."""
    optimizer = LazyAdam(2e-4)
    optimizer.build(network.trainable_variables)

    @tf.function(autograph=False)
    def step(inputs: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(network(inputs, training=True)))
        optimizer.apply(tape.gradient(loss, network.trainable_variables))
        return loss

    return step


class Bench:
    """The variants; each runs one step of every architecture."""

    def __init__(self, channels: int, nodes: int, batch: int, architectures: int) -> None:
        self.space = GanSpace.make(32, nodes)
        self.channels = (channels,) * self.space.stages
        self.batch = batch
        rng = np.random.default_rng(0)
        self.architectures = [self.space.sample(rng) for _ in range(architectures)]
        self.latents = rng.normal(size=(batch, LATENT)).astype("float32")
        network = GeneratorSupernet(self.space, self.channels, LATENT, IMAGE_CHANNELS)
        network.build()
        self.step = keras_step(network)
        self.plain_steps = [
            keras_step(build_generator(self.space, one, self.channels, LATENT, IMAGE_CHANNELS))
            for one in self.architectures
        ]

    def ours(self) -> None:
        for architecture in self.architectures:
            rows = np.tile(np.asarray(architecture, np.int32), (self.batch, 1))
            inputs = {"latents": self.latents, "architecture": rows}
            loss = self.step({key: tf.constant(value) for key, value in inputs.items()})
        float(loss)

    def static(self) -> None:
        for step in self.plain_steps:
            loss = step({"latents": tf.constant(self.latents)})
        float(loss)

    def pytorch(self, channels_last: bool) -> Callable[[], None]:
        """Returns the same steps in PyTorch, eager, weights shared as in the supernet."""
        import torch
        from torch.nn import functional

        torch.set_num_threads(os.cpu_count() or 1)
        form = torch.channels_last if channels_last else torch.contiguous_format
        modules: dict[str, Any] = {}
        width, start = self.channels[0], self.space.start

        def module(name: str, make: Callable[[], Any]) -> Any:
            if name not in modules:
                modules[name] = make().to(memory_format=form)
            return modules[name]

        def convolution(step: Convolution) -> Any:
            size = (step.height, step.width)
            padding = (step.height // 2, step.width // 2)
            if step.transposed:
                return torch.nn.ConvTranspose2d(width, width, size, 2, padding, 1)
            return torch.nn.Conv2d(width, width, size, padding=padding, bias=step.bias)

        def operate(x: Any, operation: str, place: str) -> Any:
            for step in steps(operation):
                if isinstance(step, Convolution):
                    name = f"{place} {operation} {step.name}"
                    x = module(name, functools.partial(convolution, step))(x)
                elif isinstance(step, Pooling):
                    if step.kind == "max":
                        x = functional.max_pool2d(x, step.size, 1, step.size // 2)
                    else:
                        x = functional.avg_pool2d(
                            x, step.size, 1, step.size // 2, count_include_pad=False
                        )
                elif step.kind == "relu":
                    x = torch.relu(x)
                else:
                    x = functional.interpolate(x, scale_factor=2)
            return x

        def run_architecture(architecture: tuple[int, ...]) -> Any:
            dense = module("dense", lambda: torch.nn.Linear(LATENT, width * start * start))
            x = dense(latents).reshape(-1, width, start, start).contiguous(memory_format=form)
            for k, cell in enumerate(self.space.cells(architecture)):
                values = [module(f"{k} norm", lambda: torch.nn.BatchNorm2d(width, 1e-3))(x)]
                for j, edges in enumerate(cell.nodes):
                    inputs = [
                        operate(values[edge.source], edge.operation, f"{k} {j} {i}")
                        for i, edge in enumerate(edges)
                    ]
                    values.append((inputs[0] + inputs[1]) * 0.5**0.5)
                projected = [
                    module(f"{k} {j}", lambda: torch.nn.Conv2d(width, width, 1))(values[j])
                    for j in cell.loose_ends
                ]
                x = sum(projected) / len(projected) ** 0.5
            x = torch.relu(module("norm", lambda: torch.nn.BatchNorm2d(width, 1e-3))(x))
            last = module("out", lambda: torch.nn.Conv2d(width, IMAGE_CHANNELS, 3, padding=1))
            return torch.tanh(last(x))

        latents = torch.from_numpy(self.latents)
        for architecture in self.architectures:  # Makes all modules.
            run_architecture(architecture)
        parameters = torch.nn.ModuleList(modules.values()).parameters()
        optimizer = torch.optim.Adam(parameters, 2e-4)

        def run() -> None:
            for architecture in self.architectures:
                loss = run_architecture(architecture).square().mean()
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
            float(loss.detach())

        return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--architectures", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    bench = Bench(arguments.channels, arguments.nodes, arguments.batch, arguments.architectures)
    variants: dict[str, Callable[[], None]] = {"ours": bench.ours, "static": bench.static}
    try:
        variants["PyTorch NCHW"] = bench.pytorch(False)
        variants["PyTorch channels_last"] = bench.pytorch(True)
    except ImportError:
        print("PyTorch is not installed: left out.")
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(arguments.repeats + 1):
        for name, run in variants.items():
            begin = time.perf_counter()
            run()
            seconds[name].append((time.perf_counter() - begin) / arguments.architectures)
    print(f"{os.cpu_count()} cores, TensorFlow {tf.__version__}, Keras {keras.__version__}")
    print(f"{vars(arguments)}; milliseconds a step")
    for name, (first, *values) in seconds.items():
        start = first * arguments.architectures
        print(f"  {name:<30} {1e3 * min(values):8.1f}   first pass {start:6.1f} s")
    best = {name: min(values[1:]) for name, values in seconds.items()}
    print(f"ratios {'':<25} measured  to meet")
    for name, target in TO_MEET.items():
        key = name.removesuffix(" / ours").removesuffix(" step")
        if key in best:
            print(f"  {name:<30} {best[key] / best['ours']:8.2f}  ≥ {target}")


if __name__ == "__main__":
    main()
