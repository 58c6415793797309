"""Images, tables and archives from others cannot fill the memory, nor run anything."""

import io
import os
import resource
import struct
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from datasets import images as image_files
from datasets import tables
from datasets.images import LARGEST_IMAGE, open_image, read_image
from datasets.lfwa_matlab import read_variables
from datasets.options import DataOptions
from datasets.source import ImageFiles
from gan_nas.image_folder import read_folder
from graftwork.errors import InputError

# Pillow's, of odd metadata: datasets.images ignores them, but pytest resets that.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::Warning:PIL")

SHAPE = (8, 8, 3)
ROOM = 60_000
"""Kilobytes by which the memory may grow: far less than any of the bombs would take."""


def chunk(kind, content):
    """Returns a chunk of a PNG file."""
    whole = kind + content
    return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))


def png(width, height, pixels, *others):
    """Returns a grey PNG file that says what it likes of its size."""
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0))
    ends = chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(others) + ends


def gif(width, height, frames):
    """Returns a GIF file whose screen has any size, with frames of one pixel."""
    buffer = io.BytesIO()
    images = [Image.new("L", (2, 2), value % 256) for value in range(frames)]
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:])
    data = bytearray(buffer.getvalue())
    data[6:10] = struct.pack("<2H", width, height)
    return bytes(data)


