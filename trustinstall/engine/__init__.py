"""Brings the stores of one scope to the desired state."""
