"""Event files that TensorBoard reads: scalars and pictures by step.

Written without TensorBoard, which need not be installed where a search runs.
"""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from tensorflow.core.framework.summary_pb2 import Summary
from tensorflow.core.util.event_pb2 import Event

VERSION = "brain.Event:2"


class EventFiles:
    """Appends to one event file a process and name, in folders that TensorBoard shows as runs.

    Args:
        folder: Where to write, such as `RUN/tensorboard`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._writers: dict[str, tf.io.TFRecordWriter] = {}

    def scalars(self, name: str, step: int, values: Mapping[str, float | None]) -> None:
        """Writes numbers.

        Args:
            name: The curve's name, such as `"search, seed 0"`.
            step: Its place on the axis.
            values: The numbers by tag; None is left out.
        """
        known = {tag: value for tag, value in values.items() if value is not None}
        self._write(
            name, step, [Summary.Value(tag=tag, simple_value=v) for tag, v in known.items()]
        )

    def picture(self, name: str, step: int, tag: str, png: Path) -> None:
        """Writes a picture.

        Args:
            name: The name of the curves that it belongs to.
            step: Its place.
            tag: What it shows.
            png: A PNG file.
        """
        image = Summary.Image(encoded_image_string=png.read_bytes())
        self._write(name, step, [Summary.Value(tag=tag, image=image)])

    def _write(self, name: str, step: int, values: list[Summary.Value]) -> None:
        writer = self._writer(name)
        event = Event(wall_time=time.time(), step=step, summary=Summary(value=values))
        writer.write(event.SerializeToString())
        writer.flush()

    def _writer(self, name: str) -> tf.io.TFRecordWriter:
        if name not in self._writers:
            folder = self.folder / name.replace("/", "-")
            folder.mkdir(parents=True, exist_ok=True)
            own = f"{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
            writer = tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{own}"))
            writer.write(Event(wall_time=time.time(), file_version=VERSION).SerializeToString())
            self._writers[name] = writer
        return self._writers[name]
