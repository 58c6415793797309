"""Event files hold what was written, as TensorFlow itself reads them."""

import json
import subprocess
import sys

import pytest
import tensorflow as tf
from google.protobuf.struct_pb2 import Struct, Value
from PIL import Image
from tensorflow.core.util.event_pb2 import Event, SessionLog

from graftwork.event_files import EventFiles, flat
from graftwork.event_records import VERSION, record, session_end, session_start

START, END = "_hparams_/session_start_info", "_hparams_/session_end_info"


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


def test_a_later_process_says_from_which_step_on_the_earlier_is_to_be_forgotten(tmp_path):
    for steps in (range(5), range(3, 6)):
        events = EventFiles(tmp_path)
        for step in steps:
            events.scalars("run", step, {"x": step / 10})
    first, second = (
        [Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))]
        for path in sorted((tmp_path / "run").iterdir())
    )
    assert [event.step for event in first[1:]] == [0, 1, 2, 3, 4]
    assert all(event.HasField("summary") for event in first[1:])
    # TensorBoard forgets nothing at the first start of a folder, and this is its first.
    assert [event.step for event in second] == [0, 3, 3, 3, 4, 5]
    assert second[0].file_version == VERSION
    assert [event.session_log.status for event in second[1:3]] == [SessionLog.START] * 2


def messages(data):
    """Returns the fields of a protocol buffer by number: bytes, numbers or 8 bytes of a double."""
    fields, place = {}, 0

    def varint():
        nonlocal place
        value = shift = 0
        while True:
            value |= (data[place] & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if data[place - 1] < 0x80:
                return value

    while place < len(data):
        key = varint()
        if key & 7 == 0:
            value = varint()
        else:
            length = 8 if key & 7 == 1 else varint()
            value, place = data[place : place + length], place + length
        fields.setdefault(key >> 3, []).append(value)
    return fields


def test_hyperparameters_are_those_of_the_configuration(tmp_path):
    arguments = {
        "seed": 300,
        "learning_rate": 0.5,
        "augment": False,
        "dataset": "glyphs – klein",
        "blocks": [2, 4],
        "time_budget": None,
        "out": "runs/x",
    }
    events = EventFiles(tmp_path)
    events.hyperparameters({"command": "trees search", "arguments": arguments, "format": 1})
    events.result({"test_error": 7.5, "kendall_tau": None})
    begun, numbered, ended = (event.summary.value for event in read(tmp_path / "result")[1:])
    assert {value.tag: value.simple_value for value in numbered} == {"test_error": 7.5}
    for (value,), tag in ((begun, START), (ended, END)):
        assert value.tag == tag
        assert value.metadata.plugin_data.plugin_name == "hparams"
        # Without a tensor TensorBoard leaves the value out.
        assert value.tensor == tf.make_tensor_proto(0, dtype=tf.float32, shape=(1,))
    content = messages(begun[0].metadata.plugin_data.content)
    entries = [messages(entry) for entry in messages(content[3][0])[1]]
    found = Struct(
        fields={entry[1][0].decode(): Value.FromString(entry[2][0]) for entry in entries}
    )
    assert dict(found.items()) == {
        **{"command": "trees search", "seed": 300.0, "learning_rate": 0.5, "augment": False},
        **{"dataset": "glyphs – klein", "blocks": "2, 4"},
    }
    assert messages(messages(ended[0].metadata.plugin_data.content)[4][0])[1] == [1]


def test_messages_are_those_of_tensorboard():
    # SessionStartInfo(hparams={"seed": 3}, start_time_secs=12.5), as TensorBoard 2.21 writes it.
    expected = bytes.fromhex("1a1c0a110a04736565641209110000000000000840290000000000002940")
    value = tf.compat.v1.Summary.Value.FromString(session_start({"seed": 3}, 12.5))
    assert value.metadata.plugin_data.content == expected
    # SessionEndInfo(status=STATUS_SUCCESS, end_time_secs=99.5).
    value = tf.compat.v1.Summary.Value.FromString(session_end(99.5))
    assert value.metadata.plugin_data.content == bytes.fromhex("220b0801110000000000e05840")


def test_objects_inside_arguments_are_flat():
    assert flat({"a": {"b": 1, "c": {"d": [True]}}, "e": []}) == {
        "a.b": 1,
        "a.c.d": "True",
        "e": "",
    }


@pytest.mark.parametrize("length", [0, 1, 127, 128, 70_000])
def test_records_are_those_of_tensorflow(tmp_path, length):
    data = bytes(range(256)) * (length // 256) + bytes(length % 256)
    with tf.io.TFRecordWriter(str(tmp_path / "file")) as writer:
        writer.write(data)
    assert (tmp_path / "file").read_bytes() == record(data)


def test_neither_tensorflow_nor_tensorboard_is_loaded(tmp_path):
    code = """if True:
        import json, sys
        from pathlib import Path
        from graftwork.event_files import EventFiles
        EventFiles(Path(sys.argv[1])).scalars("run", 1, {"x": 1e300})
        print(json.dumps([name for name in ("tensorflow", "tensorboard") if name in sys.modules]))
    """
    told = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, check=True, text=True
    )
    assert json.loads(told.stdout) == []
    assert numbers(read(tmp_path / "run")[1]) == {"x": float("inf")}
