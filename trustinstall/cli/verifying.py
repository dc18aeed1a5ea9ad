"""`add --verify URL`: what is added is followed by the doctor's look at a server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from trustinstall.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Generator

    from trustinstall.cli.common import Output
    from trustinstall.host import Host


def check_url(url: str | None, *, unfit: bool) -> None:
    """Refuse a URL that names no server, and options with which there is nothing to look at. Raises UsageProblem."""
    if url is None:
        return
    from trustinstall.doctor import target

    target.parse(url)
    if unfit:
        raise UsageProblem("--verify looks at a server after a change, for people; use `doctor URL` for the rest")


@contextmanager
def verified(output: Output, host: Host, url: str | None) -> Generator[None, None, None]:
    """Look at a server when the block ends its command; where a client refuses it, status 0 becomes 10."""
    try:
        yield
    except typer.Exit as ended:
        if url is None:
            raise
        from trustinstall.installer.checking import NOT_AS_WANTED
        from trustinstall.installer.diagnosis import diagnose
        from trustinstall.reporting import doctor as report

        found = diagnose(host, url)
        output.say(["", *report.doctor_lines(output.page, [found], host.program(), verbose=output.verbose)])
        raise typer.Exit(ended.exit_code or (0 if found.later else NOT_AS_WANTED)) from None
