"""What `--distribute mirrored` does on 2 and on 4 logical devices, as JSON in a file.

    python mirrored_graftwork.py SEARCHED FOLDER

`SEARCHED` is a finished search of the tiny dataset that is trained on. How many devices there are
must be said before TensorFlow starts: the packages are imported once, and every number of devices
has a process that is forked then. `FOLDER/DEVICES.json` is what it found. With one device, a search
is made twice with `--deterministic`, which a process cannot take back either.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from graftwork import cli
from graftwork.devices import engine
from graftwork.engine_options import EngineOptions
from graftwork.failures import NotFiniteError
from graftwork.loss_scaling import LossScaling
from graftwork.optimizers import LazyAdam
from graftwork.policy import Policy
from graftwork.run import Run
from graftwork.space import Decision, Space
from graftwork.strategies.reinforce import PolicyGradientLoss
from graftwork.surrogate_graph import GraphPredictor
from graftwork.training import Trainer
from multitask_nas.standalone import training_data
from multitask_nas.supernet import build_supernet
from multitask_nas.tree import TreeSpace

MIRRORED = ("--distribute", "mirrored")
BLOCKS = (2, 3)


class Cut(BaseException):
    """Ends a search as a signal would."""


def steps() -> dict:
    """Takes training steps from one state, and says what became of it."""
    data = tiny.tiny_dataset()
    space = TreeSpace(BLOCKS, data.attributes)
    network = build_supernet(space.blocks, len(data.attributes), 3, 1, data.image_shape, 0, True)
    traces = []
    forward = network.standardize
    network.standardize = lambda images: traces.append(images.shape[0]) or forward(images)
    streamed = dataclasses.replace(training_data(data, True), device_bytes=0)
    trainer = Trainer(network, streamed, 16, 0.01)
    trainer.start_over(3)
    found = {"images": parts(trainer.batches(1, space.sample))}
    losses, states = [], []
    for _ in range(3):
        losses.append(trainer.train(1, space.sample))
        states.append([np.array(w) for w in network.get_weights()])
    middle = {name: np.array(value) for name, value in trainer.state().items()}
    trainer.train(2, space.sample)
    end = network.get_weights()
    trainer.start_over(8)
    trainer.restore(middle)
    trainer.train(2, space.sample)
    found["gone_on"] = largest(end, network.get_weights())
    found["half_rate"] = rate_after_failure(trainer, space)
    return {**found, "losses": losses, "states": states, "traces": traces}


def rate_after_failure(trainer: Trainer, space: TreeSpace) -> float:
    """Returns the learning rate after a round of training failed once."""
    once = [NotFiniteError("a test", "None."), 0.0]
    with mock.patch.object(trainer, "train", side_effect=once):
        trainer.train_shared(1, space.sample)
    return float(np.asarray(trainer.model.optimizer.learning_rate))


def parts(batches: object) -> np.ndarray:
    """Returns the images of the first batch, the parts of all devices one after the other."""
    (inputs, _), *_ = batches
    values = tf.distribute.get_strategy().experimental_local_results(inputs["images"])
    return np.concatenate([np.asarray(value) for value in values])


def learned() -> list[np.ndarray]:
    """Returns the weights of a controller that learned, and what a graph network predicts."""
    policy = Policy((2, 3), 4, 0.01, PolicyGradientLoss(0.1), np.random.default_rng(0))
    policy.learn(np.array([[0, 1], [1, 2]], np.int32), np.array([[1.0], [0.2]], np.float32), 3)
    space = Space([Decision(name, ("a", "b", "c")) for name in "xyz"])
    rng = np.random.default_rng(1)
    known = [space.sample(rng) for _ in range(12)]
    predictor = GraphPredictor(space, width=4, layers=1, steps=3)
    predictor.fit(known, np.arange(12, dtype="float32"), rng)
    return [*policy.weights, predictor.predict(known)]


def scale_and_weight() -> list[float]:
    """Applies gradients of which the last device's is infinite, then finite ones."""
    weight = keras.Variable([1.0])
    optimizer = LossScaling(LazyAdam(0.1))
    optimizer.build([weight])

    def apply(last: object) -> None:
        context = tf.distribute.get_replica_context()
        own = context.replica_id_in_sync_group == context.num_replicas_in_sync - 1
        optimizer.apply([tf.where(own, last, 1.0)[None]], [weight])

    step = tf.function(lambda last: tf.distribute.get_strategy().run(apply, (last,)))
    found = []
    for last in (np.inf, 1.0):
        step(tf.constant(last))
        found += [float(np.asarray(optimizer.dynamic_scale)), float(np.asarray(weight)[0])]
    return found


