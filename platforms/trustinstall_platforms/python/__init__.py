"""Bundles of Python environments."""
