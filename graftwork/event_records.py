"""The bytes of TensorBoard's event files: records, events and what HParams reads.

A file is a row of TFRecords, each with one `Event`, a protocol buffer. The few messages that are
needed are encoded here, so that neither TensorBoard nor TensorFlow need be loaded where a run
writes them: a benchmark does without both. Numbers of fields are those of TensorFlow's
`event.proto`, `summary.proto` and `tensor.proto`, and of `plugin_data.proto` of TensorBoard's
plugin hparams.
"""

import struct
from collections.abc import Mapping

import numpy as np

VERSION = "brain.Event:2"

Value = bool | int | float | str
"""What HParams shows of a hyperparameter."""

_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5  # Wire types.
_START, _SUCCESS = 1, 1  # SessionLog.START and Status.STATUS_SUCCESS.
# A tensor of one float, zero: a summary that only has metadata holds it, too.
_NO_TENSOR = b"\x08\x01\x12\x04\x12\x02\x08\x01\x2a\x04\x00\x00\x00\x00"


def record(data: bytes) -> bytes:
    """Returns data as a TFRecord: its length and the data, each with its checksum."""
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def version_event(seconds: float) -> bytes:
    """Returns the `Event` that a file begins with.

    Args:
        seconds: When it was written, since 1970.
    """
    return _field(1, seconds) + _field(3, VERSION)


def restart_event(seconds: float, step: int) -> bytes:
    """Returns the `Event` after which nothing counts that was written for this step or later.

    Args:
        seconds: When it was written, since 1970.
        step: The first step that is written anew.
    """
    return _field(1, seconds) + _field(2, step) + _field(7, _field(1, _START))


def summary_event(seconds: float, step: int, values: list[bytes]) -> bytes:
    """Returns the `Event` that tells values of a step.

    Args:
        seconds: When it was written, since 1970.
        step: Their place on the axis.
        values: Of `scalar`, `picture`, `session_start` or `session_end`.
    """
    summary = b"".join(_field(1, value) for value in values)
    return _field(1, seconds) + _field(2, step) + _field(5, summary)


def scalar(tag: str, value: float) -> bytes:
    """Returns a number as a `Summary.Value`; beyond float32 it is infinite."""
    with np.errstate(over="ignore"):
        single = np.asarray(value, "<f4").tobytes()
    return _field(1, tag) + _key(2, _FLOAT) + single


def picture(tag: str, png: bytes) -> bytes:
    """Returns the bytes of a PNG file as a `Summary.Value`."""
    return _field(1, tag) + _field(4, _field(4, png))


def session_start(hyperparameters: Mapping[str, Value], seconds: float) -> bytes:
    """Returns the `Summary.Value` by which HParams knows what a run was asked for.

    Args:
        hyperparameters: Their values by name.
        seconds: When the run began, since 1970.
    """
    entries = b"".join(
        _field(1, _field(1, name) + _field(2, _struct_value(value)))
        for name, value in hyperparameters.items()
    )
    info = entries + _field(5, float(seconds))
    return _hparams("_hparams_/session_start_info", _field(3, info))


def session_end(seconds: float) -> bytes:
    """Returns the `Summary.Value` by which HParams knows that a run ended well.

    Args:
        seconds: When it ended, since 1970.
    """
    info = _field(1, _SUCCESS) + _field(2, float(seconds))
    return _hparams("_hparams_/session_end_info", _field(4, info))


def _hparams(tag: str, content: bytes) -> bytes:
    plugin = _field(1, "hparams") + _field(2, content)
    return _field(1, tag) + _field(8, _NO_TENSOR) + _field(9, _field(1, plugin))


def _struct_value(value: Value) -> bytes:
    """Returns a `google.protobuf.Value`."""
    if isinstance(value, bool):
        return _field(4, int(value))
    if isinstance(value, str):
        return _field(3, value)
    return _field(2, float(value))


def _field(number: int, value: int | float | str | bytes) -> bytes:
    """Returns a field of a protocol buffer; a Python float is a double, bytes may be a message."""
    if isinstance(value, float):
        return _key(number, _DOUBLE) + struct.pack("<d", value)
    if isinstance(value, int):
        return _key(number, _VARINT) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _key(number, _BYTES) + _varint(len(data)) + data


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    """Returns a whole number, not negative, seven bits a byte, the lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _table() -> list[int]:
    """Returns what CRC-32C makes of every byte (Castagnoli's polynomial, bits reversed)."""
    found = []
    for rest in range(256):
        for _ in range(8):
            rest = rest >> 1 ^ (0x82F63B78 if rest & 1 else 0)
        found.append(rest)
    return found


_TABLE = _table()


def _checksum(data: bytes) -> bytes:
    """Returns the CRC-32C of data, rotated and shifted as TFRecords have it."""
    crc, table = 0xFFFFFFFF, _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
