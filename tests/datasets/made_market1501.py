"""A small Market-1501, written in the format of the real one."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from datasets.market1501_attributes import FIELDS, LOWER_COLOURS, UPPER_COLOURS
from datasets.options import DataOptions

COLOURS = {
    "black": (20, 20, 20),
    "white": (235, 235, 235),
    "red": (200, 30, 30),
    "pink": (240, 150, 180),
    "purple": (130, 40, 150),
    "yellow": (230, 220, 50),
    "gray": (125, 125, 125),
    "blue": (40, 60, 200),
    "green": (40, 150, 60),
    "brown": (120, 80, 40),
}
TWO_IMAGES = 8
"""So many identities of each split have a second image."""
SPLITS = {"train": "bounding_box_train", "test": "bounding_box_test"}


def make(folder: Path) -> DataOptions:
    """Writes 72 identities for training and 22 for test, 110 images of them and 6 of no one."""
    attributes, rng = made_people(), np.random.default_rng(0)
    root = folder / "Market-1501-v15.09.15"
    for split, fields in attributes.items():
        for row, identity in enumerate(fields["image_index"]):
            for take in range(1 + (row < TWO_IMAGES)):
                write_image(
                    root / SPLITS[split] / f"{identity}_c{take + 1}s1_{row:06d}_01.jpg",
                    *(_colour(fields, row, names) for names in (UPPER_COLOURS, LOWER_COLOURS)),
                    rng,
                )
    for name in ("-1_c1s1_000401_03", "-1_c2s1_000401_03", "0000_c1s1_000151_01"):
        write_image(root / "bounding_box_test" / f"{name}.jpg", (90, 90, 90), (60, 60, 60), rng)
    for row in range(3):
        name = f"{attributes['test']['image_index'][row]}_c5s1_000001_00.jpg"
        write_image(root / "query" / name, (90, 90, 90), (60, 60, 60), rng)
    for part in SPLITS.values():
        (root / part / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    write_attributes(folder / "market_attribute.mat", attributes)
    return DataOptions(dataset="market1501", data_dir=folder)


def made_people() -> dict[str, dict[str, np.ndarray]]:
    """Draws the values of the identities that `make` writes."""
    rng = np.random.default_rng(3)  # Both classes of every attribute in validation too.
    return {"train": people(rng, range(2, 146, 2)), "test": people(rng, range(1, 45, 2))}


def people(rng: np.random.Generator, identities: range) -> dict[str, np.ndarray]:
    """Draws the values of some identities, as in the file: 1 and 2, and 1 to 4 for age."""
    count = len(identities)
    fields = {field: 1 + (rng.permutation(count) % 3 == 0) for field in FIELDS}
    fields["age"] = 1 + rng.permutation(count) % 4
    for names in (UPPER_COLOURS, LOWER_COLOURS):
        worn = rng.permutation(count) % len(names)
        fields |= {name: 1 + (worn == index) for index, name in enumerate(names)}
    fields = {field: values.astype(np.uint8) for field, values in fields.items()}
    return {**fields, "image_index": np.array([f"{i:04d}" for i in identities], object)}


def write_attributes(path: Path, attributes: dict[str, dict[str, np.ndarray]]) -> None:
    """Writes the attribute file, with the fields of training in another order than of test."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = {
        "test": attributes["test"],
        "train": dict(sorted(attributes["train"].items())),
    }
    savemat(path, {"market_attribute": ordered}, do_compression=True, oned_as="row")


def write_image(
    path: Path,
    upper: tuple[int, int, int],
    lower: tuple[int, int, int],
    rng: np.random.Generator,
) -> None:
    """Writes a JPEG of 128×64 with one colour above and one below, and noise over both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.empty((128, 64, 3))
    pixels[:64], pixels[64:] = upper, lower
    pixels += rng.normal(0, 12, pixels.shape)
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=90)


def _colour(
    fields: dict[str, np.ndarray], row: int, names: tuple[str, ...]
) -> tuple[int, int, int]:
    worn = next(name for name in names if fields[name][row] == 2)
    return COLOURS[worn.removeprefix("up").removeprefix("down")]
