"""How long a model takes for one image, on this device."""

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from graftwork import files
from graftwork.collective import agree
from graftwork.compiled import compiled


def latency_ms(model: keras.Model, repeats: int = 30) -> float:
    """Measures the milliseconds of one image, on this device: the median of several.

    Args:
        model: A functional model with one input tensor, or a dictionary of them.
        repeats: Measurements after three that do not count.
    """
    signature = [
        ((1, *x.shape[1:]), keras.backend.standardize_dtype(x.dtype)) for x in model.inputs
    ]
    names = [x.name for x in model.inputs]
    several = isinstance(model.input, dict)
    predict = compiled(
        lambda *x: model(dict(zip(names, x, strict=True)) if several else x[0], training=False),
        *signature,
    )
    inputs = [np.zeros(shape, dtype) for shape, dtype in signature]
    seconds: list[float] = []
    for _ in range(repeats + 3):
        begin = time.perf_counter()
        np.asarray(predict(*inputs))
        seconds.append(time.perf_counter() - begin)
    return agree(float(np.median(seconds[3:])) * 1e3)


FILE = "latency.json"
"""What was measured for the limit of a run, in its folder."""


class Latencies:
    """Measured latencies, each network's once in a run.

    A second measurement differs a little. What was drawn or refused by the first shall be so
    again when the run is resumed: the numbers are kept in a file of the run.

    Args:
        path: A JSON file that need not exist yet; None to remember for this object alone.
        build: Returns the plain model of what is measured.
    """

    def __init__(self, path: Path | None, build: Callable[[Sequence[int]], keras.Model]) -> None:
        self.path, self.build = path, build
        stored = files.read_json(path) if path is not None and path.exists() else {}
        # The file of another's run may hold anything: what is no latency is measured again.
        self._known: dict[str, float] = {
            key: float(value)
            for key, value in (stored.items() if isinstance(stored, dict) else ())
            if type(value) in (int, float) and 0 < value < math.inf
        }

    def __call__(self, network: Sequence[int]) -> float:
        """Returns the latency in milliseconds of what is named by some integers."""
        key = json.dumps(list(network))
        if key not in self._known:
            self._known[key] = latency_ms(self.build(network))
            if self.path is not None:
                files.write_json(self.path, self._known)
        return self._known[key]
