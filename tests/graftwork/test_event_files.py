"""Event files hold what was written, as TensorFlow itself reads them."""

import tensorflow as tf
from PIL import Image
from tensorflow.core.util.event_pb2 import Event

from graftwork.event_files import VERSION, EventFiles


def read(folder):
    """Returns the events of the only event file of a folder."""
    (path,) = folder.iterdir()
    assert path.name.startswith("events.out.tfevents.")
    return [Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))]


def numbers(event):
    return {value.tag: value.simple_value for value in event.summary.value}


def test_numbers_are_read_while_the_writer_is_open(tmp_path):
    events = EventFiles(tmp_path)
    events.scalars("search, seed 0", 10, {"score": -0.5, "entropy": None, "loss": 2})
    events.scalars("search, seed 0", 20, {"score": 0.25})
    first, *rest = read(tmp_path / "search, seed 0")
    assert first.file_version == VERSION
    assert [event.step for event in rest] == [10, 20]
    assert [numbers(event) for event in rest] == [{"score": -0.5, "loss": 2.0}, {"score": 0.25}]
    assert 0 < first.wall_time <= rest[0].wall_time <= rest[1].wall_time


def test_every_name_has_a_folder_of_its_own(tmp_path):
    events = EventFiles(tmp_path / "tensorboard")
    events.scalars("a", 1, {"x": 1.0})
    events.scalars("b/c", 2, {"x": 2.0})
    assert sorted(p.name for p in (tmp_path / "tensorboard").iterdir()) == ["a", "b-c"]
    assert numbers(read(tmp_path / "tensorboard" / "b-c")[1]) == {"x": 2.0}


def test_a_picture_is_its_file(tmp_path):
    png = tmp_path / "picture.png"
    Image.new("L", (5, 3), 77).save(png)
    events = EventFiles(tmp_path / "events")
    events.picture("run", 4, "samples", png)
    _, event = read(tmp_path / "events" / "run")
    (value,) = event.summary.value
    assert (event.step, value.tag) == (4, "samples")
    assert tf.io.decode_png(value.image.encoded_image_string).shape == (3, 5, 1)


def test_two_writers_of_one_name_do_not_overwrite_each_other(tmp_path):
    for step in (1, 2):
        EventFiles(tmp_path).scalars("run", step, {"x": float(step)})
    steps = set()
    for path in (tmp_path / "run").iterdir():
        records = tf.data.TFRecordDataset(str(path))
        steps |= {Event.FromString(record.numpy()).step for record in records}
    assert steps == {0, 1, 2}
