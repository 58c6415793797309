"""Reports from run folders: one HTML page, and a tree as a picture or as text.

This package reads files only. It knows no model code and imports no TensorFlow.
"""

from reports.drawing import draw_tree, save_tree
from reports.page import write_report
from reports.terminal import tree_text

__all__ = ["draw_tree", "save_tree", "tree_text", "write_report"]
