"""JSON of run folders from others: bounds on what it costs, types and sizes before it is used."""

import json
import os
import time

import pytest

from graftwork.errors import InputError
from graftwork.files import read_json
from graftwork.json_text import DEEPEST, LARGEST_FILE, parse_json


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested"),
        ('{"a":' * 900 + "1" + "}" * 900, "nested"),
        ('{"a": NaN}', "NaN is no number"),
        ("[-Infinity]", "Infinity is no number"),
        ("9" * 5000, "4300 digits"),
        ("[1e999]", "1e999 is too large"),
        ('{"a": -1e400}', "-1e400 is too large"),
        ("{", "Expecting"),
        ("\ufeff{}", "BOM"),
    ],
    ids=range(10),
)
def test_what_is_no_plain_json_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_json(text)


def test_plain_json_is_read():
    deep = "[" * DEEPEST + "]" * DEEPEST
    assert json.dumps(parse_json(deep)) == deep
    wide = {"a": [[number] for number in range(1000)], "b": '[[{"'}
    assert parse_json(json.dumps(wide)) == wide
    assert parse_json(b'{"a": 1.5}') == {"a": 1.5}


def test_a_huge_file_and_a_pipe_are_refused_at_once(tmp_path):
    with open(tmp_path / "huge.json", "wb") as file:
        file.truncate(LARGEST_FILE + 1)
    os.mkfifo(tmp_path / "pipe.json")
    os.symlink("/dev/zero", tmp_path / "endless.json")
    started = time.monotonic()
    for name, reason in (("huge", "bytes"), ("pipe", "not a file"), ("endless", "not a file")):
        with pytest.raises(InputError, match=reason):
            read_json(tmp_path / f"{name}.json")
    assert time.monotonic() - started < 1


@pytest.fixture
def run(tmp_path, tiny_config):
    """A function that writes a run with some arguments of a tree search."""

    def write(**arguments):
        values = {"dataset": "tiny", "blocks": [2, 3], **arguments}
        whole = {"format": 1, "command": "trees search", "arguments": values, **tiny_config}
        (tmp_path / "config.json").write_text(json.dumps(whole))
        return tmp_path

    return write


@pytest.fixture
def tiny_config():
    return {"dataset": {"name": "tiny", "fingerprint": "x"}, "versions": {}}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"blocks": [10**9]}, "at most 32 layers of at most 1,000 blocks"),
        ({"blocks": [1] * 100}, "at most 32 layers"),
        ({"blocks": "2 4"}, "blocks must be a list, each a whole number"),
        ({"blocks": [[1]]}, "blocks must be a list"),
        ({"channels": 10**9}, "channels must be at most"),
        ({"channels": True}, "channels must be a whole number"),
        ({"channels": 1.5}, "channels must be a whole number"),
        ({"seeds": 10**12}, "seeds must be at most"),
        ({"seed": 2**40}, "seed must be at most"),
        ({"depth": None}, "depth must be a whole number"),
        ({"steps": 10**30}, "steps must be at most"),
        ({"random_trees": 10**9}, "random-trees must be at most"),
        ({"learning_rate": "fast"}, "learning-rate must be a number"),
        ({"score": "x" * 10**6}, "score must be accuracy or balanced-accuracy"),
        ({"dataset": ["tiny"]}, "dataset must be a text"),
        ({"data_dir": 7}, "argument"),
        ({"shell": "rm"}, "no argument 'shell'"),
    ],
    ids=range(17),
)
def test_stored_arguments_are_checked_before_they_are_used(command, run, arguments, reason):
    status, out, err = command("trees", "train", run(**arguments))
    assert (status, out) == (2, "")
    assert reason in err
    assert err.count("\n") == 1
    assert len(err) < 500


@pytest.mark.parametrize("form", ["json", "toml"])
def test_a_configuration_file_that_is_none_is_one_line(command, tmp_path, form):
    path = tmp_path / f"config.{form}"
    for text in ("a=" + "[" * 50_000, "[" * 50_000, '{"a": ' + "9" * 9000 + "}", '{"a": NaN}'):
        path.write_text(text)
        status, _, err = command("trees", "search", "--out", tmp_path / "o", "--config", path)
        assert (status, err.count("\n")) == (2, 1), err[-400:]
        assert "is not valid" in err
