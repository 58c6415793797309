"""Attribute-sharing trees: their space, supernet, searches and final models."""
