"""Text tables: what is read, what is a problem of one row, and what is refused."""

import codecs
import gzip
import os
import zipfile

import numpy as np
import pytest

from datasets.problems import KEPT, Problems
from datasets.tables import LabelTable, csv_rows, read_text
from graftwork.errors import InputError


def rows(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(csv_rows(path))


def table(rows, attributes=("a", "b"), **options):
    """Adds rows of name and cells from line 2 on; returns the table."""
    labels = LabelTable("t.csv", attributes, Problems(), **options)
    for line, (name, *cells) in enumerate(rows, 2):
        labels.add(line, name, cells)
    return labels


@pytest.mark.parametrize(
    "content",
    [
        "image,a\nx.png,1\n",
        "image,a\r\nx.png,1\r\n",
        "image,a\rx.png,1",
        "image;a\nx.png;1\n",
        "image\ta\nx.png\t1\n",
        '"image","a"\n"x.png","1"\n',
        ' image , a\n x.png , "1" \n'.replace('" \n', '"\n'),
        codecs.BOM_UTF8 + b"image,a\nx.png,1\n",
    ],
)
def test_every_form_of_csv_gives_the_same_rows(tmp_path, content):
    assert rows(tmp_path, content) == [(1, ["image", "a"]), (2, ["x.png", "1"])]


def test_the_line_is_that_in_which_a_row_begins(tmp_path):
    content = '\n\nimage,a\n"x\ny\n.png",1\n , \n\nz.png,0'
    assert [line for line, _ in rows(tmp_path, content)] == [3, 4, 9]
    assert rows(tmp_path, content)[1][1] == ["x\ny\n.png", "1"]


def test_marks_that_only_some_programs_take_for_line_ends_part_no_rows(tmp_path):
    assert rows(tmp_path, "image,a\nx\u2028y\x0bz,1\n")[1] == (2, ["x\u2028y\x0bz", "1"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (codecs.BOM_UTF8 + b" \n\n", "is empty"),
        (b"  <!DOCTYPE HTML><title>Quota exceeded</title>", "is a web page"),
        (b"<html>", "is a web page"),
        (b"PK\3\4 and so on", "is an archive or a spreadsheet"),
        (gzip.compress(b"image,a\n", mtime=0), "is an archive"),
        ("image,a\nx,1\n".encode("utf-16"), "is a text in UTF-16"),
        ("image,a\nx,1\n".encode("utf-16-le"), "line 1: holds a zero byte"),
        (b"image,a\nx,1\ny\0,0\n", "line 3: holds a zero byte"),
        (b"image,a\nx,1\n\xe9.png,0\n", "line 3: not a text in UTF-8"),
        (b'image,a\nx,1\n"y,0\nz,1\n', "line 3: a cell that does not end.*quote not closed"),
        (b'image,a\nx,1\n"y"z,0\n', "line 3: ',' expected after '\"'"),
        (b"image,a\nx,1\n" + b"y" * 200_000 + b",0\n", "line 3: a cell.*131,072 characters"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(tmp_path, content, message):
    with pytest.raises(InputError, match=rf"table\.csv.*{message}"):
        rows(tmp_path, content)


def test_a_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "table.csv", "w") as archive:
        archive.writestr("attributes.csv", "image,a\n")
    with pytest.raises(InputError, match="Unpack it"):
        read_text(tmp_path / "table.csv")


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path / "absent.csv", r"absent\.csv does not exist"),
        (tmp_path, "is not a file"),
        (tmp_path / "pipe", "pipe is not a file"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
    ]:
        with pytest.raises(InputError, match=message):
            read_text(path)


def test_a_file_of_gigabytes_is_not_read(tmp_path):
    with open(tmp_path / "large.csv", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(InputError, match=r"large\.csv has more than 268,435,456 bytes"):
        read_text(tmp_path / "large.csv")


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        (["1", "1.0", "+1", "true", "TRUE", "True", "yes", "Y", " t "], ["0", "False", "no", "N"]),
        (["1", "true"], ["-1", "-1.0"]),
    ],
)
def test_cells_become_labels(yes, no):
    missing = ["", "NA", "nan", "?", "None", "null"]
    cells = [*yes, *no, *missing]
    names, labels = table([(str(i), cell) for i, cell in enumerate(cells)], ("a",)).finish()
    assert names == [str(i) for i in range(len(cells))]
    assert labels.dtype == np.int8
    assert labels.flags.writeable
    assert labels[:, 0].tolist() == [1] * len(yes) + [0] * len(no) + [-1] * len(missing)


def test_minus_one_beside_zero_is_refused_with_both_lines():
    with pytest.raises(InputError, match=r"t\.csv: -1 \(line 4\) and 0 \(line 2\) both occur"):
        table([("x", "0", "1"), ("y", "1", "1"), ("z", "1", "-1")]).finish()


def test_a_row_left_out_does_not_make_a_table_ambiguous():
    labels = table([("x", "0", "1"), ("y", "1", "0"), ("z", "-1", "bad"), ("x", "-1", "1")])
    assert labels.finish()[1].tolist() == [[0, 1], [1, 0]]


def test_bad_rows_are_problems_with_their_line():
    labels = table([("x", "0", "1"), ("y", "2", "1"), ("z", "1"), ("x", "1", "1"), ("w", "1", "0")])
    assert labels.finish()[0] == ["x", "w"]
    assert labels.problems.first == {
        "wrong label values": [
            "t.csv, line 3: 'a' is '2', where 0, 1, -1, true, false or nothing is expected"
        ],
        "rows of another length": ["t.csv, line 4: 1 values where 2 are expected"],
        "repeated rows": ["t.csv, line 5: 'x' is in line 2 already; that row counts"],
    }
    assert labels.problems.left_out == 2


def test_a_column_of_other_things_is_refused_once_with_the_way_to_leave_it_out():
    filled = [(str(row), row % 2, f"a photo, {row}", row) for row in range(30)]
    labels = table([(name, str(a), b, str(c)) for name, a, b, c in filled], ("a", "my text", "n"))
    with pytest.raises(InputError) as caught:
        labels.finish()
    assert str(caught.value) == (
        "t.csv, line 2: 'my text' is 'a photo, 0', where 0, 1, -1, true, false or nothing is "
        "expected. 30 of the 30 values of this column are no labels."
    )
    labels.flag = "--without"
    with pytest.raises(InputError, match=r"attribute: --without 'my text' n\.$"):
        labels.finish()


def test_a_column_of_text_and_gaps_is_refused_too():
    with pytest.raises(InputError, match=r"line 3: 'b' is 'text'.* 1 of the 1 values"):
        table([("x", "0", ""), ("y", "1", "text"), ("z", "1", "")]).finish()


def test_a_column_with_as_many_labels_as_errors_is_read():
    labels = table([("x", "0", "1"), ("y", "1", "oh"), ("z", "1", ""), ("w", "1", "0")])
    assert labels.finish()[0] == ["x", "z", "w"]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ((), "line 5: the header has no attribute"),
        (("a", ""), "line 5: the header has an attribute without a name"),
        (("a", "b\nc", "b\nc"), r"line 5: the header has the attribute 'b\\nc' twice"),
    ],
)
def test_a_header_that_names_no_attributes_is_refused(attributes, message):
    with pytest.raises(InputError, match=message):
        LabelTable("t.csv", attributes, Problems(), line=5)


def test_a_header_of_very_many_attributes_takes_no_time_out_of_proportion():
    assert len(LabelTable("t.csv", [str(i) for i in range(100_000)], Problems()).attributes) == 1e5


def test_a_table_without_a_good_row_is_refused_with_the_first_problem():
    with pytest.raises(InputError, match=r"t\.csv: no row.*It has none below the header\.$"):
        table([]).finish()
    with pytest.raises(InputError, match=r"no row.*The first problem: t\.csv, line 2: 1 values"):
        table([("x", "1")]).finish()


def test_problems_are_counted_kept_to_some_and_stay_on_one_line():
    problems = Problems()
    for line in range(KEPT + 5):
        problems.add("rows", f"a\nb, line {line}", "wrong\x1b[2J\udc80", left_out=line % 2 == 0)
    assert problems.counts == {"rows": KEPT + 5}
    assert problems.left_out == 13
    assert len(problems.first["rows"]) == KEPT
    assert problems.first["rows"][0] == "a\\nb, line 0: wrong\\x1b[2J\\udc80"


def test_long_cells_are_cut_in_messages():
    labels = table([("x", "1", "1"), ("y", "1", "z" * 1000)])
    assert len(labels.problems.first["wrong label values"][0]) < 200
