"""Keys of settings files that a document asks for, beside certificates: data for the engine, which alone acts."""

from __future__ import annotations

from trustinstall.editing import Path
from trustinstall.values import dataclass


@dataclass(frozen=True)
class FileKeys:
    """The desired content of one file.

    Attributes:
        name: the tool, for people.
        clients: the programs that read it, in a few words.
        location: the file's absolute path, links resolved.
        format: the file's format, a name of `editing.FORMATS`.
        keys: each key, and its desired value; () for none.
        left: why nothing is set there, for people; "" if the keys are set.
        wrong: why it cannot be written, and what to do; or "".
        secret: whether a value is for the file's owner alone.
        mode: permission bits of a file that is created.
        together: whether no key is set where a person has set one of them.
        delivered: whether the file is as its vendor delivered it, so that no person has taken a key out.
    """

    name: str
    clients: str
    location: str
    format: str
    keys: tuple[tuple[Path, str], ...] = ()
    left: str = ""
    wrong: str = ""
    secret: bool = False
    mode: int = 0o644
    together: bool = False
    delivered: bool = False
