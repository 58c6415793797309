"""Loads `.keras` files that anybody may have written: as data, never as code."""

import json
import math
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import keras

from graftwork.errors import InputError
from graftwork.json_text import LARGEST_FILE, parse_json

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MEMBERS = {CONFIG, "metadata.json", WEIGHTS}
"""What Keras puts into a file of a network without vocabularies or other assets."""
MODULES = ("keras", "keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints")
MODELS = {"keras.src.models.functional", "keras.src.models.sequential"}
OPERATIONS = "keras.src.ops."
VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__tuple__", "__ellipsis__", "__slice__"}
"""How Keras writes what is no object of its own, but for functions."""
CODE = {
    *("Lambda", "TFSMLayer", "TorchModuleWrapper", "FlaxLayer", "JaxLayer"),
    *("StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup"),
}
"""Layers of Keras that run code from the file, or read other files."""
LARGEST_MODEL = 2**31
"""Bytes of weights."""
LARGEST_OUTPUT = 2**26
"""Numbers that a layer gives for one image."""


def load_model(path: Path, advice: str = "") -> keras.Model:
    """Loads a saved network that consists of Keras's own layers alone.

    Before Keras reads the file, its names, sizes and configuration are looked at; before any
    weight is allocated, the network is built without weights and its size is computed.

    Args:
        path: The file.
        advice: What to do where it cannot be loaded, as a sentence.

    Returns:
        The model, not compiled.

    Raises:
        InputError: If the file is missing, no model, damaged, would run code, or needs more
            memory than any network of Graftwork.
    """
    try:
        config = _checked_config(path)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(_check_size, config).result()
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (MemoryError, RecursionError) as error:
        reason = type(error).__name__
    except Exception as error:  # Whatever Keras, h5py and zipfile raise on a broken file.
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[0][:300].rstrip(".") if lines else type(error).__name__
    raise InputError(f"{path} is not a model that can be loaded: {reason}. {advice}".rstrip())


def _checked_config(path: Path) -> dict[str, Any]:
    """Returns the configuration in a file whose members and layers are as they should be."""
    if not zipfile.is_zipfile(path):
        raise ValueError("it is no file of Keras")
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if set(names) != MEMBERS or len(names) > len(MEMBERS):
            strange = next(iter(set(names) - MEMBERS), "")
            raise ValueError(
                f"it must hold {', '.join(sorted(MEMBERS))}, each once, and nothing else. "
                f"Received: {str(strange or names)[:100]!r}"
            )
        for entry in entries:
            small = entry.filename.endswith(".json")
            if entry.file_size > (LARGEST_FILE if small else LARGEST_MODEL):
                raise ValueError(f"{entry.filename} in it has {entry.file_size:,} bytes")
            if not small and entry.file_size > path.stat().st_size:
                raise ValueError(f"{entry.filename} in it is larger than the whole file")
        config = parse_json(archive.read(CONFIG))
        with archive.open(WEIGHTS) as file, h5py.File(file, "r") as weights:
            _check_weights(weights)
    if not isinstance(config, dict):
        raise ValueError(f"{CONFIG} in it is no object")
    config.pop("compile_config", None)  # Nothing here is trained on.
    _check_layers(config)
    return config


def _check_weights(weights: h5py.File) -> None:
    """Raises a `ValueError` for arrays that lie in other files, or are larger than this one.

    An HDF5 file can declare an array of any size that is full of one value and takes no room.
    """
    sizes = []

    def look(name: str, found: Any) -> None:
        if isinstance(found, h5py.Dataset):
            if found.external or found.is_virtual:
                raise ValueError(f"its weights {name[:60]!r} lie in another file")
            sizes.append(found.nbytes)

    weights.visititems(look)
    if sum(sizes) > LARGEST_MODEL:
        raise ValueError(f"its weights would take {sum(sizes):,} bytes")


def _check_layers(value: Any) -> None:
    """Raises a `ValueError` for an object that is none of Keras's own, or that runs code."""
    if isinstance(value, list):
        for item in value:
            _check_layers(item)
    if not isinstance(value, dict):
        return
    name, module = value.get("class_name"), value.get("module")
    if name is not None and "config" in value:
        known = isinstance(name, str) and (
            (module in MODULES and name not in CODE and not name.startswith("_"))
            or (module in MODELS and name in ("Functional", "Sequential"))
            or (isinstance(module, str) and module.startswith(OPERATIONS))
            or (module is None and name in VALUES)
        )
        if not known:
            shown = json.dumps([module, name])[1:-1]
            raise ValueError(
                f"it has an object ({shown[:100]}) that is no plain layer of Keras and might run "
                "code"
            )
    for item in value.values():
        _check_layers(item)


def _check_size(config: dict[str, Any]) -> None:
    """Raises a `ValueError` for what is no model, or one that is larger than any of ours.

    To be called in a thread of its own: Keras remembers, by thread, the weights that it has not
    allocated yet, and would allocate these with the next model that it builds.
    """
    with keras.StatelessScope(initialize_variables=False):
        model = keras.saving.deserialize_keras_object(config, safe_mode=True)
    if not isinstance(model, keras.Model):
        raise ValueError("it is no model")
    size = sum(math.prod(weight.shape) for weight in model.weights) * 4
    if size > LARGEST_MODEL:
        raise ValueError(f"its weights would take {size:,} bytes")
    for layer in model.layers:
        for tensor in keras.tree.flatten(layer.output):
            numbers = math.prod(side or 1 for side in tensor.shape)
            if numbers > LARGEST_OUTPUT:
                raise ValueError(f"its layer {layer.name!r} would give {numbers:,} numbers")
