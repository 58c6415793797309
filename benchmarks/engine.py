"""Times a training step under --precision, --jit, --distribute and --deterministic, in one run.

    python benchmarks/engine.py                 # the tree supernet, about 3 minutes on 2 cores
    python benchmarks/engine.py --network chains

Every figure is the median of interleaved repeats; ratios are to float32 on one device, without XLA.
Two logical devices are made of one CPU: they show what sharing costs, and can win nothing.
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from graftwork.devices import engine
from graftwork.engine_options import EngineOptions
from graftwork.training import Trainer
from graftwork.training_data import TrainingData
from multitask_nas.supernet import build_supernet as build_trees
from multitask_nas.tree import TreeSpace
from transfer_nas.space import ChainSpace
from transfer_nas.supernet import build_supernet as build_chains

SHAPE, ATTRIBUTES, BATCH = (32, 32, 1), 24, 128
VARIANTS = {
    "float32": EngineOptions(),
    "mixed_bfloat16": EngineOptions(precision="mixed_bfloat16"),
    "mixed_float16": EngineOptions(precision="mixed_float16"),
    "--jit": EngineOptions(jit=True),
    "--distribute mirrored, 2 logical devices": EngineOptions(distribute="mirrored"),
    "--deterministic": EngineOptions(deterministic=True),
}
"""The last one cannot be taken back: it is timed after the others, beside float32 before it."""


def make(network: str) -> tuple[Callable[[], Any], Callable[[np.random.Generator], Any]]:
    """Returns what builds a network with its first weights, and what draws its architectures."""
    if network == "trees":
        space = TreeSpace((2, 4, 8), [f"attribute {i}" for i in range(ATTRIBUTES)])
        built = space.blocks, ATTRIBUTES, 16, 1, SHAPE, 0, True
        return lambda: build_trees(*built), space.sample
    chains = ChainSpace.make(4)
    return (
        lambda: build_chains(chains, ATTRIBUTES, 16, SHAPE, 0),
        lambda rng: (*chains.sample(rng), int(rng.integers(ATTRIBUTES))),
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=("trees", "chains"), default="trees")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10)
    asked = parser.parse_args()
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2048, *SHAPE)).astype("uint8")
    labels = rng.integers(0, 2, (2048, ATTRIBUTES)).astype("int8")
    data = TrainingData(images, labels, np.arange(2048), device_bytes=0)
    build, draw = make(asked.network)
    trainers: dict[str, Trainer] = {}
    first: dict[str, float] = {}
    loss: dict[str, float] = {}
    times: dict[str, list[float]] = {name: [] for name in VARIANTS}

    def train(name: str) -> tuple[float, float]:
        with engine(VARIANTS[name]):
            if name not in trainers:
                trainers[name] = Trainer(build(), data, BATCH, 0.002)
                trainers[name].start_over(0)
            begin = time.perf_counter()
            found = trainers[name].train(asked.steps, draw)
            return time.perf_counter() - begin, found

    *together, last = VARIANTS
    for group in (together, [last]):
        for name in group:
            first[name], loss[name] = train(name)
            print(f"{name}: {first[name]:.1f} s", flush=True)
        for _ in range(asked.repeats):
            for name in group:
                times[name].append(train(name)[0] / asked.steps * 1e3)
    base = float(np.median(times["float32"]))
    print(f"\n| {asked.network} | milliseconds a step | ratio | first {asked.steps} steps, seconds "
          "| their mean loss |\n|---|---|---|---|---|")  # fmt: skip
    for name in VARIANTS:
        median = float(np.median(times[name]))
        row = (name, f"{median:.1f}", f"{median / base:.2f}", f"{first[name]:.1f}")
        print("|", " | ".join(row), f"| {loss[name]:.6f} |")


if __name__ == "__main__":
    main()
