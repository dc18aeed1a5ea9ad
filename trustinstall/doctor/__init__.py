"""Judges the certificates that a server sends against sets of anchors, and knows the kinds of findings of a machine."""
