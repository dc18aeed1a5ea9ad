"""The documents tell the truth: each block of shell lines runs, and each command that a page names is a command.

A block of kind `sh` runs as root in a throw-away root; the blocks of a page run one after another, and each must end
with 0. A comment before it may say another code (`<!-- exit 60 -->`) or another account (`<!-- as alice -->`). The
current directory has the company's root in `corp.crt` and its successor in `new.crt`, and `https://intranet.example/`
is a server with a certificate of that root.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.pki import Root, make_root
from tests.support.throwaway import PROGRAM, Throwaway
from tests.support.tls import Server
from trustinstall.cli.main import run

TOP = Path(os.environ.get("TRUSTINSTALL_CHECKOUT", Path(__file__).parents[3]))
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
_BLOCK = re.compile(
    r"^(?:<!-- (?:exit (?P<code>\d+)|as (?P<user>\w+)) -->\n)?```sh\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL
)
_COMMAND = re.compile(r"(?<![\w./-])trustinstall((?: [^\s`&|;,()]+)+)")
_ENDING = re.compile(r" [0-9]?>.*| #.*| -- .*")  # a redirection, a comment, the words of another command
_DIRECTORY = "/srv/pages"
RUNNING = [page for page in PAGES if _BLOCK.search(page.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def machine() -> Generator[Throwaway, None, None]:
    """A Debian with the program in its PATH, where root calls `sudo`."""
    with Throwaway() as root:
        root.write("/usr/local/bin/sudo", '#!/bin/sh\nexec "$@"\n')
        program = " ".join(PROGRAM)
        root.write("/usr/local/bin/trustinstall", f'#!/bin/sh\nexec {program} "$@"\n')
        root.run(["chmod", "755", "/usr/local/bin/sudo", "/usr/local/bin/trustinstall"], check=True)
        root.freeze()
        yield root


@pytest.fixture(scope="module")
def corp() -> Root:
    """The company's root."""
    return make_root(common_name="Corp Root G2")


@pytest.mark.parametrize("page", RUNNING, ids=[str(page.relative_to(TOP)) for page in RUNNING])
def test_the_lines_of_a_page_run(page: Path, machine: Throwaway, corp: Root) -> None:
    """Every shell block of a page, one after another, ends as the page says."""
    machine.reset()
    _deliver(machine, corp)
    environment = {"CORP_ROOT_SHA256": corp.sha256}
    with Server(corp.issue("localhost")) as server:
        for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            lines = block["lines"].replace("https://intranet.example", server.url)
            done = machine.run(
                ["sh", "-euc", lines], user=block["user"] or "root", cwd=_DIRECTORY, env=environment, timeout=300
            )
            assert done.returncode == int(block["code"] or 0), f"{lines}\n{done.stdout}{done.stderr}"


def _deliver(machine: Throwaway, corp: Root) -> None:
    """What the reader of a page has in the current directory."""
    machine.run(["mkdir", "-p", f"{_DIRECTORY}/image/etc/ssl/certs"], check=True)
    system = "/etc/os-release /usr/lib/os-release /etc/ca-certificates.conf /usr/sbin/update-ca-certificates"
    copied = f"cp -r --parents {system} /usr/share/ca-certificates /etc/ssl/certs/*.crt"
    machine.run(["sh", "-euc", f"{copied} {_DIRECTORY}/image"], check=True)
    for name, content in {
        "corp.crt": corp.pem,
        "old.crt": corp.pem,
        "new.crt": make_root(common_name="Corp Root G3").pem,
        "trust.toml": b'version = 1\n[[certificate]]\nfile = "corp.crt"\n',
    }.items():
        machine.write(f"{_DIRECTORY}/{name}", content)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(TOP)) for page in PAGES])
def test_every_command_of_a_page_is_one(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands and options that a page names, in blocks of any kind and in the text, are known to the program."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corp.crt").write_bytes(make_root().pem)
    for found in _COMMAND.finditer(page.read_text(encoding="utf-8")):
        words = _ENDING.sub("", found[1]).replace('"', "").split()
        if words and re.fullmatch(r"[a-z]+", words[0]) and any(one.startswith("-") for one in words):
            assert run([*words, "--help"]) == 0, f"{found[0]}: {capsys.readouterr().err}"
