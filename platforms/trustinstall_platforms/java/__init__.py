"""Keystores of Java installations."""
