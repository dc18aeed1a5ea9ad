"""A file that several shells of one kind read from the same state changes each in the same way: it is read once.

For example, zsh reads its zshrc in a login shell and in any other interactive one, after the same variables. A command
also reads all sessions again after each of its changes, and most of their files are the same: then the questions about
files that came up are asked again, and the file is read only if an answer differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall_platforms.tools.sessions.instead import Noted
    from trustinstall_platforms.tools.sessions.sh_nodes import Commands
    from trustinstall_platforms.tools.sessions.sh_run import Shell
    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import Question, View


_MOST = 1000  # effects that are kept


class Effect(NamedTuple):
    """The state of a shell after it has read a file, its view before and after that, and the questions asked meanwhile.

    `began` are the functions that it had before: while they are kept, no other function has the identity of one.
    """

    began: dict[str, Commands]
    variables: Variables
    functions: dict[str, Commands]
    noted: dict[str, Noted]
    before: View
    after: View
    asked: Mapping[Question, object]


def read(shell: Shell, path: str) -> None:
    """Read a file that a shell reads when it starts. Raises as `Shell.read`."""
    state = tuple((name, id(body)) for name, body in shell.functions.items()), frozenset(shell.noted.items())
    view = shell.view
    key = shell.dialect, path, view.look(path), view.home, state, shell.variables.state()
    known = view.effects.get(key)
    if known is not None and view.answers(known.asked) and view.goes_on(known.before, known.after):
        shell.variables.become(known.variables)
        shell.functions, shell.noted = dict(known.functions), dict(known.noted)
        return
    began, before = dict(shell.functions), view.copy()
    with view.noting() as asked:
        shell.read(path)
    after = shell.variables.copy(), dict(shell.functions), dict(shell.noted)
    if len(view.effects) >= _MOST:
        view.effects.clear()
    view.effects[key] = Effect(began, *after, before, view.copy(), asked)
