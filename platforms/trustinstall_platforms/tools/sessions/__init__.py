"""Which variables the programs of an account get in each kind of session, and which file and line sets them.

Everything here reads text; nothing is run. What only running would tell is unknown, and said so with its place.
"""

from trustinstall_platforms.tools.sessions.everyday import Read, everyday, reads, supposed

__all__ = ["Read", "everyday", "reads", "supposed"]
