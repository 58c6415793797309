"""No source of the project has what would run code from a file, or unpack archives blindly."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("graftwork", "datasets", "multitask_nas", "gan_nas", "transfer_nas", "reports")
SOURCES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
MODULES |= {"tarfile", "torch"}
NAMES = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {"extractall", "unpack_archive", "enable_unsafe_deserialization", "Unpickler"}
FLAGS = {"allow_pickle": True, "safe_mode": False, "shell": True}
LOADERS = {"load_model", "load_weights", "deserialize_keras_object", "model_from_json"}
MAY_LOAD = {"graftwork/stored_model.py", "gan_nas/inception.py"}
"""`stored_model` looks at a file before Keras does; the weights of Inception are an HDF5 file."""


def unsafe(source, may_load=False):
    """Returns what a source has that it must not have."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module] if (node.module or "").split(".")[0] in MODULES else []
        elif isinstance(node, ast.Call):
            found += _unsafe_call(node, may_load)
    return found


def _unsafe_call(node, may_load):
    found = [
        f"{flag.arg}={flag.value.value}"
        for flag in node.keywords
        if isinstance(flag.value, ast.Constant)
        and flag.arg in FLAGS
        and FLAGS[flag.arg] is flag.value.value
    ]
    if isinstance(node.func, ast.Name) and node.func.id in NAMES:
        found.append(node.func.id)
    if isinstance(node.func, ast.Attribute):
        name, owner = node.func.attr, ast.unparse(node.func.value)
        found += [name] if name in ATTRIBUTES else []
        found += [name] if name in LOADERS and not may_load else []
        yaml = owner == "yaml" and name in ("load", "unsafe_load", "full_load")
        system = owner == "os" and name in ("system", "popen")
        found += [f"{owner}.{name}"] if yaml or system else []
    return found


def test_no_source_runs_code_from_a_file():
    assert len(SOURCES) > 200
    found = {}
    for path in SOURCES:
        name = path.relative_to(ROOT).as_posix()
        if words := unsafe(path.read_text("utf-8"), name in MAY_LOAD):
            found[name] = words
    assert not found


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("import pickle", "pickle"),
        ("def f():\n    from joblib import load", "joblib"),
        ("np.load(path, allow_pickle=True)", "allow_pickle=True"),
        ("keras.models.load_model(path)", "load_model"),
        ("load(path, safe_mode=False)", "safe_mode=False"),
        ("eval(text)", "eval"),
        ("yaml.load(text)", "yaml.load"),
        ("archive.extractall(folder)", "extractall"),
        ("subprocess.run(words, shell=True)", "shell=True"),
    ],
    ids=range(9),
)
def test_the_search_finds_what_it_looks_for(source, word):
    assert word in unsafe(source)
