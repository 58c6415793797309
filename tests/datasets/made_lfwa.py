"""A small dataset in the format of LFWA, with MATLAB files of both kinds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import scipy.io
from PIL import Image

from datasets.options import DataOptions

PEOPLE, IMAGES_EACH = 30, 3
ATTRIBUTES = ("Male", "Young", "Smiling", "Eyeglasses", "Wearing_Hat")
Variables = Mapping[str, Sequence[str] | np.ndarray]


def make(folder: Path) -> DataOptions:
    """Writes 90 images of 30 people, MATLAB files of version 7.3; returns how to read them."""
    names, labels = people()
    write_images(folder / "lfw", names)
    write_hdf5(folder / "lfw_att_40.mat", attribute_file(names, labels))
    write_hdf5(folder / "indices_train_test.mat", index_file(len(names)))
    return DataOptions(dataset="lfwa", data_dir=folder)


def people() -> tuple[list[str], np.ndarray]:
    """Returns the images' names and their labels: every other image has the opposite ones."""
    rng = np.random.default_rng(3)
    names = [
        f"Some_One{person:02d}\\Some_One{person:02d}_{image:04d}.jpg"
        for person in range(PEOPLE)
        for image in range(1, IMAGES_EACH + 1)
    ]
    labels = rng.integers(0, 2, (len(names), len(ATTRIBUTES)))
    labels[1::2] = 1 - labels[:-1:2]
    return names, labels


def attribute_file(names: Sequence[str], labels: np.ndarray) -> Variables:
    """Returns the variables of lfw_att_40.mat."""
    return {"AttrName": ATTRIBUTES, "name": names, "label": labels}


def index_file(images: int, train: int = 60) -> Variables:
    """Returns the variables of indices_train_test.mat, counted from 1."""
    return {
        "indices_img_train": np.arange(1, train + 1),
        "indices_img_test": np.arange(train + 1, images + 1),
        "indices_identity_train": np.arange(1, 21),
    }


def write_images(folder: Path, names: Sequence[str]) -> None:
    """Writes coarse noise of 50×50 pixels under each name."""
    rng = np.random.default_rng(4)
    for name in names:
        path = folder / name.replace("\\", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8))
        coarse.resize((50, 50)).save(path)


def write_v5(path: Path, variables: Variables) -> None:
    """Writes a MATLAB file of version 5: texts as a column of cells, numbers as doubles."""
    scipy.io.savemat(path, {key: _cells(value) for key, value in variables.items()})


def _cells(value: Sequence[str] | np.ndarray) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value.astype(float).reshape(len(value), -1)
    cells = np.empty((len(value), 1), object)
    cells[:, 0] = value
    return cells


def write_hdf5(path: Path, variables: Variables) -> None:
    """Writes a MATLAB file of version 7.3 as MATLAB lays it out.

    Arrays are transposed; a cell array holds object references to arrays of UTF-16 units
    in the group `#refs#`; 512 bytes come before the HDF5 file.
    """
    with h5py.File(path, "w", userblock_size=512) as file:
        texts = file.create_group("#refs#")
        for key, value in variables.items():
            if isinstance(value, np.ndarray):
                data = file.create_dataset(key, data=value.astype(float).reshape(len(value), -1).T)
                data.attrs["MATLAB_class"] = np.bytes_("double")
                continue
            cells = file.create_dataset(key, (1, len(value)), h5py.ref_dtype)
            cells.attrs["MATLAB_class"] = np.bytes_("cell")
            for row, text in enumerate(value):
                units = np.frombuffer(text.encode("utf-16-le"), np.uint16).reshape(-1, 1)
                one = texts.create_dataset(f"{key}{row}", data=units)
                one.attrs["MATLAB_class"] = np.bytes_("char")
                one.attrs["MATLAB_int_decode"] = np.int32(2)
                cells[0, row] = one.ref
    text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  5 2015 HDF5 schema 1.00 ."
    with open(path, "r+b") as binary:
        binary.write(text.ljust(124) + b"\x00\x02IM")
