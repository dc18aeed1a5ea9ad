"""The same certificates in the formats of other programs."""
