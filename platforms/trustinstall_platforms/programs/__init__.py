"""Stores of single programs."""
