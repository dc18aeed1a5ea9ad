"""The options of the command line, each written down once; those of `doctor` are in `doctor_options`."""

from __future__ import annotations

from functools import partial
from pathlib import Path  # noqa: TID251  by this type Typer knows a path; nothing is opened
from typing import Annotated, Literal

import typer

from trustinstall.cli import completion

CERTIFICATES = "Which certificates"
STORES = "Which stores"
GENERAL = "General"
IMAGES = "Images"
ADVANCED = "Advanced"
#: The panels of the help, in their order.
PANELS = (CERTIFICATES, STORES, GENERAL, IMAGES, ADVANCED)
#: Panels of options that only `--help-all` shows.
RARE = frozenset({IMAGES, ADVANCED})

_certificates = partial(typer.Option, rich_help_panel=CERTIFICATES)
_stores = partial(typer.Option, rich_help_panel=STORES)
general = partial(typer.Option, rich_help_panel=GENERAL)
_images = partial(typer.Option, rich_help_panel=IMAGES)
_advanced = partial(typer.Option, rich_help_panel=ADVANCED)

# --- which certificates ---

Inputs = Annotated[
    list[str] | None,
    typer.Argument(metavar="FILE…", help="Certificate files, directories, or - for standard input."),
]
From = Annotated[
    list[str],
    _certificates(
        "--from",
        autocompletion=completion.sources,
        metavar="system|windows",
        help="No file: take the company's roots from this machine's own store, or (WSL) from that of Windows.",
    ),
]
Match = Annotated[
    str | None,
    _certificates("--match", metavar="TEXT", help="With --from: only those whose subject has TEXT in it."),
]
Sha256 = Annotated[
    list[str],
    _certificates(
        "--sha256",
        metavar="HEX",
        autocompletion=completion.fingerprints,
        help="The full SHA-256 that the certificate must have.",
    ),
]
Vouched = Annotated[
    list[str],
    _certificates(
        "--sha256",
        metavar="HEX",
        envvar="TRUSTINSTALL_SHA256",
        help="The full SHA-256 that the certificate must have; no question is asked then.",
    ),
]
Cert = Annotated[
    list[str],
    _certificates("--cert", metavar="FILE", help="A certificate file; - for standard input."),
]
Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME…",
        autocompletion=completion.certificates,
        help="A file, a fingerprint or its unique start, or a subject.",
    ),
]
Listed = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]…",
        autocompletion=completion.certificates,
        help="Only these: a file, a fingerprint or its unique start, or a subject (default: all).",
    ),
]
StoreNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[STORE]…", autocompletion=completion.stores, help="Only these stores, as --store names them."
    ),
]
Checked = Annotated[
    list[str] | None, typer.Argument(metavar="[FILE]…", help="Certificate files (default: everything that was added).")
]
All = Annotated[
    bool,
    _certificates("--all", help="Every certificate that trustinstall added."),
]
Until = Annotated[
    str | None,
    _certificates("--until", metavar="DAY|SPAN", help="Trust ends then: 2027-01-31 (its end, UTC), or 12h, 7d, 2w."),
]
Expired = Annotated[
    bool,
    _advanced("--allow-expired", help="Accept an expired root, or one from the future."),
]
Weak = Annotated[
    bool,
    _advanced("--allow-weak", help="Accept a weak key or signature."),
]
SameName = Annotated[
    bool,
    _advanced("--allow-same-name", help="Accept a root that programs cannot tell from another trusted root."),
]
Force = Annotated[bool, typer.Option("--force", help="All three --allow-… above.", hidden=True)]
Intermediate = Annotated[bool, _advanced("--allow-intermediate", help="Trust intermediates, too.")]

# --- which stores ---

