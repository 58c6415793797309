"""The networks that a transfer ends with: one an attribute, as files that need no Graftwork."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from graftwork import files
from graftwork.model_file import save_model
from transfer_nas.model import plain_model
from transfer_nas.space import ChainSpace
from transfer_nas.supernet import ChainSupernet

FOLDER = "networks"
LIST = "networks.json"
LONGEST = 50
"""Characters of a file's name that come from the attribute: bytes are limited to 255."""


def save_network(
    supernet: ChainSupernet,
    space: ChainSpace,
    architecture: Sequence[int],
    attributes: Sequence[str],
    attribute: int,
    image_shape: tuple[int, int, int],
    run: Path,
) -> Path:
    """Writes the trained network of an attribute to `networks/ATTRIBUTE.keras` of a run folder.

    `networks/networks.json` lists what is there: attribute, file, the architecture's choices
    and, in words, its stages. Both files are written atomically; what is there of the same
    attribute is replaced.

    Args:
        supernet: The supernet that was trained, with the weights to save.
        space: The space.
        architecture: The choices, without the attribute.
        attributes: The names of all attributes of the supernet.
        attribute: The number of the one to save.
        image_shape: Height, width and channels of an image.
        run: The run folder.

    Returns:
        The path of the model, from uint8 images `(n, height, width, channels)` to the
        probability of the attribute, `(n, 1)`.
    """
    chain = plain_model(supernet, space, architecture, attribute, image_shape)
    sigmoid = keras.layers.Activation("sigmoid", dtype="float32", name="probability")
    probability = sigmoid(chain.output)
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / file_names(attributes)[attribute]
    save_model(keras.Model(chain.input, probability, name="chain"), path)
    _list(path.name, space, architecture, attributes, attribute, folder)
    return path


def take_network(
    other: Path,
    space: ChainSpace,
    architecture: Sequence[int],
    attributes: Sequence[str],
    attribute: int,
    run: Path,
) -> None:
    """Moves the network that a worker has saved in a folder of its own to those of the run.

    What was moved before, by a process that was killed then, stays where it is.

    Args:
        other: The folder that `save_network` was told.
        space: The space.
        architecture: The choices, without the attribute.
        attributes: The names of all attributes.
        attribute: The number of that of the network.
        run: The run folder.
    """
    name = file_names(attributes)[attribute]
    found, folder = other / FOLDER / name, run / FOLDER
    folder.mkdir(exist_ok=True)
    if found.exists():
        os.replace(found, folder / name)
    _list(name, space, architecture, attributes, attribute, folder)


def _list(
    file: str,
    space: ChainSpace,
    architecture: Sequence[int],
    attributes: Sequence[str],
    attribute: int,
    folder: Path,
) -> None:
    """Writes a network into the list of a folder."""
    entry = {
        "attribute": attributes[attribute],
        "file": file,
        "architecture": [int(choice) for choice in architecture],
        "stages": space.text(architecture),
    }
    others = [row for row in _listed(folder) if row["attribute"] != entry["attribute"]]
    order = {name: place for place, name in enumerate(attributes)}
    rows = sorted([*others, entry], key=lambda row: order[row["attribute"]])
    files.write_json(folder / LIST, rows)


def _listed(folder: Path) -> list[dict[str, Any]]:
    return files.read_json(folder / LIST) if (folder / LIST).exists() else []


def file_names(attributes: Sequence[str]) -> tuple[str, ...]:
    """Returns the file of every attribute's network, all different in any file system.

    Letters, digits, spaces and `_.-` of a name are kept, other characters become `-`; names that
    are the same then, but for case, are numbered.

    Args:
        attributes: The attributes' names.
    """
    names: list[str] = []
    taken: set[str] = set()
    for attribute in attributes:
        safe = re.sub(r"[^\w .-]", "-", attribute)[:LONGEST].strip(" .") or "attribute"
        name, count = safe, 1
        while name.casefold() in taken:
            count += 1
            name = f"{safe} {count}"
        taken.add(name.casefold())
        names.append(f"{name}.keras")
    return tuple(names)
