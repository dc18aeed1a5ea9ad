"""The model of a store, and the base classes from which backends are made."""
