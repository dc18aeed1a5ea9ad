"""SUSE's /etc/sysconfig/proxy: what people have set in it reaches every login, by aaa_base's profile.sh.

Its template says `PROXY_ENABLED="no"`, and has every variable, nearly all of them empty (aaa_base, sysconfig.proxy).
The reader of profile.sh is a loop that no table of sessions follows, therefore this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.editing.text import Malformed, line_number, lines
from trustinstall.editing.text import read as text_of
from trustinstall.facts import proxies as facts
from trustinstall.patterns import regex
from trustinstall_platforms.tools import proxy_file
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.key_in_file import LIMIT

if TYPE_CHECKING:
    from trustinstall.host import Host

FILE = "/etc/sysconfig/proxy"
_LINE = regex(r"(\w+)=[\"']?([^\"'\s]*)")


def of_people(host: Host) -> dict[str, Setter]:
    """Return the lines by which people set variables, by the part of `Proxies`; none if the proxy is switched off."""
    try:
        text = proxy_file.without_ours(FILE, text_of(host.read_or_none(host.real(FILE), LIMIT) or b""))
    except (Malformed, OSError):
        return {}
    parts = {names[1]: part for part, names in facts.VARIABLES.items() if part != "no_proxy"}
    found: dict[str, Setter] = {}
    enabled = False
    for at, line in lines(text):
        match = _LINE.match(line)
        name, value = match.groups() if match else ("", "")
        enabled = value == "yes" if name == "PROXY_ENABLED" else enabled
        if name in parts and value:
            found[parts[name]] = Setter(Kind.SETTING, FILE, line_number(text, at))
    return found if enabled else {}
