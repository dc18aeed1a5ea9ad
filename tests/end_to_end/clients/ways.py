"""How programs are started on a real machine, and so what is in their environment."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.throwaway import Throwaway

_GENERATOR = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"


@dataclass(frozen=True)
class Way:
    """One way to start a program.

    Attributes:
        name: what people call it.
        before: the words before the program's.
        generated: whether the environment is what the users' systemd makes of its files.
        logs_in: whether /etc/environment is read before, or another file says as much.
    """

    name: str
    before: tuple[str, ...] = ()
    generated: bool = False
    logs_in: bool = True

    def environment(self, root: Throwaway) -> dict[str, str]:
        """What is in a program's environment beside the least."""
        if not self.generated:
            return {}
        said = root.run([_GENERATOR], user="alice", check=True).stdout
        return dict(line.split("=", 1) for line in said.splitlines())


BARE = Way("bare", logs_in=False)
WAYS = (
    BARE,
    Way("bash -l", ("bash", "-l", "-c", 'exec "$@"', "bash")),
    Way("zsh -l", ("zsh", "-l", "-c", 'exec "$@"', "zsh")),
    Way("fish -l", ("fish", "-l", "-c", "exec $argv")),
    Way("systemd", generated=True),
    # The same PAM modules as in Debian's own file for cron; tests/end_to_end/cli/test_variables.py starts its daemon.
    Way("cron", ("su", "-s", "/bin/sh", "-c", 'exec "$@"', "--", "alice", "sh")),
)
