"""What a client of an account really reads: the anchors that count, and the file and line, variable or default.

Everything here is pure: it reads a host and the given variables, and changes and runs nothing.
"""
