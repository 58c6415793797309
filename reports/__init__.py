"""Reports from run folders: one HTML page, and a tree as a picture or as text.

This package reads files only. It knows no model code and imports no TensorFlow.
"""

import importlib
from typing import Any

_MODULES = {
    "draw_tree": "reports.drawing",
    "save_transfer_report": "reports.transfer_page",
    "save_tree": "reports.drawing",
    "tree_text": "reports.terminal",
    "write_report": "reports.page",
}

__all__ = ["draw_tree", "save_transfer_report", "save_tree", "tree_text", "write_report"]


def __getattr__(name: str) -> Any:
    # On demand: `graftwork runs` draws nothing, and matplotlib takes half a second to load.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
