"""The policy files of a machine that Firefox and its relatives read, on Linux.

Facts:

- Exactly one file is read: `/etc/NAME/policies/policies.json` (NAME is the application's, in lower case) if it exists,
  else `distribution/policies.json` beside the program (EnterprisePoliciesParent.sys.mjs, SpecialSystemDirectory.cpp).
  If only the second exists, a new first one would disable it: so the certificate goes into the second.
- The snap sees `/etc/firefox/policies` and nothing else of `/etc`, a flatpak the extension `systemconfig` as
  `/app/etc/firefox` (mozilla/policy-templates, "Linux"): so the certificate lies beside the policy.
- A flatpak that is installed for one account reads the machine's extension, too, unless the account has one of its own
  (flatpak-dir-utils.c, flatpak_find_unmaintained_extension_dir_if_exists). Homes are not searched for such flatpaks: if
  the directory of the extension exists, the administrator has made it for them.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.host import Kind
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.browsers import policy_places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

FILE = "policies.json"
OURS = regex(r"trustinstall-[0-9a-f]{12}\.crt")
_FLATPAK, _INSIDE = "/var/lib/flatpak", "/app/etc/firefox"
_APPLICATION = f"{_FLATPAK}/app/org.mozilla.firefox"
_SYSTEMCONFIG = f"{_FLATPAK}/extension/org.mozilla.firefox.systemconfig"


class Application(NamedTuple):
    """One application: its name, and the directories in which packages and people put its program."""

    name: str
    installs: tuple[str, ...]
    snap: str = ""

    @property
    def policies(self) -> str:
        """The policy file of the machine."""
        return f"/etc/{self.name.lower()}/policies/{FILE}"


APPLICATIONS = (
    Application(
        "Firefox",
        (
            "/usr/lib/firefox-esr",  # Debian; real
            "/usr/lib/firefox",  # Mozilla's own packages for Debian, Arch
            "/usr/lib64/firefox",  # Fedora, SUSE
            "/usr/lib/firefox-developer-edition",
            "/opt/firefox",  # support.mozilla.org, "Install Firefox on Linux"
            "/opt/firefox-esr",
            "/opt/firefox-developer-edition",
        ),
        "/snap/bin/firefox",
    ),
    Application(
        "Thunderbird", ("/usr/lib/thunderbird", "/usr/lib64/thunderbird", "/opt/thunderbird"), "/snap/bin/thunderbird"
    ),
    Application("LibreWolf", ("/usr/share/librewolf", "/usr/lib/librewolf", "/usr/lib64/librewolf", "/opt/librewolf")),
    Application("Waterfox", ("/usr/lib/waterfox", "/opt/waterfox")),
    Application("Zen", ("/opt/zen-browser-bin", "/opt/zen-browser", "/opt/zen")),
)


class Place(NamedTuple):
    """A policy file, existing or not.

    Attributes:
        name: its application.
        path: its path on the machine.
        unwritable: why it cannot be written, or None.
        module: whether the application takes the roots of the system's store.
    """

    name: str
    path: str
    unwritable: str | None = None
    module: bool = False


def found(host: Host) -> Iterator[Place]:
    """Yield the files that installed applications read, or would read if they existed."""
    for one in APPLICATIONS:
        installs = list(dict.fromkeys(host.real(path) for path in one.installs if host.is_directory(path)))
        snap = bool(one.snap) and host.status(one.snap) is not None
        own = [path for path in installs if host.status(_beside(host, path)) is not None]
        module = bool(installs) and not snap and all(policy_places.asks_the_system(host, path) for path in installs)
        if not (installs or snap):
            continue
        if host.status(one.policies) is not None or not own:
            # A managed file from before the module was installed must still be found.
            module = module and not any(map(OURS.fullmatch, host.names(posixpath.dirname(one.policies))))
            yield Place(one.name, one.policies, module=module)
            continue
        for path in installs:
            file = _beside(host, path)
            yield Place(one.name, file, module=policy_places.asks_the_system(host, path))
        if snap:
            reason = f"it would hide {_beside(host, own[0])}; move that file to {one.policies}, and try again"
            yield Place(f"{one.name} (snap)", one.policies, reason)
    for architecture in sorted({*_directories(host, _APPLICATION), *_directories(host, _SYSTEMCONFIG)}):
        yield Place("Firefox (flatpak)", f"{_SYSTEMCONFIG}/{architecture}/stable/policies/{FILE}")


def _directories(host: Host, top: str) -> list[str]:
    """Return the entries of a directory that are directories and not links: an application's `current` is a link."""
    found = {name: host.status(f"{top}/{name}") for name in host.names(top)}
    return [name for name, status in found.items() if status and status.kind is Kind.DIRECTORY]


def _beside(host: Host, install: str) -> str:
    return f"{host.real(f'{install}/distribution')}/{FILE}"


def name_of(location: str) -> str:
    """Return the application of a policy file, as far as its path shows it."""
    return next((one.name for one in APPLICATIONS if one.policies == location), "Firefox or a relative")


def inside(location: str) -> str:
    """Return the directory of a policy file, as its application sees it."""
    return f"{_INSIDE}/policies" if location.startswith(f"{_SYSTEMCONFIG}/") else posixpath.dirname(location)


def hidden(host: Host, policy: str, certificate: str) -> tuple[str, str] | None:
    """Return why people's browsers do not read a policy or a file that it names, and the remedy; or None."""
    return policy_places.unreadable(host, posixpath.dirname(policy), policy, certificate)
