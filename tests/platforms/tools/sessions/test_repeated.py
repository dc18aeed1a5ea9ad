"""Sessions that one command reads again after a change: always those of a look that knows nothing of an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_host import played, program, write
from trustinstall.host import ActingHost
from trustinstall_platforms.tools.sessions import supposed
from trustinstall_platforms.tools.sessions.sh_run import Shell

NODE = "NODE_EXTRA_CA_CERTS"
SHELLS = (
    *("/etc/profile", "/etc/profile.d/a.sh", "/etc/profile.d/b.sh", "/etc/bash.bashrc", "/etc/zsh/zshenv"),
    *(f"/home/alice/{name}" for name in (".profile", ".bashrc", ".zshrc", ".zprofile")),
)
OTHERS = ("/opt/env.sh", "/opt/flag", "/opt/link")
LINES = (
    *(f"export {NODE}=/{name}.pem" for name in "ab"),
    *("SSL_CERT_FILE=/c.pem; export SSL_CERT_FILE", "export SSL_CERT_FILE=$HOME/d.pem", f"unset {NODE}"),
    *(". /opt/env.sh", "[ -r /opt/link ] && . /opt/link", "for i in /etc/profile.d/*.sh; do . $i; done"),
    *(f"[ -{test} /opt/flag ] && export {NODE}=/{test}.pem" for test in "efrxsL"),
    *(f"set_it() {{ export {NODE}=/f.pem; }}", "set_it", "curl() { command curl -k; }", "alias git='git -c x=y'"),
    *("case $- in *i*) ;; *) return ;; esac", "HERE=/opt", ". $HERE/env.sh", "return", 'eval "$(x)"'),
)
_CONTENT = st.lists(st.sampled_from(LINES), max_size=4).map(lambda lines: "".join(f"{one}\n" for one in lines))
_STEP = st.one_of(
    st.tuples(st.sampled_from(SHELLS + OTHERS), _CONTENT),
    st.tuples(st.sampled_from(SHELLS + OTHERS), st.sampled_from(["gone", 0o600, 0o644, 0o755])),
    st.tuples(st.just("/opt/link"), st.sampled_from([Path("env.sh"), Path("/etc/profile.d/a.sh"), Path("none")])),
)


def _carry_out(host: ActingHost, path: str, what: str | int | Path) -> None:
    """Write a file, take it away, give it a mode, or make a link."""
    place = Path(host.root + path)
    if isinstance(what, int):
        if place.exists():
            place.chmod(what)
        return
    place.unlink(missing_ok=True)
    if isinstance(what, Path):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(what)
    elif what != "gone":
        write(host, path, what)


@given(
    st.lists(_STEP, min_size=1, max_size=10), st.sets(st.integers(0, 9)), st.sampled_from(["", f"export {NODE}=/a.pem"])
)
def test_sessions_are_those_of_a_fresh_look(
    steps: Sequence[tuple[str, str | int | Path]], looks: set[int], left_out: str
) -> None:
    """After any changes of files, links and modes, and with a part of each text left out as for the lines of others."""

    def shown(_path: str, text: str) -> str:
        return text.replace(left_out, "")

    added = {"/opt/flag": ""}
    with played() as host:
        for one in ("sh", "bash", "zsh"):
            program(host, f"/bin/{one}", "")
        keeping = host.remembering()
        for number, (path, what) in enumerate(steps):
            _carry_out(host, path, what)
            keeping.forget()
            if number in looks or number == len(steps) - 1:
                assert supposed(keeping) == supposed(host)
            if left_out:
                assert supposed(keeping, shown, added) == supposed(host, shown, added)


def test_a_file_is_read_again_only_if_something_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of one file has that file read again, and no other; a change of nothing has none read."""
    told: list[str] = []
    read = Shell.read

    def noted(shell: Shell, path: str) -> bool:
        told.append(path)
        return read(shell, path)

    monkeypatch.setattr(Shell, "read", noted)
    with played() as host:
        program(host, "/bin/bash", "")
        write(host, "/etc/profile", ". /etc/profile.d/a.sh\n")
        write(host, "/home/alice/.profile", "export A=b\n")
        keeping = host.remembering()
        supposed(keeping)
        assert {"/etc/profile", "/home/alice/.profile"} <= set(told)
        for path, text, again in (
            ("/srv/other", "", set[str]()),
            ("/home/alice/.profile", "export A=c\n", {"/home/alice/.profile"}),
            ("/etc/profile.d/a.sh", "\n", {"/etc/profile", "/etc/profile.d/a.sh"}),
        ):
            told.clear()
            write(host, path, text)
            keeping.forget()
            supposed(keeping)
            assert set(told) == again
