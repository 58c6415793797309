"""A person's own folder of images, with a table in every form in which people write it."""

import codecs
import gzip
import os
from pathlib import Path

import made_folder as made
import numpy as np
import pytest

from datasets import folder as folder_dataset
from datasets.dataset import SPLITS
from datasets.images import fitted
from datasets.options import DataOptions
from graftwork.errors import InputError

NAMES = [f"{letter}.png" for letter in "abcdefgh"]
HEADER = "image,round,red"


@pytest.fixture
def folder(tmp_path):
    """Eight images, a.png to h.png."""
    made.write_images(tmp_path / "images", NAMES)
    return tmp_path / "images"


def table(folder, *lines, name="attributes.csv", header=HEADER, encoding="utf-8", end="\n"):
    (folder / name).write_bytes((end.join([header, *lines]) + end).encode(encoding))


def open_source(folder, **options):
    return folder_dataset.open_source(DataOptions(dataset="folder", data_dir=folder, **options))


def read(source):
    """What a source holds, row by row."""
    return {
        name: row.tolist() for name, row in zip(source.images.names, source.labels, strict=True)
    }


def refused(folder, **options):
    with pytest.raises(InputError) as caught:
        open_source(folder, **options)
    assert str(caught.value).isprintable()
    return str(caught.value)


def problem(source, kind):
    """The only problem of a kind."""
    assert source.problems.counts[kind] == 1
    return source.problems.first[kind][0]


def assert_consistent(source):
    assert source.labels.dtype == np.int8
    assert source.labels.shape == (len(source.images), len(source.attributes))
    assert tuple(source.splits) == SPLITS
    for rows in source.splits.values():
        assert rows.dtype == np.int64
        assert (np.diff(rows) > 0).all()
    together = np.concatenate(list(source.splits.values()))
    np.testing.assert_array_equal(np.sort(together), np.arange(len(source.images)))


def test_a_whole_folder_is_read(tmp_path):
    source = folder_dataset.open_source(made.make(tmp_path))
    assert_consistent(source)
    assert list(source.images.names) == list(made.NAMES)
    np.testing.assert_array_equal(source.labels, made.labels())
    assert source.attributes == made.ATTRIBUTES
    assert source.problems.counts == {}
    assert {name: len(rows) for name, rows in source.splits.items()} == {
        **{"train": 63, "validation": 14, "test": 13}
    }
    for rows in source.splits.values():
        np.testing.assert_allclose(source.labels[rows].mean(axis=0), 0.5, atol=0.1)
    assert source.note == (
        "The images were dealt 70% to train, 15% to validation, 15% to test, with seed 0, "
        "keeping the attributes' rates."
    )
    assert (source.size, source.channels, source.flip, source.shift) == ((32, 32), 3, False, 0)
    for row in range(len(source.images)):
        bright, _, wide = source.labels[row]
        image = source.images.open(row, (64, 64))
        assert (image.width > image.height) == wide
        assert (fitted(image, (8, 8, 1), "crop").mean() > 100) == bright


def test_splits_are_dealt_by_the_seed(tmp_path):
    made.make(tmp_path)
    deals = [open_source(tmp_path, data_seed=seed).splits["test"].tolist() for seed in (0, 0, 1)]
    assert deals[0] == deals[1] != deals[2]


@pytest.mark.parametrize(
    ("yes", "no"),
    [("1", "0"), ("1", "-1"), ("true", "false"), ("True", "FALSE"), ("1.0", "0.0"), ("yes", "no")],
)
def test_labels_are_read_in_every_form_and_missing_ones_kept(folder, yes, no):
    table(folder, f"a.png,{yes},{no}", f"b.png,{no},", f"c.png,,{yes}")
    assert read(open_source(folder)) == {"a.png": [1, 0], "b.png": [0, -1], "c.png": [-1, 1]}


