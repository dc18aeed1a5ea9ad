"""Calls into Windows, and nothing else."""
