"""Decodes a MATLAB file and prints its variables: run as a program by `lfwa_matlab`.

A process of its own, because SciPy's reader can crash on a damaged file, with a segmentation
fault that no `except` catches, and mat73 can run for ever on cells that hold each other.
"""

import json
import resource
import sys
import warnings
from collections.abc import Sequence
from typing import Any

LARGEST_MEMORY = 2**33
"""Bytes of address space, of which the libraries take some gigabytes."""
LARGEST_ANSWER = 2**28


def decode(path: str, names: Sequence[str], hdf5: bool) -> dict[str, Any]:
    """Returns the variables `names` of a MATLAB file, those that it has.

    Args:
        path: The file.
        names: The variables.
        hdf5: Whether it is of version 7.3, which is HDF5, and not of version 5.
    """
    if hdf5:
        import mat73

        return mat73.loadmat(path, only_include=list(names), verbose=False)
    import scipy.io

    return scipy.io.loadmat(path, variable_names=list(names), squeeze_me=True)


def plain(value: Any) -> Any:
    """Returns what JSON does not know as nested lists of numbers and texts."""
    if hasattr(value, "toarray"):  # A sparse matrix.
        return value.toarray().tolist()
    return value.tolist() if hasattr(value, "tolist") else str(value)


def main() -> None:
    """Prints `{"found": variables}`, or `{"error": text}` for a file that cannot be decoded."""
    path, hdf5, *names = sys.argv[1:]
    # mat73 prints what it does not find; nothing but the answer may go to standard output.
    answer, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    # A file of kilobytes can unpack to any size.
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))
    try:
        found = decode(path, names, hdf5 == "hdf5")
        text = json.dumps(
            {"found": {name: found[name] for name in names if name in found}}, default=plain
        )
        if len(text) > LARGEST_ANSWER:
            raise ValueError(f"its variables take more than {LARGEST_ANSWER:,} bytes as text")
    except Exception as error:  # Both readers raise anything on broken files.
        # For a file that is not HDF5, mat73 advises another reader; HDF5's reason says more.
        cause = error.__context__ if isinstance(error.__context__, OSError) else error
        text = json.dumps({"error": f"{type(cause).__name__}: {cause}"})
    answer.write(text)


if __name__ == "__main__":
    main()