@pytest.mark.parametrize(
    "content",
    [
        "image,round\na.png,1\nb.png,0\n",
        "image,round\r\na.png,1\r\nb.png,0\r\n",
        "image;round\na.png;1\nb.png;0",
        "image\tround\na.png\t1\nb.png\t0",
        '\n"image", "round"\n"a.png", "1"\n\n"b.png",0\n,\n',
        codecs.BOM_UTF8 + b"image,round\na.png,1\nb.png,0\n",
        "round,image\n1,a.png\n0,b.png\n",
        "id_of_mine,round\na.png,1\nb.png,0\n",
        ",round\na.png,1\nb.png,0\n",
        ",image,round\n0,a.png,1\n1,b.png,0\n",  # pandas with its index
    ],
)
def test_every_form_of_the_table_is_read(folder, content):
    content = content if isinstance(content, bytes) else content.encode()
    (folder / "attributes.csv").write_bytes(content)
    source = open_source(folder)
    assert read(source) == {"a.png": [1], "b.png": [0]}
    assert source.attributes == ("round",)


@pytest.mark.parametrize(
    "column", ["image", "Image_ID", "file", "filename", "FileName", "file name", "path", "name"]
)
def test_the_column_of_names_may_stand_anywhere(folder, column):
    table(folder, "1,0,a.png", header=f"round,red,{column}")
    source = open_source(folder)
    assert source.attributes == ("round", "red")
    assert read(source) == {"a.png": [1, 0]}


def test_cells_in_quotes_may_hold_line_breaks_and_lines_are_counted(folder):
    table(folder, '"x\ny",1,0', "b.png,2,0", "a.png,1,1", header='image,"round\nish",red')
    source = open_source(folder)
    assert source.attributes == ("round\nish", "red")
    assert read(source) == {"a.png": [1, 1]}
    assert "attributes.csv, line 3: there is no image 'x\\ny'" in problem(
        source, "rows without an image"
    )
    assert "attributes.csv, line 5: 'round\\nish' is '2'" in problem(source, "wrong label values")


def test_the_table_is_attributes_csv_or_the_only_csv_or_the_one_named(folder, tmp_path):
    table(folder, "a.png,1,0", name="mine.CSV")
    (folder / "._mine.csv").write_bytes(b"\0\5\26\7")  # As macOS leaves them.
    assert read(open_source(folder)) == {"a.png": [1, 0]}
    table(folder, "b.png,1,0", name="other.csv")
    assert "holds 2 CSV files, 'mine.CSV' and 'other.csv' among them" in refused(folder)
    table(folder, "c.png,1,0")
    assert read(open_source(folder)) == {"c.png": [1, 0]}
    table(tmp_path, "d.png,1,0", name="elsewhere.txt")
    assert read(open_source(folder, labels=tmp_path / "elsewhere.txt")) == {"d.png": [1, 0]}


def test_images_alone_have_no_attributes(folder):
    made.write_images(folder, ["more/i.png", ".hidden.png", ".git/j.png"])
    (folder / "notes.txt").write_text("no image")
    source = open_source(folder)
    assert_consistent(source)
    assert list(source.images.names) == [*NAMES, "more/i.png"]
    assert source.attributes == ()
    assert source.labels.shape == (9, 0)
    assert source.problems.counts == {}
    assert "rates" not in source.note


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x/one.jpg", "x/one.jpg"),
        ("x\\one.jpg", "x/one.jpg"),
        ("./x/one.jpg", "x/one.jpg"),
        ("x//y/../one.jpg", "x/one.jpg"),
        ("x/one", "x/one.jpg"),
        ("one.jpg", "x/one.jpg"),
        ("one", "x/one.jpg"),
        ("photos/x/one.jpg", "x/one.jpg"),
        ("photos\\x\\one", "x/one.jpg"),
        ("y/two.png", "x/y/two.png"),
        ("both", "both.png"),  # The one that is not in a folder.
        ("both.png", "both.png"),
        ("z/both", "z/both.png"),
        ("Case.png", "q/Case.png"),  # Not Q/case.png.
        ("1.2.3", "1.2.3.tif"),
        ("Zoe\u0308.png", "Zo\u00eb.png"),
        ("a\\b.png", "a\\b.png"),
    ],
)
def test_an_image_is_found_with_or_without_folder_and_ending(tmp_path, written, expected):
    names = ["x/one.jpg", "x/y/two.png", "both.png", "z/both.png", "q/Case.png", "Q/case.png"]
    made.write_images(tmp_path, [*names, "1.2.3.tif", "Zo\u00eb.png", "a\\b.png"])
    table(tmp_path, f"{written},1,0")
    assert list(open_source(tmp_path).images.names) == [expected]