def controllers() -> dict:
    """Compares what controllers learn."""
    found = []
    for distribute in ("none", "mirrored"):
        with engine(EngineOptions(distribute=distribute)):
            found.append(learned())
    return {"learned": largest(*found)}


def largest(first: list, second: list) -> float:
    """Returns the largest difference between arrays of two lists."""
    return max(float(np.abs(a - b).max()) for a, b in zip(first, second, strict=True))


def engine_alone(devices: int) -> dict:
    """Compares what is computed on one device and on all."""
    with engine(EngineOptions()):
        one = steps()
    with engine(EngineOptions(distribute="mirrored")):
        all_, scales = steps(), scale_and_weight()
    assert all_["traces"] == devices * [16 // devices], all_["traces"]  # One trace.
    return {
        "images": bool((one["images"] == all_["images"]).all()),
        "weights": [largest(*states) for states in zip(one["states"], all_["states"], strict=True)],
        "losses": [one["losses"], all_["losses"]],
        "gone_on": all_["gone_on"],
        "half_rate": all_["half_rate"],
        "scales": scales,
    }


def run(*arguments: object) -> int | str | None:
    """Calls `graftwork` in this process; returns its exit status."""
    try:
        cli.main([str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code
    return 0


def commands(searched: Path, folder: Path) -> dict:
    """Searches on two devices up to the third round, and goes on with one; trains on two."""
    search = ("trees", "search", "--out", folder / "search")
    with pytest.MonkeyPatch.context() as patch:
        record = Run.record

        def cut(self: Run, event: str, **values: object) -> None:
            if values.get("round") == 3:
                raise Cut
            record(self, event, **values)

        patch.setattr(Run, "record", cut)
        with pytest.raises(Cut):
            run(*search, *tiny.SEARCH, *MIRRORED)
    refused = ("--out", folder / "refused", *tiny.SEARCH, *MIRRORED, "--batch-size", "15")
    return {
        "resumed": run(*search, "--resume"),
        "refused": run("trees", "search", *refused),
        "folder": [path.name for path in (folder / "refused").iterdir()],
        "trained": run("trees", "train", searched, "--steps", "20", *MIRRORED),
    }


def deterministic(folder: Path) -> dict:
    """Searches twice with `--deterministic`."""
    with pytest.MonkeyPatch.context() as patch:
        tiny.register(patch)
        both = [folder / "first", folder / "second"]
        for path in both:
            run("trees", "search", "--out", path, *tiny.SEARCH, "--deterministic")
    return {"runs": [str(path) for path in both]}


def found(devices: int, searched: Path, folder: Path) -> dict:
    """Returns everything that is found with a number of devices."""
    if devices == 1:
        return deterministic(folder)
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * devices
    )
    if devices == 4:
        return engine_alone(devices)
    with pytest.MonkeyPatch.context() as patch:
        tiny.register(patch)
        return {**engine_alone(devices), **controllers(), **commands(searched, folder)}


def in_fork(work: Callable[[], None]) -> None:
    """Does something in a process of its own."""
    if pid := os.fork():
        status = os.waitpid(pid, 0)[1]
        if status:
            sys.exit(f"a process ended with {os.waitstatus_to_exitcode(status)}")
        return
    work()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    where, out = map(Path, sys.argv[1:])
    for count in (1, 2, 4):
        in_fork(lambda n=count: (out / f"{n}.json").write_text(json.dumps(found(n, where, out))))
