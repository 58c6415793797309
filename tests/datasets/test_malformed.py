"""Tables and images broken at random give a source or one line of error, and never a hang."""

import codecs
import io
import re
import struct
import zlib

import made_folder as made
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets import folder as folder_dataset
from datasets.images import fitted
from datasets.options import DataOptions
from datasets.source import ImageFiles
from graftwork.errors import InputError

# Pillow's, of odd metadata: datasets.images ignores them, but pytest resets that.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

SECONDS = 5
"""That one example may take; all of them take milliseconds."""
NAMES = [f"{letter}.png" for letter in "abcdef"]
TABLE = b"image,round,red,split\n" + b"".join(
    b"%c.png,%d,%d,%s\n" % (letter, letter % 2, letter % 3 > 0, split)
    for letter, split in zip(b"abcdef", [b"train"] * 4 + [b"val", b"test"], strict=True)
)
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7", "cp500")


def broken(examples):
    """The same examples in every run."""
    return settings(derandomize=True, database=None, max_examples=examples, deadline=1000 * SECONDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six images; each example writes its own table."""
    path = tmp_path_factory.mktemp("folder")
    made.write_images(path, NAMES)
    return path


def result(path, call, *arguments):
    """What a call returns, or None if it raises one line of error that names the path."""
    try:
        return call(*arguments)
    except InputError as error:
        message = str(error)
    assert message.isprintable()
    assert str(path) in message
    return None


def check_table(folder, content):
    """Reads a table: a sound source and problems with their place, or one line of error."""
    table = folder / "attributes.csv"
    table.write_bytes(content)
    options = DataOptions(dataset="folder", data_dir=folder)
    source = result(table, folder_dataset.open_source, options)
    if source is None:
        return
    assert set(source.images.names) <= set(NAMES)
    assert len(set(source.images.names)) == len(source.labels) > 0
    assert source.labels.shape[1] == len(source.attributes) > 0
    assert set(np.unique(source.labels)) <= {-1, 0, 1}
    rows = np.sort(np.concatenate(list(source.splits.values())))
    np.testing.assert_array_equal(rows, np.arange(len(source.labels)))
    lines = content.count(b"\n") + content.count(b"\r") + 1
    for kind, texts in source.problems.first.items():
        for text in texts:
            assert text.isprintable()
            place = re.match(rf"{re.escape(str(table))}, line (\d+): ", text)
            if kind == "images without a row":
                assert text.startswith(str(folder))
            else:
                assert place
                assert 1 < int(place[1]) <= lines


@st.composite
def changed(draw, content, most=6):
    """Bytes with a few flipped, cut out, doubled or put in."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, most))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(0, 12))
        kind = draw(st.sampled_from(["flip", "cut", "double", "insert", "end"]))
        if kind == "flip" and data:
            data[place] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del data[place : place + length]
        elif kind == "double":
            data[place:place] = data[place : place + length]
        elif kind == "insert":
            some = st.sampled_from([b'"', b"\n", b"\r", b",", b";", b"\t", b"\0", b"\xff", b"../"])
            data[place:place] = draw(some | st.binary(max_size=8))
        elif draw(st.booleans()):
            del data[place:]
    return bytes(data)


cells = st.one_of(
    st.sampled_from(["0", "1", "-1", "", "true", "NaN", "1e0", "a.png", "A", "b", "train", "x\n"]),
    st.sampled_from(
        ["../a.png", "/etc/passwd", "C:\\a.png", "\\\\host\\a.png", "a\\..\\..\\b", "~"]
    ),
    st.sampled_from(["image", "split", "round", "\ufeff", "\u2028", "\x1b[2J", "=1+1", "{}", "%s"]),
    st.text(max_size=12),
    st.builds(lambda letter, count: letter * count, st.sampled_from("a1/."), st.just(50_000)),
)


@broken(150)
@given(changed(TABLE))
def test_a_table_with_changed_bytes(folder, content):
    check_table(folder, content)


@broken(120)
@given(
    st.lists(st.lists(cells, max_size=6), max_size=10),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    st.sampled_from(["", "image,round\n", "image,round,split\n", TABLE.decode()]),
    st.booleans(),
)
def test_a_table_of_random_cells(folder, rows, separator, end, begin, quoted):
    if quoted:
        rows = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in rows]
    text = begin + end.join(separator.join(row) for row in rows)
    check_table(folder, text.encode("utf-8", "surrogatepass"))


@broken(30)
@given(st.sampled_from(ENCODINGS), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
def test_a_table_in_another_encoding(folder, encoding, text):
    content = TABLE.decode().replace("red", f"réd {text}").encode(encoding, "replace")
    check_table(folder, content)


@broken(30)
@given(st.binary(max_size=400))
@example(codecs.BOM_UTF8)
@example(b'"')
@example(b",")
@example(b"image,a\n" + b'"' * 200_001)
@example(b"image,a\n" + b"," * 200_000)
@example(b"image" + b"".join(b",%d" % i for i in range(50_000)) + b"\na.png" + b",1" * 50_000)
@example(b"image,a\n" + b"a.png,2\n" * 50_000)
@example(b"image,a\n" + b"/".join([b"x"] * 60_000) + b",1\n")
@example(b"image,a\n" + b"\xf0\x9f\x98\x80" * 40_000 + b",1\n")
def test_a_table_of_random_bytes(folder, content):
    check_table(folder, content)


def encoded(kind, mode="RGB", **options):
    """The bytes of a small image of noise."""
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (24, 20, 3), np.uint8)).convert(mode)
    if mode == "I":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def animated(kind):
    return encoded(kind, save_all=True, append_images=[Image.new("RGB", (20, 24), "red")])


