"""Domains of a run: how they are named on the command line, and their tasks."""

import dataclasses
import io
from pathlib import Path

import pytest
import tiny
from rich.console import Console

from datasets import DataOptions
from datasets.identity import describe
from datasets.registry import REGISTRY
from graftwork.errors import InputError
from graftwork.progress import Progress
from transfer_nas.domains import absolute_spec, load_domains, parse_spec, task_names

DEFAULTS = DataOptions(size="32", data_seed=4)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("glyphs", {"dataset": "glyphs"}),
        ("tfds:celeb_a", {"dataset": "tfds:celeb_a"}),
        ("tfds:celeb_a:name=faces", {"dataset": "tfds:celeb_a", "name": "faces"}),
        (
            "folder:name=emoji,data-dir=/a,labels=/a/b.csv",
            {
                "dataset": "folder",
                "name": "emoji",
                "data_dir": Path("/a"),
                "labels": Path("/a/b.csv"),
            },
        ),
        (
            "celeba:attributes=Bangs,Smiling,data_seed=2",
            {"dataset": "celeba", "attributes": ("Bangs", "Smiling"), "data_seed": 2},
        ),
        ("x:data-dir=/a,b=c,max-bad=0.5", "unknown key 'b'"),
        ("x:data-dir=/a,b/c,max-bad=0.5", {"data_dir": Path("/a,b/c"), "max_bad": 0.5}),
        ("x:fit=pad,size=64x32", {"fit": "pad", "size": "64x32"}),
        ("x:data-dir=/a:b=c", {"data_dir": Path("/a:b=c")}),
        ("x:colour=red", "unknown key 'colour'.*data-dir"),
        ("x:dataset=y", "unknown key 'dataset'"),
        ("x:=y", "unknown key ''"),
        ("x:name=", "name has no value"),
        ("x:name=a,name=b", "says name twice"),
        ("x:fit=round", "crop or pad or stretch"),
        ("x:data-seed=one", "a whole number"),
        ("x:max-bad=2", "between 0 and 1"),
        ("x:name=a/b", "name must be"),
    ],
    ids=lambda value: value if isinstance(value, str) and ":" in value else "",
)
def test_a_dataset_with_flags_of_its_own(spec, expected):
    if isinstance(expected, str):
        with pytest.raises(InputError, match=expected):
            parse_spec(spec, DEFAULTS)
    else:
        expected = {"dataset": "x"} | expected
        assert parse_spec(spec, DEFAULTS) == dataclasses.replace(DEFAULTS, **expected)


def test_the_home_folder_is_known(monkeypatch):
    monkeypatch.setenv("HOME", "/home/anna")
    assert parse_spec("x:data-dir=~/a", DEFAULTS).data_dir == Path("/home/anna/a")


def test_a_stored_spec_is_read_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = absolute_spec("folder:name=emoji,data-dir=photos,attributes=a,b,labels=../t.csv")
    expected = f"folder:name=emoji,data-dir={tmp_path}/photos,attributes=a,b"
    assert spec == f"{expected},labels={tmp_path.parent}/t.csv"
    assert absolute_spec(spec) == spec
    for unchanged in ("glyphs", "tfds:celeb_a", "x:name=a", "x:data-dir="):
        assert absolute_spec(unchanged) == unchanged


@pytest.fixture
def loaded(monkeypatch):
    """Loads `tiny` under several options; returns the domains and what was printed."""
    tiny.register(monkeypatch)
    noted = dataclasses.replace(tiny.tiny_dataset(), note="Split by hand.")
    known = dataclasses.replace(REGISTRY["tiny"], loader=lambda options, progress: noted)
    monkeypatch.setitem(REGISTRY, "tiny", known)

    def load(*options, batch_size=400):
        out = io.StringIO()
        specs = [DataOptions(dataset="tiny", **changes) for changes in options]
        return load_domains(specs, batch_size, Progress(Console(file=out, soft_wrap=True))), out

    return load


def test_tasks_are_numbered_through_all_domains(loaded):
    domains, out = loaded({}, {"attributes": ("dot", "row"), "name": "b"}, {})
    assert [domain.name for domain in domains] == ["tiny", "b", "tiny 2"]
    assert [list(domain.tasks) for domain in domains] == [
        [0, 1, 2, 3, 4],
        [5, 6],
        [7, 8, 9, 10, 11],
    ]
    assert task_names(domains)[4:8] == ("tiny/dot", "b/dot", "b/row", "tiny 2/column")
    # Run folders tell them apart, too.
    assert [describe(d.dataset)["name"] for d in domains] == ["tiny", "b", "tiny 2"]
    assert "b: Split by hand." in out.getvalue()


def test_each_domain_needs_a_batch(loaded):
    with pytest.raises(InputError, match=r"at most 400, .* of 'a'\. Received: 401"):
        loaded({"name": "a"}, {}, batch_size=401)


def test_a_domain_must_be_trainable(monkeypatch):
    labels = tiny.tiny_dataset().labels.copy()
    labels[:400, 3] = 0
    tiny.register(monkeypatch, labels=labels)
    with pytest.raises(InputError, match=r"'bars'.*'frame' has one class only"):
        load_domains([DataOptions(dataset="tiny", name="bars")], 8, Progress())
