"""The keystore that ca-certificates-java keeps up to date from Debian's bundle, which Debian's JDKs link to.

Sources: the hook, the maintainer script and the defaults file of ca-certificates-java 20230710.
"""

from __future__ import annotations

import posixpath
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.patterns import regex
from trustinstall.stores.steps import Content, Edit, digest
from trustinstall_platforms.keystores import distribution

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.steps import Step
    from trustinstall_platforms.keystores import Trusted

KEYSTORE = "/etc/ssl/certs/java/cacerts"
_HOOK = "/etc/ca-certificates/update.d/jks-keystore"
_DEFAULTS = "/etc/default/cacerts"  # shell; may hold a password, so that its text is never shown
_JAVA = "/usr/bin/java"  # without it, the maintainer script does nothing
_OUR_ALIAS = regex(r"debian:.*-([0-9a-f]{12})\.pem")
_SWITCH = regex(rb"^[ \t]*(?:export[ \t]+)?cacerts_updates=[\"']?(\w*)", re.MULTILINE)


def alias(link: str) -> str:
    """Return the alias that the hook gives to the certificate that a link of /etc/ssl/certs leads to."""
    return f"debian:{posixpath.basename(link)}"


def is_marked(one: Trusted) -> bool:
    """Whether the hook made an entry of a managed file: the fingerprint's beginning is in its name."""
    match = _OUR_ALIAS.fullmatch(one.alias)
    return match is not None and sha256_of(one.der).startswith(match[1])


def not_fed(host: Host) -> str | None:
    """Return why Debian does not keep its keystore up to date, and what to do; None if it does."""
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
    """Return why an image's keystore cannot be changed without the image's Java, and what to do; None if it can."""
    try:
        if distribution.changeable(host.read(host.real(KEYSTORE))):
            return None
    except OSError as error:
        return f"it cannot be read: {error.strerror}; look at it"
    return "it is no JKS keystore with the usual password; use --run-image-tool, or keytool in the image"


def steps(
    host: Host,
    added: Sequence[tuple[str, Certificate]],
    removed: Sequence[Certificate],
    links: Collection[str],
) -> Iterator[Step]:
    """Yield the hook's changes of an image's keystore; none if it would make none, or needs Java for them.

    `added` are certificates with the links that name them. Of certificates in `removed`, the hook removes the aliases
    of `links` that go, and no alias that another program gave them.
    """
    if host.status(KEYSTORE) is None or not_fed(host) or not_changeable(host):
        return
    moment = datetime.fromisoformat(host.stamp().removesuffix("Z")).replace(tzinfo=timezone.utc)
    seconds = int(moment.timestamp())
    new = [distribution.New(alias(link), one.der, seconds) for link, one in added]
    aliases, ders = {alias(link) for link in links}, {one.der for one in removed}
    old = host.read(host.real(KEYSTORE))
    changed = distribution.changed_where(
        old, new, lambda one: one.der in ders and (one.alias in aliases or is_marked(one))
    )
    if changed != old:
        yield Edit(host.real(KEYSTORE), Content(changed), digest(old), separates=True)  # the hook makes it