EXIF = Image.Exif()
EXIF[0x0112] = 6
WHOLE = {
    "grey.png": encoded("PNG", "L"),
    "alpha.png": encoded("PNG", "RGBA", exif=EXIF),
    "palette.png": encoded("PNG", "P", transparency=bytes(200)),
    "deep.png": encoded("PNG", "I"),
    "photo.jpg": encoded("JPEG", exif=EXIF),
    "progressive.jpg": encoded("JPEG", progressive=True, quality=90),
    "print.jpg": encoded("JPEG", "CMYK"),
    "still.gif": encoded("GIF"),
    "moving.gif": animated("GIF"),
    "plain.tif": encoded("TIFF", exif=EXIF),
    "zipped.tif": encoded("TIFF", "L", compression="tiff_lzw"),
    "photo.tif": encoded("TIFF", compression="jpeg"),
    "pages.tif": animated("TIFF"),
    "lossy.webp": encoded("WEBP"),
    "lossless.webp": encoded("WEBP", "RGBA", lossless=True, exif=EXIF),
    "moving.webp": animated("WEBP"),
    "plain.bmp": encoded("BMP"),
    "plain.ppm": encoded("PPM"),
    "plain.pgm": encoded("PPM", "L"),
}
MAGIC = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    b"\xff\xd8\xff\xe1\x00\x40Exif\x00\x00MM\x00*",
    b"GIF89a",
    b"GIF87a\x08\x00\x08\x00\x80\x00\x00",
    b"II*\x00\x08\x00\x00\x00",
    b"MM\x00+\x00\x08\x00\x00",
    b"RIFF\x40\x00\x00\x00WEBPVP8 ",
    b"RIFF\x40\x00\x00\x00WEBPVP8L",
    b"BM",
    b"P6 ",
    b"P3 4 4 255 ",
    b"P5\n8 8\n65535\n",
    b"%!PS-Adobe-3.0 EPSF-3.0\n",
    b"\x00\x00\x01\x00",
)


def check_image(folder, name, content):
    """Opens an image: it comes in a mode and size that fit, or one line of error names it."""
    (folder / name).write_bytes(content)
    image = result(folder / name, ImageFiles(folder, [name]).open, 0, (16, 16))
    if image is None:
        return None
    assert image.mode in ("RGB", "L")
    for fit in ("crop", "pad", "stretch"):
        assert fitted(image, (16, 16, 3), fit).shape == (16, 16, 3)
    return image


@pytest.mark.parametrize("name", WHOLE)
def test_the_images_are_sound_before_they_are_broken(tmp_path, name):
    assert check_image(tmp_path, name, WHOLE[name]) is not None


@broken(150)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_a_truncated_image(folder, name, data):
    end = data.draw(st.integers(0, len(WHOLE[name]) - 1))
    check_image(folder, "cut.bin", WHOLE[name][:end])


@pytest.mark.parametrize("name", sorted(WHOLE.keys() - {"pages.tif"}))  # Its half is a whole page.
def test_half_of_an_image_is_no_image(tmp_path, name):
    assert check_image(tmp_path, name, WHOLE[name][: len(WHOLE[name]) // 2]) is None


@broken(200)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_an_image_with_changed_bytes(folder, name, data):
    check_image(folder, "changed.bin", data.draw(changed(WHOLE[name])))


@broken(100)
@given(st.sampled_from(MAGIC), st.binary(max_size=200))
def test_random_bytes_that_begin_as_an_image(folder, magic, content):
    check_image(folder, "random.bin", magic + content)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, text=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + text + data + chunk(b"IEND", b"")


def tiff(width, height):
    """A TIFF whose one strip is said to hold all of the image."""
    entries = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1)]
    entries += [(278, height), (279, 2**31 - 1)]
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + fields + bytes(4)


BOMBS = {
    "wide.png": png(2**31 - 1, 1),
    "large.png": png(60_000, 60_000),
    "below_the_warning.png": png(8_100, 8_100),
    "nothing.png": png(0, 0),
    "text.png": png(8, 8, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**26)))),
    "profile.png": png(8, 8, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(2**26)))),
    "large.gif": b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\x80\0\0" + bytes(6) + b",",
    "frame.gif": b"GIF89a\x08\0\x08\0\x80\0\0"
    + bytes(6)
    + b","
    + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0)
    + b"\x02\x02\x4c\x01\0;",
    "large.bmp": b"BM"
    + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 50_000, 50_000, 1, 24, *[0] * 6),
    "large.tif": tiff(2**20, 2**20),
    "tall.tif": tiff(1, 2**26),
    "large.ppm": b"P6 100000 100000 255\n\0\0\0",
    "digits.ppm": b"P6 " + b"9" * 100_000 + b" 1 255\n",
    "plain.ppm": b"P3 7000 7000 255\n1 2 3",
    "large.jpg": WHOLE["photo.jpg"].replace(b"\x08\x00\x18\x00\x14", b"\x08\xff\xff\xff\xff"),
    "large.webp": b"RIFF"
    + struct.pack("<I", 22)
    + b"WEBPVP8X"
    + struct.pack("<I", 10)
    + bytes(4)
    + b"\xff\xff\xff" * 2,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_header_that_promises_too_much_is_refused(tmp_path, name):
    assert check_image(tmp_path, name, BOMBS[name]) is None
