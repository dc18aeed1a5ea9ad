"""The families of stores: one small module for each, facts first, then functions."""
