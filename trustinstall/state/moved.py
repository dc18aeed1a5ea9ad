"""The paths in an account's records after its home was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.host import Host
    from trustinstall.state.directory import State


class Homes(NamedTuple):
    """The home of an account, and its real path if that is another one, or ""; both are "" for the machine."""

    home: str = ""
    real: str = ""


def homes(host: Host, state: State) -> Homes:
    """Return the home of a scope's account as it is now."""
    home = "" if state.machine or host.account.home is None else host.account.home
    real = host.real(home) if home.startswith("/") else home
    return Homes(home, real if real.rstrip("/") != home.rstrip("/") else "")


def renaming(before: Homes, now: Homes) -> Callable[[str], str] | None:
    """Return a function that gives paths below a former home their new names; None if nothing has another name.

    A home that is a link now, and was none, keeps its paths.
    """
    home = now.home.rstrip("/")
    pairs = [(before.home.rstrip("/"), home), (before.real, now.real or home)]
    pairs = sorted((one for one in pairs if one[0] and one[0] != one[1]), key=lambda one: len(one[0]), reverse=True)

    def renamed(text: str) -> str:
        found = (new + text[len(old) :] for old, new in pairs if text == old or text.startswith(f"{old}/"))
        return next(found, text)

    return renamed if pairs else None