@pytest.mark.parametrize("written", ["A.PNG", "A", "sub/A.png", "a.PNG"])
def test_a_name_that_differs_in_case_is_used_and_reported(folder, written):
    table(folder, f"{written},1,0")
    source = open_source(folder)
    assert list(source.images.names) == ["a.png"]
    text = problem(source, "names that differ in case")
    assert f"attributes.csv, line 2: {written!r} is taken as 'a.png', the only one" in text
    assert source.problems.left_out == 0


@pytest.mark.parametrize(
    ("written", "two"),
    [
        ("one", "'one.jpg' and 'one.png'"),
        ("two.png", "'x/two.png' and 'y/two.png'"),
        ("CASE.png", "'Case.png' and 'case.png'"),
    ],
)
def test_a_name_that_may_mean_two_images_is_a_problem(folder, written, two):
    names = ["one.png", "one.jpg", "x/two.png", "y/two.png", "case.png", "Case.png"]
    made.write_images(folder, names)
    table(folder, f"{written},1,0", "a.png,1,0")
    source = open_source(folder)
    assert list(source.images.names) == ["a.png"]
    text = problem(source, "names of several images")
    assert f"attributes.csv, line 2: {written!r} may mean 2 images, {two}" in text
    assert source.problems.left_out == 1


def test_names_of_a_hundred_thousand_folders_are_found_without_comparing_all():
    names = [f"{i}/image.png" for i in range(100_000)]
    finder = folder_dataset.ImageNames(Path("f"), names, folder_dataset.Problems())
    assert [finder.find(f"data/{i}/IMAGE", "") for i in range(100_000)] == names
    assert finder.find("image", "") is None
    assert finder.find("/".join("a" * 60_000), "") is None


@pytest.mark.parametrize(
    "written", ["../a.png", "x/../../a.png", "/a.png", "C:\\a.png", "..\\a.png", "..", "//a.png"]
)
def test_a_path_that_leaves_the_folder_is_refused(folder, written):
    made.write_images(folder.parent, ["a.png"])
    table(folder, f"{written},1,0", "b.png,1,0")
    source = open_source(folder)
    assert list(source.images.names) == ["b.png"]
    text = problem(source, "paths that leave the folder")
    assert f"attributes.csv, line 2: {written!r} leads out of {folder}" in text
    assert source.problems.left_out == 1


def test_problems_of_rows_and_images_are_reported_with_their_place(folder):
    table(
        folder,
        "a.png,1,0",
        "absent.png,1,0",
        ",1,0",
        "a.png,0,0",
        "b.png,1,0,1",
        "c.png,1",
        "d.png,1,maybe",
        "e.png,0,1",
        "e,0,1",
    )
    source = open_source(folder)
    assert read(source) == {"a.png": [1, 0], "e.png": [0, 1]}
    assert_consistent(source)
    path = folder / "attributes.csv"
    assert source.problems.first == {
        "rows without an image": [
            f"{path}, line 3: there is no image 'absent.png' below {folder}",
            f"{path}, line 4: names no image",
        ],
        "repeated rows": [
            f"{path}, line 5: 'a.png' is in line 2 already; that row counts",
            f"{path}, line 10: 'e.png' is in line 9 already; that row counts",
        ],
        "rows of another length": [
            f"{path}, line 6: 4 cells, where the header has 3",
            f"{path}, line 7: 2 cells, where the header has 3",
        ],
        "wrong label values": [
            f"{path}, line 8: 'red' is 'maybe', where 0, 1, -1, true, false or nothing is expected"
        ],
        "images without a row": [
            f"{folder / name}: no row of {path} names it"
            for name in ("b.png", "c.png", "f.png", "g.png", "h.png")
        ],
    }
    assert source.problems.left_out == 5


def test_a_column_split_is_followed(folder):
    values = ["train", "TRAIN", "val", "Valid", "dev", "validation", "Test", " test "]
    rows = zip(NAMES, values, strict=True)
    table(folder, *(f"{name},1,{value},0" for name, value in rows), header="image,round,Split,red")
    source = open_source(folder)
    assert source.attributes == ("round", "red")
    assert {name: rows.tolist() for name, rows in source.splits.items()} == {
        **{"train": [0, 1], "validation": [2, 3, 4, 5], "test": [6, 7]}
    }
    assert_consistent(source)
    assert source.note == ""


