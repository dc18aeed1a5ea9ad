"""The keystore that ca-certificates-java keeps up to date from Debian's bundle, which Debian's JDKs link to.

Sources: the hook, the maintainer script and the defaults file of ca-certificates-java 20230710.
"""

from __future__ import annotations

import posixpath
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from trustinstall.stores.steps import Content, Edit, digest
from trustinstall_platforms.keystores import distribution

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.steps import Step

KEYSTORE = "/etc/ssl/certs/java/cacerts"
_HOOK = "/etc/ca-certificates/update.d/jks-keystore"
_DEFAULTS = "/etc/default/cacerts"  # shell; may hold a password, so that its text is never shown
_JAVA = "/usr/bin/java"  # without it, the maintainer script does nothing
_SWITCH = re.compile(rb"^[ \t]*(?:export[ \t]+)?cacerts_updates=[\"']?(\w*)", re.MULTILINE)


def not_fed(host: Host) -> str | None:
    """Say why Debian does not keep its keystore up to date, and what to do; None where it does."""
    if not host.executable(_HOOK):
        return "the package ca-certificates-java is missing; install it: apt-get install ca-certificates-java"
    if not host.executable(_JAVA):
        return f"there is no {_JAVA}, so that Debian does not update it; install default-jre-headless"
    try:
        said = _SWITCH.findall(host.read_or_none(_DEFAULTS) or b"")
    except OSError:  # root alone may read it, as a rule
        return None
    if said[-1:] != [b"yes"]:
        return f"{_DEFAULTS} does not say cacerts_updates=yes; say so there, or use keytool"
    return None


def not_changeable(host: Host) -> str | None:
    """Say why an image's keystore cannot be changed without the image's Java, and what to do; None where it can."""
    try:
        if distribution.changeable(host.read(host.real(KEYSTORE))):
            return None
    except OSError as error:
        return f"it cannot be read: {error.strerror}; look at it"
    return "it is no JKS keystore with the usual password; use --run-image-tool, or keytool in the image"


def steps(host: Host, coming: Sequence[tuple[str, Certificate]], leaving: Sequence[Certificate]) -> Iterator[Step]:
    """What the hook would change in an image's keystore; nothing where it would not, or cannot be done without Java.

    `coming` are certificates with the links that they are known by.
    """
    if host.status(KEYSTORE) is None or not_fed(host) or not_changeable(host):
        return
    moment = datetime.fromisoformat(host.stamp().removesuffix("Z")).replace(tzinfo=timezone.utc)
    seconds = int(moment.timestamp())
    new = [distribution.New(f"debian:{posixpath.basename(link)}", one.der, seconds) for link, one in coming]
    old = host.read(host.real(KEYSTORE))
    changed = distribution.changed(old, new, {one.der for one in leaving})
    if changed != old:
        yield Edit(host.real(KEYSTORE), Content(changed), digest(old))
