"""What a client of an account really reads: which anchors count, and which file and line, variable or default decides.

Everything here is pure: it looks at a host and at variables that are handed in, and changes and runs nothing.
"""
