"""A file that several shells of one kind read from the same state changes each in the same way: it is read once.

For example, zsh reads its zshrc in a login shell and in any other interactive one, after the same variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from trustinstall_platforms.tools.sessions.instead import Noted
    from trustinstall_platforms.tools.sessions.sh_nodes import Commands
    from trustinstall_platforms.tools.sessions.sh_run import Shell
    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View


class Effect(NamedTuple):
    """The state of a shell after it has read a file, and of its view before and after that.

    `began` are the functions that it had before: while they are kept, no other function has the identity of one.
    """

    began: dict[str, Commands]
    variables: Variables
    functions: dict[str, Commands]
    noted: dict[str, Noted]
    before: View
    after: View


def read(shell: Shell, path: str) -> None:
    """Read a file that a shell reads when it starts. Raises as `Shell.read`."""
    state = tuple((name, id(body)) for name, body in shell.functions.items())
    question = shell.dialect, path, state, shell.variables.state()
    known = shell.view.effects.get(question)
    if known is not None and shell.view.goes_on(known.before, known.after):
        shell.variables.become(known.variables)
        shell.functions, shell.noted = dict(known.functions), dict(known.noted)
        return
    began, before = dict(shell.functions), shell.view.copy()
    shell.read(path)
    effect = Effect(began, shell.variables.copy(), dict(shell.functions), dict(shell.noted), before, shell.view.copy())
    shell.view.effects[question] = effect
