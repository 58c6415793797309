"""Adam that leaves alone what a step did not use."""

from typing import Any

import keras
from keras import ops


class LazyAdam(keras.optimizers.Adam):
    """Adam (Kingma & Ba 2015) that skips slices without a gradient.

    A supernet's variables hold one slice a block along their first axis. A block that no
    attribute passes gets a gradient of exactly zero, yet Adam would still move it, by
    the momentum of earlier steps. Here a slice `g[i]` that is zero everywhere leaves
    `m[i]`, `v[i]` and the weights `w[i]` as they are; every other slice is updated as by
    `keras.optimizers.Adam`. The bias corrections count all steps.

    Takes the arguments of `keras.optimizers.Adam`, except `amsgrad`.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable, slice by slice along its first axis."""
        dtype = variable.dtype
        gradient = ops.cast(gradient, dtype)
        step = ops.cast(self.iterations + 1, dtype)
        first = 1 - ops.power(ops.cast(self.beta_1, dtype), step)
        second = 1 - ops.power(ops.cast(self.beta_2, dtype), step)
        alpha = ops.cast(learning_rate, dtype) * ops.sqrt(second) / first
        used = ops.cast(
            ops.any(gradient != 0, axis=tuple(range(1, len(variable.shape))), keepdims=True),
            dtype,
        )
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        self.assign_add(m, used * (gradient - m) * (1 - self.beta_1))
        self.assign_add(v, used * (ops.square(gradient) - v) * (1 - self.beta_2))
        self.assign_sub(variable, used * alpha * m / (ops.sqrt(v) + self.epsilon))
