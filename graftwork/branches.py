"""What makes branches of a compiled function fast on TensorFlow; elsewhere as Keras has it."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

    @tf.RegisterGradient("GraftworkMaxPool")
    def _max_pool_gradient(operation: Any, gradient: Any) -> Any:
        """Pools once more: gradient and pooling side by side are what oneDNN makes fast."""
        x = operation.inputs[0]
        names = ("ksize", "strides", "padding", "data_format")
        settings = {name: operation.get_attr(name) for name in names}
        y = tf.raw_ops.MaxPool(input=x, **settings)
        return tf.raw_ops.MaxPoolGrad(orig_input=x, orig_output=y, grad=gradient, **settings)


def shared_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that is traced once for all calls with the same shapes.

    A part that a compiled function calls many times, such as the branches of every edge of
    a cell, is then one function of its graph, and not copied at every call while it is
    traced and differentiated. On other backends, `function` as it is.

    Args:
        function: A function of nested tensors that uses `keras.ops` alone and neither
            reads nor assigns variables: they come as arguments.
    """
    if keras.backend.backend() != "tensorflow":
        return function
    # XLA needs a trace of its own: what a branch hands on to its gradient differs.
    outside, inside = (tf.function(function, autograph=False) for _ in range(2))

    def call(*inputs: Any) -> Any:
        compiles = GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())
        return (inside if compiles else outside)(*inputs)

    return call


def max_pool(x: Any, size: int) -> Any:
    """Max pooling with stride 1 and same padding, whose gradient is fast inside a branch.

    In a branch of `keras.ops.switch` or `cond`, TensorFlow differentiates pooling in
    another function than it pools in. oneDNN's gradient then lacks the places of the
    maxima, and on a CPU one takes over that is 13 to 20 times slower. Pooling again in the
    gradient costs little. (`tf.custom_gradient` would do the same, but fails in a
    `tf.function` inside a `tf.function`.)

    Args:
        x: Float tensor of shape `(n, height, width, channels)`.
        size: Height and width of the squares, odd.

    Returns:
        A tensor of the shape of `x`.
    """
    if keras.backend.backend() != "tensorflow" or tf.executing_eagerly():
        return ops.max_pool(x, size, 1, "same")
    with tf.compat.v1.get_default_graph().gradient_override_map({"MaxPool": "GraftworkMaxPool"}):
        return ops.max_pool(x, size, 1, "same")
