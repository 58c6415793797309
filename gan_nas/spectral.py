"""Spectral normalisation of stacks of kernels, as `keras.layers.SpectralNormalization` does it."""

from typing import Any

from keras import ops


def spectrally_normalized(kernels: Any, vectors: Any, used: Any = None) -> tuple[Any, Any]:
    """Divides every kernel of a stack by its largest singular value (Miyato et al. 2018).

    One power iteration a call, from the vectors of the call before; no gradient flows into
    the vectors. A kernel is the matrix `(… · C_in, C_out)`; one of zeros stays.

    Args:
        kernels: Float tensor of shape `(rows, …, C_in, C_out)`.
        vectors: The approximate singular vectors, `(rows, C_out)`.
        used: A tensor of the shape of `kernels`, or one that broadcasts to it, of 0 and 1.
            Only entries with 1 count and are divided.

    Returns:
        The new kernels and vectors.
    """
    rows, channels = vectors.shape
    counted = kernels if used is None else kernels * used
    matrices = ops.reshape(counted, (rows, -1, channels))
    left = ops.normalize(ops.einsum("rmc,rc->rm", matrices, vectors), axis=-1)
    right = ops.normalize(ops.einsum("rm,rmc->rc", left, matrices), axis=-1)
    left, right = ops.stop_gradient(left), ops.stop_gradient(right)
    norms = ops.einsum("rm,rmc,rc->r", left, matrices, right)
    empty = ops.all(ops.equal(matrices, 0), axis=(1, 2))
    norms = ops.where(empty, ops.ones_like(norms), norms)
    vectors = ops.where(empty[:, None], vectors, right)
    divided = kernels / ops.reshape(norms, (rows, *[1] * (len(kernels.shape) - 1)))
    return divided if used is None else ops.where(used > 0, divided, kernels), vectors
