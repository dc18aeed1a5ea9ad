"""`stores --tools` on a machine with many odd settings at once says of each client what the client itself says."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from tests.end_to_end.clients import askers
from tests.end_to_end.clients.fetched import tarballs
from tests.end_to_end.clients.odd_machine import BUNDLES, HOME, MACHINE, OWN
from tests.support.fresh import copy_in
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server
from trustinstall_platforms.tools.effective.clients import READ
from trustinstall_platforms.tools.effective.paths import MOVING

pytestmark = pytest.mark.timeout(600)

CERTIFICATE, OURS = "/srv/corp.crt", "ours-yes"
_SETUP = "for each in yarn berry; do mkdir -p /opt/npm/$each; tar -xzf /opt/tarballs/$each.tgz -C /opt/npm/$each; done"
_GENERATOR = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
_NAME = re.compile(r"/c/([\w-]+)\.pem|/(trustinstall)/")
#: The product's name of each session, and the words by which it shows its variables.
SESSIONS = {
    "cron (PAM)": ("env",),
    "sh login": ("sh", "-l", "-c", "env"),
    "bash login": ("bash", "-lc", "env"),
    "bash login interactive": ("bash", "-lic", "env"),
    "bash interactive": ("bash", "-ic", "env"),
    "zsh": ("zsh", "-c", "env"),
    "zsh login": ("zsh", "-lc", "env"),
    "zsh interactive": ("zsh", "-ic", "env"),
    "zsh login interactive": ("zsh", "-lic", "env"),
    "fish": ("fish", "-lic", "env"),
    "systemd user": (_GENERATOR,),
    "graphical login": ("sh", "-c", f'eval "$({_GENERATOR} | sed "s/^/export /")"; exec sh -l -c env'),
}


def _bundle(said: str) -> str:
    """Return the name of the last bundle in a text; that of a file of trustinstall is OURS."""
    found = [name or OURS for name, _ in _NAME.findall(said)]
    return found[-1] if found else ""


class Client(NamedTuple):
    """A client, its name in the report, and the command by which it tells what it reads.

    Attributes:
        name: in the report.
        command: its words; {url} stands for the server's address.
        variables: those that it reads, and the others that can move its files.
        pick: makes the name of the bundle of what it prints.
        follows: whether it trusts the system's store if nothing decides.
    """

    name: str
    command: tuple[str, ...]
    variables: tuple[str, ...] = ()
    pick: Callable[[str], str] = _bundle
    follows: bool = True


def _pip(section: str) -> Callable[[str], str]:
    def pick(said: str) -> str:
        lines = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return _bundle(lines.get(f"{section}.cert", lines.get("global.cert", "")))

    return pick


def _opened(*command: str) -> tuple[str, ...]:
    """Return the words of a client that has no command for its settings, with the files that it opens."""
    return ("strace", "-f", "-e", "trace=openat", "-e", "status=successful", *command)


_PIP = ("python3", "-m", "pip", "config", "list")
_PYTHON = ("/usr/bin/python3", "-S", "-c")
_AWS = """
import sys; sys.path[:0] = ["/opt/aws"]
import argparse, awscli, botocore.session
from awscli.customizations.configure.get import ConfigureGetCommand
ConfigureGetCommand(botocore.session.Session())(["ca_bundle"], argparse.Namespace())
"""
_CONDA = "import sys; sys.path[:0] = ['/opt/conda-code']; from conda.cli.main import main; main(*sys.argv[1:])"
CLIENTS = (
    Client("pip", _PIP, pick=_pip("global"), follows=False),
    Client("pip for install", _PIP, pick=_pip("install"), follows=False),
    Client("pip for download", _PIP, pick=_pip("download"), follows=False),
    Client("npm", ("npm", "config", "get", "cafile"), ("NPM_CONFIG_USERCONFIG",), follows=False),
    Client("git", ("git", "config", "--type=path", "--get-urlmatch", "http.sslCAInfo", "https://other/")),
    Client(
        "git for https://git.corp/",
        ("git", "config", "--type=path", "--get-urlmatch", "http.sslCAInfo", "https://git.corp/"),
    ),
    Client("hg", ("hg", "config", "web.cacerts")),
    Client("wget", _opened("wget", "-q", "--tries=1", "-O", "-", "{url}")),
    Client("curl", _opened("curl", "--silent", "{url}")),
    Client("svn", _opened("svn", "--non-interactive", "info", "{url}")),
    Client("conda", (*_PYTHON, _CONDA, "config", "--show", "ssl_verify"), follows=False),
    Client("aws", (*_PYTHON, _AWS), ("AWS_CONFIG_FILE", "AWS_PROFILE"), follows=False),
    Client("yarn-1", ("node", "/opt/npm/yarn/package/bin/yarn.js", "config", "get", "cafile"), follows=False),
    Client("yarn", ("node", "/opt/npm/berry/package/bin/yarn.js", "config", "get", "httpsCaFilePath"), follows=False),
    Client("php", ("php", "-r", "echo ini_get('openssl.cafile');"), ("PHPRC",)),
    Client("gem", ("ruby", "-e", "print Gem.configuration.ssl_ca_cert")),
    Client("node", ("printenv", "NODE_EXTRA_CA_CERTS"), ("NODE_EXTRA_CA_CERTS",), follows=False),
)


class Odd(NamedTuple):
    """The machine, what the report says of its tools, the variables of each session, and where each bundle is named."""

    root: Throwaway
    server: Server
    told: Mapping[str, Mapping[str, Any]]
    sessions: Mapping[str, Mapping[str, str]]
    named: Mapping[str, str]


@pytest.fixture(scope="module")
def odd() -> Iterator[Odd]:
    """The machine with all settings, after root has added the certificate."""
    private, corp = make_root("Private Root"), make_root("Corp Root")
    with Server(corp.issue("localhost")) as server, Throwaway(java=False) as root:
        copy_in(root, tarballs(), "/opt/tarballs")
        # `aws configure get` needs no descriptions of services
        shutil.copytree(askers.aws()[1], root.path("/opt/aws"), ignore=shutil.ignore_patterns("data", "examples"))
        copy_in(root, askers.conda()[1], "/opt/conda-code")
        root.run(["sh", "-c", _SETUP], check=True)
        root.write(CERTIFICATE, corp.pem)
        named: dict[str, str] = {}
        for path, text in (*MACHINE.items(), *((f"{HOME}/{path}", text) for path, text in OWN.items())):
            own = path.startswith(HOME)
            made = re.sub(r"\{([\w-]+-(?:yes|no))\}", rf"{BUNDLES}/\1.pem", text)
            made = made.replace("{{", "{").replace("}}", "}")
            for number, line in enumerate(made.splitlines(), 1):
                for name in re.findall(r"([\w-]+-(?:yes|no))\.pem", line.replace("git-inc\\", "git-inc-yes.pem")):
                    assert name not in named
                    named[name] = f"{path} line {number}"
            root.write(path, made, user="alice" if own else "root")
        for name in named:
            pem = private.pem + (corp.pem if name.endswith("-yes") else b"")
            root.write(f"{BUNDLES}/{name}.pem", pem, user="alice")
        assert len(named) >= 45
        root.trustinstall("add", CERTIFICATE)
        told = json.loads(root.trustinstall("stores", "--tools", "--json", user="alice", check=True).stdout)
        # a tool with a settings file has a row for that, too: it is the first one
        rows = {one["name"]: one for one in reversed(told["tools"])}
        yield Odd(root, server, rows, _sessions(root), named)


def _sessions(root: Throwaway) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, words in SESSIONS.items():
        said = root.run(words, user="alice", check=True).stdout
        pairs = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        found[name] = {one: pairs[one] for one in sorted(READ | MOVING) if pairs.get(one)}
    return found


def _asked(odd: Odd, client: Client) -> dict[str, str]:
    """Return the name of the bundle that a client reads in each session, "" for none."""
    known: dict[tuple[str | None, ...], str] = {}
    found: dict[str, str] = {}
    for name, variables in odd.sessions.items():
        state = tuple(variables.get(one) for one in client.variables)
        if state not in known:
            env = {one: variables[one] for one in client.variables if one in variables}
            words = [part.replace("{url}", f"https://localhost:{odd.server.port}/") for part in client.command]
            done = odd.root.run(words, user="alice", env=env, cwd="/srv")
            known[state] = client.pick(done.stdout + (done.stderr if words[0] == "strace" else ""))
        found[name] = known[state]
    return found


@pytest.mark.parametrize("client", CLIENTS, ids=[one.name for one in CLIENTS])
def test_what_a_client_says(odd: Odd, client: Client) -> None:
    """The report names the sessions in which the client trusts the root, and the line of the bundle that it reads."""
    asked, row = _asked(odd, client), odd.told[client.name]
    trusts = {name: client.follows if not said else said.endswith("-yes") for name, said in asked.items()}
    without = [name for name, one in trusts.items() if not one]
    word = "yes" if not without else "no" if len(without) == len(trusts) else "in-part"
    assert (row["effective"], sorted(row["not_in"])) == (word, sorted(without) if word == "in-part" else []), asked
    lines = {odd.named.get(said, "default") for name, said in asked.items() if name in (without or trusts)}
    assert row["decided_by"] in lines