def test_another_split_is_a_problem_and_left_out(folder):
    rows = zip(NAMES, ["train", "val", "test", "training", ""], strict=False)
    table(folder, *(f"{name},1,{split}" for name, split in rows), header="image,round,split")
    source = open_source(folder)
    assert list(source.images.names) == NAMES[:3]
    assert [
        text.split("attributes.csv, ")[1] for text in source.problems.first["wrong splits"]
    ] == [
        "line 5: the split is 'training', where train, validation or test is expected",
        "line 6: the split is '', where train, validation or test is expected",
    ]
    assert source.problems.left_out == 2


def test_splits_that_the_table_lacks_are_dealt_from_train(tmp_path):
    options = made.make(tmp_path)
    splits = ["test" if row >= 70 else "train" for row in range(made.IMAGES)]
    values = np.column_stack([made.labels(), splits])
    made.write_table(
        tmp_path / "attributes.csv", [*made.ATTRIBUTES, "split"], made.NAMES, values.tolist()
    )
    source = folder_dataset.open_source(options)
    assert_consistent(source)
    assert source.splits["test"].tolist() == list(range(70, 90))
    assert len(source.splits["validation"]) == 10
    assert source.note == (
        "The rows of train were dealt 85% to train, 15% to validation, with seed 0, keeping the "
        "attributes' rates."
    )


def test_a_table_without_train_is_refused(folder):
    table(folder, "a.png,1,test", header="image,round,split")
    assert "attributes.csv: no row that can be used has 'train'" in refused(folder)


def test_without_split_the_splits_are_dealt(folder):
    rows = [f"{name},1,test" for name in NAMES]
    table(folder, *rows, header="image,round,split")
    source = open_source(folder, without=("split",))
    assert [len(rows) for rows in source.splits.values()] == [6, 1, 1]


def test_a_column_of_text_is_refused_once_and_left_out_on_request(folder):
    rows = [f'{name},{i % 2},"a photo, {i}",{i}' for i, name in enumerate(NAMES)]
    table(folder, *rows, header="image,round,caption,Unnamed: 0")
    message = refused(folder)
    assert "attributes.csv, line 2: 'caption' is 'a photo, 0', where 0, 1, -1" in message
    assert "8 of the 8 values" in message
    assert message.endswith("attribute: --without caption 'Unnamed: 0'.")
    source = open_source(folder, without=("caption", "Unnamed: 0"))
    assert source.attributes == ("round",)
    assert source.problems.counts == {}
    assert read(open_source(folder, attributes=("round",))) == read(source)


def test_attributes_that_do_not_exist_are_refused_with_the_near_ones(folder, tmp_path):
    table(folder, "a.png,1,0")
    message = "attributes.csv, line 1: unknown attribute 'ruond'. Did you mean round or red?"
    assert message in refused(folder, attributes=("ruond",))
    assert "unknown attribute 'image'" in refused(folder, attributes=("image",))
    assert "unknown column 'blue'" in refused(folder, without=("blue",))
    assert "names no attribute" in refused(folder, without=("round", "red"))
    table(folder, "a.png,1,0", header='image,"two\nlines",red')
    assert r"Known: red, two\nlines." in refused(folder, attributes=("blue",))
    assert r"Known: image, red, two\nlines." in refused(folder, without=("blue",))
    (folder / "attributes.csv").unlink()
    assert "no attribute 'red', for" in refused(folder, attributes=("red",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"image,round\n", "no row of it can be used. It has none below the header"),
        (b",,,\n;;;\n", "names no attribute"),
        (b"image\na.png\n", "line 1: the header names no attribute beside 'image'. Columns are"),
        (b"image|round\na.png|1\n", "names no attribute beside 'image|round'"),
        (b"image,round,round\na.png,1,1\n", "the header has the attribute 'round' twice"),
        (b"image,round,\na.png,1,1\n", "line 1: column 3 of the header has no name"),
        (b"a.png,1,0\nb.png,0,1\n", "line 1: looks like the row of 'a.png', where a header"),
        (b"\nx,1,0\ny,0,1\n", "line 2: looks like the row of 'x'"),
        (b"<!doctype html><p>Quota", "is a web page"),
        (b"PK\3\4\0\0", "is an archive or a spreadsheet"),
        (gzip.compress(b"image,round\n", mtime=0), "is an archive or a spreadsheet"),
        (b"image,round\na.png,1\nb\0.png,1\n", "line 3: holds a zero byte"),
        ("image,round\na.png,1\n".encode("utf-16"), "is a text in UTF-16"),
        ("image,round\nü.png,1\n".encode("latin-1"), "line 2: not a text in UTF-8"),
        (b'image,round\na.png,1\n"b.png,0\n', "line 3: a cell that does not end"),
        (b"image,round\na.png,-1\nb.png,0\nc.png,1\n", "-1 (line 2) and 0 (line 3) both occur"),
        (b"image,round\nx.png,1\n", "no row of it can be used. The first problem: "),
        (b"image,split,round\na.png,1,1\n", "the split is '1', where train"),
    ],
)
def test_a_table_that_is_none_is_refused(folder, content, message):
    (folder / "attributes.csv").write_bytes(content)
    text = refused(folder)
    assert "attributes.csv" in text
    assert message in text


