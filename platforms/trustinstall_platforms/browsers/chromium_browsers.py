"""Chromium and the browsers made of it, on Linux: their paths, and the places of the machine's policies for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from trustinstall.host import Host

#: The name of trustinstall's own file of policies, which sorts first.
OWN_FILE = "00-trustinstall.json"


class Browser(NamedTuple):
    """The directory of one browser's policies, and the paths that exist when it is installed."""

    name: str
    directory: str
    programs: tuple[str, ...]


BROWSERS = (
    Browser(
        "Chromium",
        "/etc/chromium/policies/managed",  # Debian, real; Fedora, Arch and SUSE keep Chromium's own default
        (
            "/usr/bin/chromium",
            "/usr/lib/chromium/chromium",
            "/usr/lib64/chromium-browser/chromium-browser",
            "/usr/lib64/chromium/chromium",
        ),
    ),
    Browser(
        "Ubuntu's Chromium",
        "/etc/chromium-browser/policies/managed",  # its packages; the snap has the plug etc-chromium-browser-policies
        ("/usr/lib/chromium-browser/chromium-browser", "/snap/bin/chromium"),
    ),
    Browser(
        "Chrome",
        "/etc/opt/chrome/policies/managed",  # chromium.org, "Linux Quick Start"
        ("/opt/google/chrome/chrome", "/opt/google/chrome-beta/chrome", "/opt/google/chrome-unstable/chrome"),
    ),
    Browser(
        "Edge",
        "/etc/opt/edge/policies/managed",  # learn.microsoft.com, "Configure Microsoft Edge for Linux"
        (
            "/opt/microsoft/msedge/msedge",
            "/opt/microsoft/msedge-beta/msedge",
            "/opt/microsoft/msedge-dev/msedge",
        ),
    ),
    Browser(
        "Brave",
        "/etc/brave/policies/managed",  # support.brave.app, "Group Policy"
        ("/opt/brave.com/brave/brave", "/opt/brave-bin/brave", "/usr/bin/brave"),
    ),
)

#: Browsers whose directory of policies is not known for certain (see `chromium_policy`); accounts' databases reach
#: them.
OTHER_PROGRAMS = (
    "/opt/vivaldi/vivaldi",
    "/opt/vivaldi-snapshot/vivaldi",
    "/usr/lib/x86_64-linux-gnu/opera/opera",
    "/usr/lib64/opera/opera",
    "/usr/lib/x86_64-linux-gnu/opera-stable/opera",
)


def installed(host: Host) -> bool:
    """Whether any of them is installed."""
    programs = [path for one in BROWSERS for path in one.programs] + list(OTHER_PROGRAMS)
    return any(host.status(path) is not None for path in programs)
