"""What every one of several worker processes may use: a GPU, or a share of the cores."""

import os
from collections.abc import Sequence

from graftwork.cores import usable_cores

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
"""Libraries read these when they are imported."""


def share_memory(jobs: int) -> None:
    """Lets this process, and those that it starts, take only the GPU memory that they need.

    Without it the first process takes all of it. To be called before TensorFlow is imported.

    Args:
        jobs: Processes at a time.
    """
    if jobs > 1:
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")


def seats(jobs: int, gpus: int) -> list[dict[str, str]]:
    """Returns the environment variables of every worker.

    Args:
        jobs: Workers at a time.
        gpus: GPUs that TensorFlow sees in this process. Workers take one each, in turn; without
            any they share the cores.
    """
    if gpus:
        names = _visible() or [str(number) for number in range(gpus)]
        return [{"CUDA_VISIBLE_DEVICES": names[job % len(names)]} for job in range(jobs)]
    each = str(max(1, usable_cores() // jobs))
    return [dict.fromkeys(THREADS, each) for _ in range(jobs)]


def _visible() -> Sequence[str]:
    """Returns the GPUs that this process was told to use; none if all."""
    told = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return [name.strip() for name in told.split(",") if name.strip()]
