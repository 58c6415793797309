"""`graftwork` with the tiny dataset on two logical devices of the CPU.

    python on_two_devices.py transfer learn … --distribute mirrored

How many devices there are must be said before TensorFlow starts.
"""

import sys

import pytest
import tiny

from graftwork import cli
from graftwork.backend import load_backend

if __name__ == "__main__":
    load_backend()
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    logical = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, logical)
    with pytest.MonkeyPatch.context() as patch:
        tiny.register(patch)
        cli.main(sys.argv[1:])
