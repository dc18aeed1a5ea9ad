"""The options of the command `doctor`, as types for its parameters."""

from __future__ import annotations

from typing import Annotated

import typer

from trustinstall.cli.options import general

Servers = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[URL… | -- COMMAND…]",
        help="Servers with TLS: https://HOST, HOST or HOST:PORT; or a command that is run and fails "
        "(default: look at this machine).",
    ),
]
Starttls = Annotated[
    str,
    general(
        "--starttls",
        metavar="NAME",
        help="What the server speaks before TLS: smtp, imap, pop3, ftp, ldap, postgres or mysql; or write smtp://HOST.",
    ),
]
ProxyUrl = Annotated[
    str,
    general(
        "--proxy",
        metavar="URL",
        help="Through this proxy: http://, https://, socks5:// or socks5h://HOST:PORT (default: as the variables say).",
    ),
]
Pid = Annotated[
    int | None,
    general("--pid", metavar="N", help="Judge with the variables of a running process, which fails (Linux)."),
]
Beside = Annotated[
    str,
    general(
        "--beside",
        metavar="URL",
        help="Look at this unrelated server, too: the same private authority for both inspects the connection.",
    ),
]
ReportFile = Annotated[
    str | None,
    general("--report", metavar="FILE", help="Write a page of HTML for a help desk into a new FILE, without secrets."),
]
SaveRoot = Annotated[
    str | None,
    general(
        "--save-root",
        metavar="FILE",
        help="Write the server's root into a new FILE, unverified: `add` wants its fingerprint with --sha256.",
    ),
]
Fix = Annotated[
    bool, general("--fix", help="Without a URL: take back what switches verification off, after a question.")
]
Everything = Annotated[bool, general("--all", help="Without a URL: show what is well, too.")]
RefusedCode = Annotated[
    bool,
    general("--exit-code", help="Exit status 10 unless every client here accepts each server, else 0."),
]
