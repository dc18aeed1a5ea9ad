"""Stores of browsers: policies and NSS databases."""
