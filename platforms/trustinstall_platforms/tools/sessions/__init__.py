"""The variables that the programs of an account get in each kind of session, with the file and line that sets them.

Everything here reads text; nothing is run. A value that only running would show is unknown, with its place.
"""

from trustinstall_platforms.tools.sessions.everyday import Read, everyday, reads, supposed, texts

__all__ = ["Read", "everyday", "reads", "supposed", "texts"]
