"""What the tests of plain models share: batches, and weights that hide nothing."""

import numpy as np


def inputs_of(model, count=3, seed=0):
    """Returns a batch of what a generator or discriminator takes, by name."""
    rng = np.random.default_rng(seed)
    batch = {}
    for name in model.input_names:
        shape = model.input[name].shape[1:]
        if name == "classes":
            batch[name] = np.arange(count, dtype=np.int32) % 3
        elif name == "images":
            batch[name] = rng.uniform(-1, 1, (count, *shape)).astype("float32")
        else:
            batch[name] = rng.normal(size=(count, *shape)).astype("float32")
    return batch


def disturb(model, seed=0):
    """Gives every weight a value that no fresh layer has."""
    rng = np.random.default_rng(seed)
    model.set_weights(
        [w + 0.1 * rng.uniform(0.1, 1, w.shape).astype("float32") for w in model.get_weights()]
    )
