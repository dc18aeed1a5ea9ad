"""Machines of container engines."""