def bmp(width, height):
    head = struct.pack("<2sIHHI", b"BM", 200, 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def text_chunks(count):
    """Returns chunks of text that each unpack to 40 megabytes."""
    packed = zlib.compress(bytes(40_000_000), 9)
    return [chunk(b"zTXt", b"a%d\0\0" % number + packed) for number in range(count)]


BOMBS = {
    "header.png": png(60_000, 60_000, b"\0"),
    "pixels.png": png(60_000, 20_000, bytes(60_001 * 200)),
    "wide.png": png(LARGEST_IMAGE + 1, 1, bytes(1000)),
    "text.png": png(8, 8, bytes(72), *text_chunks(4)),
    "screen.gif": gif(65_535, 65_535, 1),
    "header.bmp": bmp(50_000, 50_000),
    "header.ppm": b"P6 99999 99999 255 " + bytes(50),
    "program.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(ran) (w) file\n",
    "program.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(ran) (w) file\n",
}


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.fixture
def bombs(tmp_path):
    for name, content in BOMBS.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_line_and_no_memory(bombs, name):
    before = peak()
    with pytest.raises(InputError, match=name) as caught:
        read_image(bombs / name, SHAPE)
    assert peak() - before < ROOM
    assert "\n" not in str(caught.value)


def test_bombs_in_a_folder_are_left_out_and_named(bombs):
    Image.new("RGB", (9, 9)).save(bombs / "good.png")
    Image.new("RGB", (9, 9)).save(bombs / "cut.jpg")
    (bombs / "cut.jpg").write_bytes((bombs / "cut.jpg").read_bytes()[:300])
    before = peak()
    found = read_folder(bombs, SHAPE)
    assert peak() - before < 2 * ROOM
    assert found.names == ("good.png",)
    # What does not end like an image is not looked at.
    assert set(found.unreadable) == {"cut.jpg", *BOMBS} - {"program.eps"}
    source = ImageFiles(bombs, sorted(BOMBS))
    for row in range(len(source)):
        with pytest.raises(InputError):
            source.open(row, (8, 8))


def test_of_many_frames_the_first_is_read(tmp_path):
    (tmp_path / "a.gif").write_bytes(gif(2, 2, 200))
    assert (read_image(tmp_path / "a.gif", (2, 2, 1)) == 0).all()
    first, second = Image.new("L", (3, 3), 7), Image.new("L", (3, 3), 90)
    for name in ("a.tiff", "a.webp", "a.png"):
        first.save(tmp_path / name, save_all=True, append_images=[second] * 20, lossless=True)
        assert (read_image(tmp_path / name, (3, 3, 1)) == 7).all()


def test_large_images_are_decoded_one_at_a_time(tmp_path, monkeypatch):
    """Each takes its pixels several times over; a thread a core would take all of that at once."""
    monkeypatch.setattr(image_files, "LARGE_IMAGE", 100)
    Image.new("L", (20, 20)).save(tmp_path / "large.png")
    Image.new("L", (5, 5)).save(tmp_path / "small.png")
    running, most = 0, {"large.png": 0, "small.png": 0}
    together = threading.Barrier(3)

    def slow(image):
        nonlocal running
        name = os.path.basename(image.filename)
        running += 1
        most[name] = max(most[name], running)
        if name == "small.png":
            together.wait(5)
        else:
            threading.Event().wait(0.02)
        running -= 1
        return image

    monkeypatch.setattr(image_files, "upright", slow)
    for name in most:
        open_some = [
            threading.Thread(target=open_image, args=(tmp_path / name, (4, 4))) for _ in range(3)
        ]
        for thread in open_some:
            thread.start()
        for thread in open_some:
            thread.join()
    assert most["large.png"] == 1


def test_an_image_of_tfds_may_not_be_a_program(monkeypatch):
    from datasets.tfds_records import FORMATS, RecordImages

    class Example:
        """As much of a `tf.train.Example` as is read."""

        @staticmethod
        def FromString(content):  # noqa: N802  # Protobuf's name.
            class Bytes:
                value = (content,)

            class Feature:
                bytes_list = Bytes

            class Features:
                feature = {"image": Feature}  # noqa: RUF012

            class Parsed:
                features = Features

            return Parsed

    assert "EPS" not in FORMATS
    contents = [BOMBS[name] for name in ("program.eps", "header.png", "text.png")]
    images = RecordImages([contents], np.array([[0, 0], [0, 1], [0, 2]]), "image", Example)
    before = peak()
    for row in range(3):
        with pytest.raises(InputError, match="is not an image that can be read"):
            images[row]
    assert peak() - before < ROOM


def test_tables_cannot_fill_the_memory(tmp_path):
    from datasets import folder

    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    options = DataOptions(dataset="folder", data_dir=tmp_path)
    path = tmp_path / "attributes.csv"
    for text, reason in (
        ('image,a\na.png,"' + "x" * 10**6 + '"\n', "field|cell"),
        ("image," + ",".join(f"a{number}" for number in range(300_000)) + "\n", "300,001 cells"),
        ("image," + "," * 300_000 + "\na.png,1\n", "300,002 cells"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=reason) as caught:
            folder.open_source(options)
        assert len(str(caught.value)) < 1000
    with open(path, "wb") as file:
        file.truncate(tables.LARGEST_TABLE + 1)
    with pytest.raises(InputError, match="bytes"):
        folder.open_source(options)


def test_archives_are_not_unpacked(tmp_path):
    """Whoever gives one is told to unpack it."""
    import zipfile

    from datasets import folder

    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "attributes.csv", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../evil.csv", "image,a\n")
    with pytest.raises(InputError, match="archive"):
        folder.open_source(DataOptions(dataset="folder", data_dir=tmp_path))
    assert sorted(os.listdir(tmp_path)) == ["a.png", "attributes.csv"]


@pytest.mark.parametrize("name", ["huggingface:x", "someone:celeb_a:2.1.0", "a:../../b"])
def test_a_dataset_of_another_collection_is_not_fetched(name):
    """TFDS downloads the code of such a dataset and runs it."""
    from datasets import tfds

    with pytest.raises(InputError, match="of other collections"):
        tfds.open_source(DataOptions(dataset=f"tfds:{name}"))


def test_a_matlab_file_unpacks_in_a_process_of_bounded_memory(tmp_path):
    """Of 30 kilobytes that say that they are ten billion numbers."""
    import h5py

    path = tmp_path / "lfw_att_73.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        data = file.create_dataset("AttrName", (10**5, 10**5), "f8", chunks=(1000, 1000))
        data.attrs["MATLAB_class"] = np.bytes_("double")
    content = bytearray(path.read_bytes())
    content[:124] = b"MATLAB 7.3 MAT-file".ljust(124)
    path.write_bytes(content)
    kinds = resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF  # A child begins with ours.
    before = max(resource.getrusage(kind).ru_maxrss for kind in kinds)
    with pytest.raises(InputError, match="cannot be read") as caught:
        read_variables(path, ("AttrName",))
    assert "\n" not in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(before, 2_000_000)
