"""The options of the command line, each written down once."""

from __future__ import annotations

from typing import Annotated

import typer

Inputs = Annotated[
    list[str] | None,
    typer.Argument(metavar="FILE…", help="Certificate files, directories, or - for standard input."),
]
FromSystem = Annotated[
    bool,
    typer.Option("--from-system", help="Take the company's roots from this machine's own store, and no file."),
]
FromWindows = Annotated[
    bool,
    typer.Option("--from-windows", help="WSL: take them from the store of the Windows that this Linux runs under."),
]
Match = Annotated[
    str | None,
    typer.Option("--match", metavar="TEXT", help="With --from-…: only those whose subject has TEXT in it."),
]
Command = Annotated[list[str], typer.Argument(metavar="-- COMMAND…", help="What to run, and its arguments.")]
Cert = Annotated[list[str], typer.Option("--cert", metavar="FILE", help="A certificate file; - for standard input.")]
Java = Annotated[bool, typer.Option("--java", help="Lend Java programs a trust store, too (JAVA_TOOL_OPTIONS).")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME…", help="A file, a fingerprint or its unique start, or a subject."),
]
Sha256 = Annotated[
    list[str],
    typer.Option("--sha256", metavar="HEX", help="The full SHA-256 that the certificate must have."),
]
Force = Annotated[bool, typer.Option("--force", help="Accept what only policy refuses: expired, or weak.")]
Intermediate = Annotated[bool, typer.Option("--allow-intermediate", help="Trust intermediates too.")]
Scope = Annotated[
    str | None,
    typer.Option("--scope", metavar="machine|user", help="Which stores (default: machine for root, else user)."),
]
ForUser = Annotated[
    list[str],
    typer.Option("--for-user", metavar="NAME", help="As root: this account's stores too."),
]
AllUsers = Annotated[bool, typer.Option("--all-users", help="As root: the stores of all accounts that can log in.")]
Store = Annotated[list[str], typer.Option("--store", metavar="ID", help="Only these stores (see `stores`).")]
Skip = Annotated[list[str], typer.Option("--skip", metavar="ID", help="Not these stores.")]
Python = Annotated[list[str], typer.Option("--python", metavar="PATH", help="A Python, or its environment.")]
Search = Annotated[
    list[str],
    typer.Option("--search", metavar="DIR", help="Look for Python environments and Javas below DIR."),
]
Rescan = Annotated[bool, typer.Option("--rescan", help="Search homes, /opt, /usr/local and /srv again.")]
Bundle = Annotated[
    list[str],
    typer.Option("--bundle", metavar="FILE", help="This PEM bundle too (with --sysroot: a path in the image)."),
]
WindowsHost = Annotated[
    bool,
    typer.Option("--windows-host", help="WSL: not this Linux alone, but the Windows that it runs under, too."),
]
JavaStorepass = Annotated[
    list[str],
    typer.Option("--java-storepass-file", metavar="FILE", help="The password of a Java keystore is FILE's first line."),
]
Sysroot = Annotated[
    str | None,
    typer.Option("--sysroot", metavar="DIR", help="Not this machine: the image whose root lies in DIR."),
]
RunImageTool = Annotated[
    bool,
    typer.Option("--run-image-tool", help="With --sysroot, as root: run the image's own tool, confined."),
]
ProfileOut = Annotated[
    str | None,
    typer.Option("--profile-out", metavar="FILE", help="Only write a profile for Macs (- for standard output)."),
]
Domain = Annotated[
    list[str],
    typer.Option(
        "--domain",
        metavar="NAME",
        help="Trust it only for this domain or network (CIDR). Stores that cannot do this are skipped.",
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DAY|SPAN", help="Trust ends then: 2027-01-31 (its end, UTC), or 12h, 7d, 2w."),
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DAY|SPAN", help="Only entries since then: 2027-01-31, or 12h, 7d, 2w.")
]
DeclaredIn = Annotated[
    str | None,
    typer.Argument(metavar="[FILE]", help="A document, a directory of them, or - (default: the configuration's)."),
]
Checked = Annotated[
    list[str] | None, typer.Argument(metavar="[FILE]…", help="Certificate files (default: everything that was added).")
]
Prune = Annotated[bool, typer.Option("--prune", help="Remove what it asked for before, and does not name any more.")]
Form = Annotated[str, typer.Option("--format", metavar="trust.toml|trust.json", help="The form of the document.")]
AgentAction = Annotated[str, typer.Argument(metavar="install|status|remove", help="What to do.")]
Env = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="add|replace|none",
        help="Which variables are set (default: add; for an account on Linux: replace).",
    ),
]
Shell = Annotated[
    str | None,
    typer.Option(
        "--shell",
        metavar="NAME",
        help="bash, zsh, fish, powershell, cmd, dotenv, dockerfile, github or gitlab (default: yours).",
    ),
]
Adopt = Annotated[bool, typer.Option("--adopt", help="Take over copies that someone else added.")]
Foreign = Annotated[bool, typer.Option("--foreign", help="Remove a copy that someone else added; needs --sha256.")]
All = Annotated[bool, typer.Option("--all", help="Every certificate of ours.")]
Anchors = Annotated[bool, typer.Option("--all", help="Every anchor of every store.")]
Entries = Annotated[bool, typer.Option("--files", help="Every file, alias and variable that is ours.")]
Tools = Annotated[bool, typer.Option("--tools", hidden=True, help="The same as the command `tools`.")]
AccountGone = Annotated[
    list[str],
    typer.Option(
        "--account-gone", metavar="NAME", help="As root: this account was deleted; forget what was added for it."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="With --dry-run: exit status 10 if something would change, else 0.")
]
Server = Annotated[str, typer.Argument(metavar="URL", help="A server with TLS: https://HOST, HOST or HOST:PORT.")]
RefusedCode = Annotated[
    bool, typer.Option("--exit-code", help="Exit status 10 unless every client here accepts the server, else 0.")
]
ListExitCode = Annotated[
    bool, typer.Option("--exit-code", help="Exit status 10 if a store lost a certificate that was added, else 0.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 unless every store on this machine was changed.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask; implied by --json, CI, and no terminal.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Every store on a line of its own.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour (also NO_COLOR).")]
