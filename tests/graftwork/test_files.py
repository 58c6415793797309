"""Atomic writes: whatever happens, the old file is there or the new one is."""

import json
import math
import os

import pytest

from graftwork import files
from graftwork.errors import InputError


class CrashError(Exception):
    pass


def crash_after_writing(file, text):
    file.write(text)
    raise CrashError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("mode", "content"), [("w", "grün"), ("wb", b"\x00\xff")])
def test_a_file_is_written_as_text_or_bytes(tmp_path, mode, content):
    path = tmp_path / "file"
    with files.atomic_file(path, mode) as file:
        file.write(content)
        assert not path.exists()
    stored = path.read_bytes() if mode == "wb" else path.read_text(encoding="utf-8")
    assert stored == content
    assert names(tmp_path) == ["file"]


def test_a_crash_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(CrashError), files.atomic_file(path) as file:
        crash_after_writing(file, "half of the new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_others_may_read_what_is_written(tmp_path):
    files.write_text(tmp_path / "file", "text")
    with files.atomic_folder(tmp_path / "folder"):
        pass
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755


def test_a_reader_of_the_old_file_is_not_disturbed(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with open(path) as reader:
        files.write_text(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_a_folder_appears_whole(tmp_path):
    path = tmp_path / "folder"
    with files.atomic_folder(path) as temporary:
        (temporary / "inner").mkdir()
        (temporary / "inner" / "file").write_text("text")
        assert not path.exists()
    assert (path / "inner" / "file").read_text() == "text"
    assert names(tmp_path) == ["folder"]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    with files.atomic_folder(path) as temporary:
        (temporary / "new").write_text("new")
    assert names(path) == ["new"]
    assert names(tmp_path) == ["folder"]


def test_a_crash_leaves_the_old_folder_and_nothing_else(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    with (
        pytest.raises(CrashError),
        files.atomic_folder(path) as temporary,
        open(temporary / "new", "w") as file,
    ):
        crash_after_writing(file, "half of the new")
    assert names(path) == ["old"]
    assert names(tmp_path) == ["folder"]


def test_what_is_written_is_synced_before_it_is_renamed(tmp_path, monkeypatch):
    calls = []

    def noted(name):
        original = getattr(os, name)

        def call(*arguments):
            calls.append(name)
            return original(*arguments)

        monkeypatch.setattr(os, name, call)

    noted("fsync")
    noted("replace")
    files.write_text(tmp_path / "file", "text")
    with files.atomic_folder(tmp_path / "folder") as temporary:
        (temporary / "file").write_text("text")
    assert calls == ["fsync", "replace", "fsync"] * 2


def test_json_comes_back(tmp_path):
    value = {"a": [1, 2.5, None, "ü"], "b": {"c": True}}
    files.write_json(tmp_path / "file.json", value)
    assert files.read_json(tmp_path / "file.json") == value
    assert (tmp_path / "file.json").read_text().endswith("}\n")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_json_does_not_know_is_refused_and_the_old_file_kept(tmp_path, value):
    path = tmp_path / "file.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(path, {"a": value})
    assert json.loads(path.read_text()) == {"a": 1}
    assert names(tmp_path) == ["file.json"]


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\xff\xfe"])
def test_broken_json_is_an_input_error_that_names_the_file(tmp_path, content):
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.json is not valid JSON"):
        files.read_json(path)


def test_json_that_is_missing_or_a_folder_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"absent\.json does not exist"):
        files.read_json(tmp_path / "absent.json")
    with pytest.raises(InputError, match="cannot be read"):
        files.read_json(tmp_path)


def test_a_folder_that_cannot_be_replaced_is_put_back(tmp_path, monkeypatch):
    path, replace = tmp_path / "folder", files.os.replace
    path.mkdir()
    (path / "old").write_text("old")

    def fails(source, target):
        if target == path and not str(source).endswith(".old"):
            raise OSError(5, "Input/output error")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", fails)
        with pytest.raises(OSError, match="Input"), files.atomic_folder(path) as temporary:
            (temporary / "new").write_text("new")
    assert names(path) == ["old"]
    assert names(tmp_path) == ["folder"]


def test_what_a_kill_had_moved_aside_comes_back(tmp_path):
    path, other = tmp_path / "folder", tmp_path / ".folder.template.old.txt"
    other.touch()
    (tmp_path / ".folder.abcd12_x.old").mkdir()
    (tmp_path / ".folder.abcd12_x.old" / "old").touch()
    with pytest.raises(CrashError), files.atomic_folder(path):
        raise CrashError
    assert names(path) == ["old"]
    (tmp_path / ".folder.abcd12_y.old").mkdir()
    with files.atomic_folder(path):
        pass
    assert names(path) == []
    assert names(tmp_path) == [other.name, "folder"]
