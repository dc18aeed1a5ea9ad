"""The model of a family of distributions, and its store.

`families` and `other_families` hold the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.host import Kind, Tools
from trustinstall.host.commands import Guard
from trustinstall.stores.files import missing_parents
from trustinstall.stores.store import Store, blocked
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.store import DiscoveryOptions


class Extracted(NamedTuple):
    """One file or directory that p11-kit extracts.

    Attributes:
        path: a file or a directory.
        form: p11-kit's name of the format.
        purpose: the purpose that anchors must have, as an object identifier of RFC 5280's extended key usage; "": any.
        mirror: a directory with links to, or copies of links in, a directory.
    """

    path: str
    form: str
    purpose: str = ""
    mirror: str = ""


class Family(NamedTuple):
    """Distributions that keep their roots in the same way.

    Attributes:
        name: the backend's name and the store's id.
        ids: their ID or ID_LIKE in os-release(5), in lower case.
        anchors: the administrator's directory of certificates.
        bundle: the file that clients read.
        tool: makes the bundle from the anchors.
        without_tool: the fault, and the advice, if there is no tool.
        clients: the programs that read the bundle.
        known: "real" or "documented"; see the head of `families`.
        arguments: the tool's arguments.
        status_counts: whether an exit status other than 0 means failure; the bundle is observed in any case.
        packages: the other directories that the bundle is made of, `trust anchor`'s and packages'; the first of them
            exists wherever the tool is.
        selection: the list of packages' files that are read: a line each, "!" deselects one; "" if all are.
        blocklists: certificates in these directories are left out of the bundle.
        hashed: the same anchors, one a file, for OpenSSL's CApath; "" if there is no such directory.
        takes_der: whether the tool reads DER as well as PEM.
        waits: a variable that is set if the tool only notes that it was called, and the advice then.
        foreign_advice: how an anchor outside `anchors` is removed.
        ending: the ending of managed files' names.
        reads: the endings of the names that the tool reads; () if it reads all.
        appended: whether no tool makes the bundle: then trustinstall appends to it, and the tool makes hash links only.
        derived: the files that p11-kit makes of the anchors.
        lock: the lock of the package manager, which is waited for if files and bundle contradict each other.
    """

    name: str
    ids: frozenset[str]
    anchors: str
    bundle: str
    tool: str
    without_tool: str
    clients: str
    known: str
    arguments: tuple[str, ...] = ()
    status_counts: bool = True
    packages: tuple[str, ...] = ()
    selection: str = ""
    blocklists: tuple[str, ...] = ()
    hashed: str = ""
    takes_der: bool = True
    waits: tuple[str, str] = ("", "")
    foreign_advice: str = ""
    ending: str = ".crt"
    reads: tuple[str, ...] = ()
    appended: bool = False
    derived: tuple[Extracted, ...] = ()
    lock: Guard = Guard()


def store(host: Host, family: Family, places: DiscoveryOptions | None = None) -> Store | None:
    """Return the family's store on a system whose os-release names the family, or None.

    None also if its tool is missing and the caller has named the existing bundles instead.

    A directory or a tool alone proves nothing: p11-kit makes RHEL's directories on Debian, and Debian, SUSE and Alpine
    have different tools of one name.
    """
    if host.platform != "linux" or not family.ids & host.distribution():
        return None
    if places and places.bundles and not host.executable(family.tool):
        return None
    return Store(
        backend=family.name,
        location=family.bundle,
        owner=host.machine_owner,
        id=family.name,
        clients=family.clients,
        blocked=blocked(_unwritable(host, family)),
        system=True,
    )


def _bundle_instead(host: Host, family: Family) -> str:
    """Return the advice for an image without the tool."""
    if not host.is_image:
        return ""
    bundle = family.bundle if host.read_or_none(host.real(family.bundle)) else "FILE"
    return f" (in the image), or name the bundle that its programs read: --search {bundle}"


def _written(host: Host, family: Family) -> Iterator[str]:
    """Yield the files that would be replaced, and if no tool is run, every file that the tool would make."""
    yield family.bundle
    for one in family.derived if host.tools is Tools.NEVER else ():
        status = host.status(one.path)
        if status is not None:
            yield f"{one.path}/x" if status.kind is Kind.DIRECTORY else one.path


def _unwritable(host: Host, family: Family) -> str | None:
    if not host.executable(family.tool):
        return f"{family.without_tool}{_bundle_instead(host, family)}"
    if family.packages and host.status(family.packages[0]) is None:
        return (
            f"{family.tool} is there, and {family.packages[0]} is not: this is not the system that its os-release "
            "names; install the package that brings both again"
        )
    variable, advice = family.waits
    if variable and host.environ.get(variable):
        return advice
    if not host.account.is_root and not host.is_image:
        return None  # root's rights are unknown here
    if host.tools is Tools.NEVER and host.status(host.real(family.bundle)) is None:
        return f"{family.bundle} is missing in the image: its package was never set up; --run-image-tool does that"
    outermost = (*missing_parents(host, f"{family.anchors}/x"), f"{family.anchors}/x")[0]
    for shown, path in ((family.anchors, outermost), *((path, path) for path in _written(host, family))):
        if reason := host.may_write(path):
            if host.is_image:
                return f"{shown} cannot be written: {reason}; look at who may change it"
            return (
                f"{shown} cannot be written: {reason}; where the system is an image, put the certificate into "
                f"{family.anchors} of that image, and run {' '.join((family.tool, *family.arguments))} in it"
            )
    return None
