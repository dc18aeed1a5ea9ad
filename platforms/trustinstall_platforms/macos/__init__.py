"""Keychains of macOS."""
