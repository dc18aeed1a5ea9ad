"""Looks at the certificates that a server sends, and judges them against sets of anchors."""
