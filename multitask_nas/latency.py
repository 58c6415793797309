"""How long a model takes for one image, on this device."""

import time

import keras
import numpy as np

from graftwork.training import compiled


def latency_ms(model: keras.Model, repeats: int = 30) -> float:
    """Measures the milliseconds of one image, on this device: the median of several.

    Args:
        model: A model of uint8 images.
        repeats: Measurements after three that do not count.
    """
    shape = (1, *model.input_shape[1:])
    predict = compiled(lambda images: model(images, training=False), (shape, "uint8"))
    image = np.zeros(shape, "uint8")
    seconds: list[float] = []
    for _ in range(repeats + 3):
        begin = time.perf_counter()
        np.asarray(predict(image))
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds[3:])) * 1e3