Scope = Annotated[
    Literal["machine", "user", "all-users"] | None,
    _stores(
        "--scope",
        metavar="machine|user|all-users",
        envvar="TRUSTINSTALL_SCOPE",
        help="Whose stores (default: with sudo the machine's and yours, as root the machine's, else yours).",
    ),
]
User = Annotated[
    list[str],
    _stores("--user", metavar="NAME", help="As root: this account's stores, too."),
]
AllUsers = Annotated[bool, typer.Option("--all-users", help="The same as --scope all-users.", hidden=True)]
Store = Annotated[
    list[str],
    _stores(
        "--store",
        autocompletion=completion.stores,
        metavar="ID",
        envvar="TRUSTINSTALL_STORE",
        help="Only these stores: a group (browsers, python, …), a name (npm), an id from `stores`.",
    ),
]
Skip = Annotated[
    list[str],
    _stores(
        "--skip", autocompletion=completion.stores, metavar="ID", envvar="TRUSTINSTALL_SKIP", help="Not these stores."
    ),
]
Search = Annotated[
    list[Path],  # several in the variable are separated as in PATH
    _stores(
        "--search",
        autocompletion=completion.files,
        metavar="PATH",
        envvar="TRUSTINSTALL_SEARCH",
        help="Here, too: a directory (programs below it), a Python, or a PEM bundle.",
    ),
]
Domain = Annotated[
    list[str],
    _stores(
        "--domain",
        metavar="NAME",
        help="Trust it only for this domain or network (CIDR). Stores that cannot do this are skipped.",
    ),
]
Refresh = Annotated[
    bool,
    _advanced("--refresh", help="Search homes, /opt, /usr/local and /srv for programs again."),
]
WithWindows = Annotated[
    bool,
    _advanced("--with-windows", help="WSL: not this Linux alone, but the Windows that it runs under, too."),
]
JavaStorepass = Annotated[
    list[str],
    _advanced("--java-storepass-file", metavar="FILE", help="The password of a Java keystore is FILE's first line."),
]
Variables = Annotated[
    Literal["add", "replace", "none"] | None,
    _advanced(
        "--variables",
        metavar="add|replace|none",
        help="Which variables are set (default: add; for an account on Linux: replace).",
    ),
]
Adopt = Annotated[bool, _advanced("--adopt", help="Take over copies that trustinstall did not add.")]
NotOurs = Annotated[
    bool,
    _advanced("--not-ours", help="Remove a copy that trustinstall did not add; needs --sha256."),
]
AccountGone = Annotated[
    list[str],
    _advanced(
        "--account-gone", metavar="NAME", help="As root: this account was deleted; forget what was added for it."
    ),
]

# --- images ---

Sysroot = Annotated[
    str | None,
    _images("--sysroot", metavar="DIR", help="Not this machine: the image whose root lies in DIR."),
]
RunImageTool = Annotated[
    bool,
    _images("--run-image-tool", help="With --sysroot, as root: run the image's own tool, confined."),
]
ProfileOut = Annotated[
    str | None,
    _advanced("--profile-out", metavar="FILE", help="Only write a profile for Macs (- for standard output)."),
]

# --- single commands ---

Verify = Annotated[
    str | None,
    general(
        "--verify",
        metavar="URL",
        help="Then look at a server, as `doctor URL` does (with --dry-run as it would be); 10 if a client refuses it.",
    ),
]
Command = Annotated[list[str], typer.Argument(metavar="-- COMMAND…", help="What to run, and its arguments.")]
Java = Annotated[
    bool,
    general("--java", help="Lend Java programs a trust store, too (JAVA_TOOL_OPTIONS)."),
]
Foreign = Annotated[
    bool,
    general(
        "--foreign",
        help="Also roots that trustinstall did not add, without public ones; with -v every root of every store.",
    ),
]
Entries = Annotated[
    bool,
    general("--files", help="Every file, alias and variable that trustinstall manages."),
]
Tools = Annotated[bool, typer.Option("--tools", hidden=True, help="The same as the command `tools`.")]

# --- general ---

DryRun = Annotated[
    bool,
    general("--dry-run", "-n", help="Say what would be done, and do nothing."),
]
ExitCode = Annotated[
    bool,
    _advanced("--exit-code", help="With --dry-run: exit status 10 if something would change, else 0."),
]
ListExitCode = Annotated[
    bool,
    general("--exit-code", help="Exit status 10 if a store lost a certificate that was added, else 0."),
]
Strict = Annotated[
    bool,
    _advanced("--strict", help="Exit with 3 unless every store on this machine was changed."),
]
Yes = Annotated[bool, general("--yes", "-y", envvar="TRUSTINSTALL_YES", help="Do not ask.")]
NoInput = Annotated[
    bool,
    _advanced("--no-input", help="Never ask; implied by --json, CI, and no terminal."),
]
Json = Annotated[bool, general("--json", envvar="TRUSTINSTALL_JSON", help="Print JSON.")]
JsonAfter = Annotated[  # no variable sets it, because it moves the output of the caller's command
    bool,
    general("--json", help="Print JSON when the command has ended; its own output goes to standard error."),
]
Quiet = Annotated[bool, general("--quiet", "-q", help="Print errors only.")]
Verbose = Annotated[
    bool,
    general("--verbose", "-v", help="Every store on a line of its own."),
]
