"""Loss scaling for float16, right on several devices, too."""

from typing import Any

import keras

from graftwork.devices import on_all_replicas


class LossScaling(keras.optimizers.LossScaleOptimizer):
    """Keras's loss scaling, which looks at the gradients of all replicas.

    Micikevicius et al., "Mixed Precision Training", ICLR 2018, section 3.2: the loss is multiplied
    by a factor so that small gradients do not become 0 in float16. Where one is not finite, the
    step is left out and the factor halved; after 2,000 steps without that it is doubled.

    Gradients are summed over the replicas after Keras has looked at them, and it looks at those of
    the first replica alone: an infinite one of another would get into the weights.
    """

    def check_finite(self, grads: Any) -> Any:
        """Returns whether all gradients are finite numbers, on every replica the same."""
        return on_all_replicas(super().check_finite(grads))


def scaled(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Returns an optimizer that scales the loss where networks compute in float16."""
    if keras.config.dtype_policy().name == "mixed_float16":
        return LossScaling(optimizer)
    return optimizer


def forget(optimizer: keras.optimizers.Optimizer, variables: list[Any]) -> None:
    """Takes an optimizer back to its first step; its learning rate stays.

    Args:
        optimizer: What `scaled` returned.
        variables: What it trains.
    """
    if not optimizer.built:  # Building once more would add variables once more.
        optimizer.build(variables)
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    for variable in optimizer.variables:
        if variable is not inner._learning_rate:
            variable.assign(keras.ops.zeros_like(variable))
    if inner is not optimizer:
        optimizer.dynamic_scale.assign(optimizer.initial_scale)
