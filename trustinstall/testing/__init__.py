"""The contract suite that every backend must pass, for authors of backends."""
