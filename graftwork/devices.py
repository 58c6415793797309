"""Which devices compute, and how: replicas, precision, XLA, determinism.

One of the few modules that touch `tf` (ARCHITECTURE.md names them).
"""

import contextlib
import ctypes
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import keras
import tensorflow as tf

from graftwork.cluster import workers
from graftwork.collective import barrier, connect
from graftwork.engine_options import EngineOptions
from graftwork.errors import InputError

SECONDS_BETWEEN_TRIES = 0.2

_jit = _deterministic = False

Result = TypeVar("Result")


@contextlib.contextmanager
def engine(options: EngineOptions) -> Iterator[None]:
    """Computes as the options say, as long as the block lasts.

    Networks and trainers that are made in the block use its devices, precision and compiler.
    Operations stay deterministic after the block: TensorFlow cannot take that back.

    Args:
        options: What the command line says. With one device alone all kinds of `distribute` are
            the same.
    """
    global _jit, _deterministic
    before = keras.config.dtype_policy(), _jit
    if options.deterministic:
        tf.config.experimental.enable_op_determinism()
        _deterministic = True
    strategy = _strategy(options.distribute)
    keras.config.set_dtype_policy(options.precision)
    _jit = options.jit
    try:
        with contextlib.nullcontext() if strategy is None else strategy.scope():
            yield
            barrier()  # A worker that ends takes the others with it.
    finally:
        keras.config.set_dtype_policy(before[0])
        _jit = before[1]


def jit_compile() -> bool:
    """Whether training steps are compiled with XLA."""
    return _jit


def described() -> dict[str, Any]:
    """Returns what the journal says of the devices: JSON values."""
    names = [
        tf.config.experimental.get_device_details(device).get("device_name", device.device_type)
        for device in tf.config.list_physical_devices("GPU")
    ]
    return {
        "devices": names or ["CPU"],
        "replicas": replicas(),
        "precision": keras.config.dtype_policy().name,
        "jit": _jit,
        "deterministic": _deterministic,
    }


def on_one_device(function: Callable[[], Result]) -> Result:
    """Calls a function for which there is one device, and returns what it returns.

    For networks that are too small to share. Besides, of several devices the gradients of an
    embedding come as slices, whose squares Adam sums in place of squaring their sum.
    """
    if replicas() == 1:
        return function()
    found: list[Result] = []
    raised: list[BaseException] = []
    ended = threading.Event()

    def call() -> None:
        try:
            found.append(function())
        except BaseException as error:
            raised.append(error)
        finally:
            ended.set()

    alone = threading.Thread(target=call, daemon=True)  # A strategy's scope is its thread's.
    alone.start()
    try:
        ended.wait()  # A `join` that is interrupted takes the thread for ended (gh-90882).
    except BaseException:  # Ctrl-C, which comes to this thread alone.
        # A process that ended before its thread would be aborted by TensorFlow, with another
        # status. A call that does not end is a matter of `graftwork.stuck`.
        while alone.is_alive():
            if not ended.is_set():
                _interrupt(alone)
            with contextlib.suppress(BaseException):  # Of `graftwork.stopping`, which repeats it.
                ended.wait(SECONDS_BETWEEN_TRIES)
        raise
    if raised:
        raise raised[0]
    return found[0]


def _interrupt(thread: threading.Thread) -> None:
    """Raises `SystemExit` in a thread, between two of its Python instructions."""
    number, ending = ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ending)


def on_all_replicas(flag: Any) -> Any:
    """Returns whether a boolean tensor is true on every replica; called on each of them."""
    if replicas() == 1:
        return flag
    context = tf.distribute.get_replica_context()
    count = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.cast(flag, tf.float32))
    return count > replicas() - 0.5


def replicas() -> int:
    """Returns how many parts a batch is split into: the devices of all machines together."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def check_batch_size(batch_size: int) -> None:
    """Raises an `InputError` for a batch that cannot be split evenly over the replicas."""
    if batch_size % replicas():
        raise InputError(
            f"batch-size must be a multiple of the {replicas()} devices that share a batch. "
            f"Received: {batch_size}."
        )


def distributed(make: Callable[[], tf.data.Dataset], split: Callable[[Any, int], Any]) -> Any:
    """Returns a dataset of batches, each split over the replicas in order.

    Every machine makes the whole batches, which depend on seed and step alone, and keeps the
    parts of its own devices: the parts of a step are one batch, whatever the number of devices.

    Args:
        make: Returns the dataset of whole batches.
        split: Returns the nested tensors of a batch with a new first axis: its parts.
    """
    strategy, count = tf.distribute.get_strategy(), replicas()
    if count == 1:
        return make()

    def own(context: tf.distribute.InputContext) -> tf.data.Dataset:
        each = count // context.num_input_pipelines
        first = each * context.input_pipeline_id

        def parts(*batch: Any) -> Any:
            whole = batch if len(batch) > 1 else batch[0]
            return tf.nest.map_structure(lambda t: t[first : first + each], split(whole, count))

        return make().map(parts).unbatch().prefetch(2 * each)

    return strategy.distribute_datasets_from_function(own)


def _strategy(name: str) -> tf.distribute.Strategy | None:
    if name == "none":
        return None
    if name == "multiworker" and workers() > 1:
        return connect()
    return _mirrored()


@functools.cache  # A second one in a process would take the sums of the first for its own.
def _mirrored() -> tf.distribute.Strategy | None:
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) == 1:  # Nothing to share: the first line of the journal says so.
        return None
    return tf.distribute.MirroredStrategy([device.name for device in devices])