def test_folders_and_files_that_do_not_exist_are_named(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert f"--data-dir {tmp_path / 'none'} is not a folder" in refused(tmp_path / "none")
    assert f"{tmp_path / 'empty'} holds no image that can be used (.png" in refused(
        tmp_path / "empty"
    )
    assert "none.csv does not exist" in refused(folder, labels=tmp_path / "none.csv")
    assert "is not a file" in refused(folder, labels=tmp_path)
    with pytest.raises(InputError, match="needs --data-dir"):
        open_source(None)


def test_a_file_name_that_is_not_utf_8_is_reported(folder):
    os.rename(folder / "a.png", os.fsencode(folder) + b"/\xe9.png")
    source = open_source(folder)
    assert list(source.images.names) == NAMES[1:]
    assert problem(source, "names not in UTF-8").endswith(
        "\\udce9.png: its name is not in UTF-8; rename it"
    )
    assert list(source.images.identity())


POSITIVES = {"smiley": 130, "person": 1935, "animal": 130, "flag": 270, "running_or_walking": 192}


def emoji() -> Path:
    if "GRAFTWORK_TEST_DATA" not in os.environ:
        pytest.skip("GRAFTWORK_TEST_DATA does not name the folder of the real data")
    return Path(os.environ["GRAFTWORK_TEST_DATA"]) / "emoji"


def test_the_real_emoji_are_read_whole():
    path = emoji()
    source = open_source(path / "images", labels=path / "attributes.csv")
    assert_consistent(source)
    assert len(source.images) == 3786
    assert len(source.attributes) == 25
    assert source.problems.counts == {}
    assert {name: len(rows) for name, rows in source.splits.items()} == {
        **{"train": 2650, "validation": 568, "test": 568}
    }
    for name, expected in [
        ("1f408.png", ["face_front", "animal"]),
        ("1f600.png", ["smiley", "face_front"]),
        ("1f697.png", ["vehicle"]),
    ]:
        row = list(source.images.names).index(name)
        assert [source.attributes[i] for i in np.flatnonzero(source.labels[row])] == expected
    for name, count in POSITIVES.items():
        assert (source.labels[:, source.attributes.index(name)] == 1).sum() == count
    for rows in source.splits.values():
        rates = source.labels[rows].mean(axis=0) / source.labels.mean(axis=0)
        np.testing.assert_allclose(rates, 1, atol=0.1)


def test_the_real_emoji_are_found_from_the_folder_above():
    source = open_source(emoji())
    assert len(source.images) == 3786
    assert source.images.names[0] == "images/0023-fe0f-20e3.png"
    assert source.problems.counts == {}


def test_every_real_emoji_opens():
    source = open_source(emoji() / "images")
    for row in range(len(source.images)):
        assert fitted(source.images.open(row, (32, 32)), (32, 32, 3), "crop").max() > 100
