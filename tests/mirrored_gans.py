"""What generators come to on 1, 2 and 4 logical devices, as files in a folder.

    python mirrored_gans.py FOLDER

The packages are imported once; every number of devices has a process that is forked then, as
`mirrored_graftwork` has it. With one device, a search is made twice with `--deterministic`.
"""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tiny
import tiny_adversarial
from mirrored_graftwork import Cut, in_fork, run

from gan_nas.diff_augment import DiffAugment
from gan_nas.losses import LOSSES
from gan_nas.networks import DCGAN, Networks
from gan_nas.space import GanSpace
from graftwork.adversarial_training import AdversarialTrainer
from graftwork.augmentation import Augmentation
from graftwork.devices import engine, replicas
from graftwork.engine_options import EngineOptions
from graftwork.run import Run

SEARCH = (*tiny.GAN_SEARCH, "--no-controls", "--random-cells", "0")
CLASSES = {"hinge": None, "wasserstein": 3}
CHANGES = {"discriminator_steps": 2, "ema": 0.9, "diff_augment": DiffAugment(), "batch_size": 8}


def step(loss: str, **options: str) -> dict[str, np.ndarray]:
    """Takes one training step and returns what it comes to."""
    classes = CLASSES[loss]
    with engine(EngineOptions(**options)):
        networks = Networks(
            GanSpace.make(8, 1),
            (4,),
            tiny_adversarial.LATENT,
            1,
            classes,
            synchronized=replicas() > 1,
        )
        trainer = AdversarialTrainer(
            networks.generator(DCGAN, 0),
            networks.discriminator(DCGAN, 0),
            tiny_adversarial.training_data(augmentation=Augmentation(flip=True)),
            dataclasses.replace(tiny_adversarial.SETTINGS, **CHANGES),
            LOSSES[loss],
            None if classes is None else np.arange(40, dtype=np.int32) % classes,
        )
        trainer.train(1, tiny_adversarial.no_architecture)
        state = {name: np.array(value) for name, value in trainer.state().items()}
        return {**state, "sums": np.asarray(trainer.model.sums).copy()}


def difference(loss: str) -> dict[str, float]:
    """Returns the largest differences between one device and all, by what they are of."""
    one, all_ = step(loss), step(loss, distribute="mirrored")
    groups: dict[str, float] = {}
    for name, value in one.items():
        group = name.rsplit("_", 1)[0]
        found = float(np.abs(value.astype(float) - all_[name]).max())
        groups[group] = max(found, groups.get(group, 0.0))
    return groups


def commands(folder: Path) -> dict:
    """Searches on two devices up to the second round, goes on with one, and trains on two."""
    search = ("gans", "search", "--out", folder / "search")
    with pytest.MonkeyPatch.context() as patch:
        record = Run.record

        def cut(self: Run, event: str, **values: object) -> None:
            if values.get("round") == 2:
                raise Cut
            record(self, event, **values)

        patch.setattr(Run, "record", cut)
        with pytest.raises(Cut):
            run(*search, *SEARCH, "--distribute", "mirrored")
    uneven = ("--out", folder / "refused", *SEARCH, "--batch-size", "7")
    return {
        "rounds": [event for event in tiny.journal(folder / "search") if event["event"] == "round"],
        "resumed": run(*search, "--resume"),
        "refused": run("gans", "search", *uneven, "--distribute", "mirrored"),
        "trained": run(
            "gans", "train", folder / "search", "--steps", "4", "--distribute", "mirrored"
        ),
    }


def found(devices: int, folder: Path) -> dict:
    """Returns everything that is found with a number of devices."""
    with pytest.MonkeyPatch.context() as patch:
        tiny.register_gan(patch)
        if devices == 1:
            for name in ("first", "second"):
                run("gans", "search", "--out", folder / name, *SEARCH, "--deterministic")
            return {}
        (cpu,) = tf.config.list_physical_devices("CPU")
        logical = [tf.config.LogicalDeviceConfiguration()] * devices
        tf.config.set_logical_device_configuration(cpu, logical)
        if devices == 4:
            return {"wasserstein": difference("wasserstein")}
        return {"hinge": difference("hinge"), **commands(folder)}


if __name__ == "__main__":
    (out,) = map(Path, sys.argv[1:])
    for count in (1, 2, 4):
        in_fork(lambda n=count: (out / f"{n}.json").write_text(json.dumps(found(n, out))))
