"""Steps that write the files that p11-kit would extract for added and removed anchors: for images without tools.

p11-kit reads the directory of anchors in the file system's order, usually newest first, and before the packages'
files: new certificates are put in front. Everything else keeps its place and its bytes.

Sources: p11-kit's trust/{extract-pem,extract-openssl,extract-jks,extract-edk2,enumerate,save}.c; update-ca-trust of
Fedora and Arch, update-ca-certificates of openSUSE; UEFI 2.10, 32.4.1 (EFI_SIGNATURE_LIST). The tests compare with
p11-kit's output.
"""

from __future__ import annotations

import posixpath
import struct
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import pem_blocks
from trustinstall.errors import StoreError
from trustinstall.host import Kind
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, digest
from trustinstall_platforms.keystores import distribution
from trustinstall_platforms.linux.hash_links import HASH_LINK
from trustinstall_platforms.linux.link_changes import Links
from trustinstall_platforms.linux.p11kit_writing import alias, authority, comment, file_name, good_for, trusted_pem
from trustinstall_platforms.linux.subject_hash import P11_KIT, old_subject_hash, subject_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.steps import Step
    from trustinstall_platforms.linux.family import Extracted, Family

# EFI_CERT_X509_GUID, and the one by which p11-kit names itself as the owner, in their written form.
_X509 = bytes.fromhex("a159c0a5e494a74a87b5ab155c2bf072")
_OWNER = bytes.fromhex("503bdddc05f4fd4396bebd33b1734776")
_LIST = struct.Struct("<16sIII")  # type, size of the list, of its header, and of each signature
_MODE = 0o444  # as p11-kit leaves its files


def steps(host: Host, family: Family, added: Sequence[Certificate], removed: Sequence[Certificate]) -> Iterator[Step]:
    """Yield the edits of all extracted files that exist.

    Raises StoreError if the tool would leave out an added anchor, or a file cannot be changed.
    """
    for one in added:
        if not authority(one) or not good_for(one, family.derived[1].purpose):
            raise StoreError(
                store=family.name,
                cause=f"{posixpath.basename(family.tool)} would leave {one.name} out of {family.bundle}, because it is "
                "no authority, or not for servers",
                advice="ask the authority for its root",
            )
    for what in family.derived:
        path = host.real(what.path)
        status = host.status(path)
        fitting = [one for one in added if good_for(one, what.purpose)]
        if status is not None and status.kind is Kind.DIRECTORY:
            yield from _directory(host, what, path, fitting, removed)
        elif status is not None:
            old = host.read(path)
            new = _file(host, what, old, fitting, removed)
            if new != old:
                yield Edit(path, Content(new), digest(old), separates=True)  # as the tool does, by renaming


def _file(
    host: Host, what: Extracted, old: bytes, added: Sequence[Certificate], removed: Sequence[Certificate]
) -> bytes:
    if what.form == "java-cacerts":
        return _java(host, what, old, added, removed)
    if what.form == "edk2-cacerts":
        return _edk2(what, old, added, removed)
    new = _without(old, {one.der for one in removed})
    there = {block.der for block in pem_blocks(new)}
    for one in added:
        if one.der not in there:
            pem = trusted_pem(one) if what.form == "openssl-bundle" else one.pem
            head = comment(one) if _commented(old, what) else b""
            new = head + pem + (b"\n" if head and new else b"") + new
    return new


def _commented(bundle: bytes, what: Extracted) -> bool:
    """Whether each certificate has a line with its name in front, as in all of Fedora's and Arch's bundles."""
    return bundle.startswith(b"# ") or (not bundle and "/extracted/" in what.path)


def _without(bundle: bytes, removed: Collection[bytes]) -> bytes:
    """Return a bundle without some certificates, their comments, and the empty lines between those."""
    kept: list[bytes] = []
    at = 0
    for block in pem_blocks(bundle):
        if block.der in removed:
            kept.append(_without_comment(bundle[at : block.start]))
            at = block.end
            if not any(kept) and bundle[at : at + 1] == b"\n":
                at += 1  # the rest is the first one now
    return b"".join((*kept, bundle[at:]))


def _without_comment(text: bytes) -> bytes:
    """Return the text before a block without the comment of p11-kit above the block and the empty line before it."""
    start = text.rfind(b"\n", 0, len(text) - 1) + 1
    if not (text.startswith(b"# ", start) and text.endswith(b"\n")):
        return text
    return text[: start - 1] if text[:start].endswith(b"\n\n") else text[:start]


def _java(
    host: Host, what: Extracted, old: bytes, added: Sequence[Certificate], removed: Sequence[Certificate]
) -> bytes:
    moment = datetime.fromisoformat(host.stamp().removesuffix("Z")).replace(tzinfo=timezone.utc)
    new = [distribution.New(alias(one), one.der, int(moment.timestamp())) for one in reversed(added)]
    try:
        return distribution.changed(old, new, {one.der for one in removed}, first=True)
    except ValueError as error:
        raise _unchangeable(what, str(error)) from None


def _edk2(what: Extracted, old: bytes, added: Sequence[Certificate], removed: Sequence[Certificate]) -> bytes:
    gone = {one.der for one in removed}
    lists = [(text, der) for text, der in _signatures(what, old) if der not in gone]
    there = {der for _, der in lists}
    new = b""
    for one in added:
        if one.der not in there:
            size = len(_OWNER) + len(one.der)
            new = _LIST.pack(_X509, _LIST.size + size, 0, size) + _OWNER + one.der + new
    return new + b"".join(text for text, _ in lists)


def _signatures(what: Extracted, content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each list of signatures, and the certificate if it holds exactly one."""
    at = 0
    while at < len(content):
        if len(content) - at < _LIST.size:
            raise _unchangeable(what, "it is cut off")
        _, size, header, each = _LIST.unpack_from(content, at)
        if size < _LIST.size or at + size > len(content):
            raise _unchangeable(what, "it is cut off")
        text = content[at : at + size]
        start = _LIST.size + header + len(_OWNER)
        yield text, text[start:] if _LIST.size + header + each == size else b""
        at += size


def _unchangeable(what: Extracted, cause: str) -> StoreError:
    return StoreError(
        store=what.path, cause=f"{what.path} cannot be changed: {cause}", advice="use --run-image-tool to make it anew"
    )


def _directory(
    host: Host, what: Extracted, path: str, added: Sequence[Certificate], removed: Sequence[Certificate]
) -> Iterator[Step]:
    """Yield the edits of a directory with a file for each certificate, of its hash links, and of its mirror."""
    links = Links(host, path)
    mirror = _Mirror(host, what.mirror, path, links) if what.mirror else None
    files = dict(_files(host, path, links))
    gone = {one.der for one in removed}
    dropped = [name for name, content in files.items() if not gone.isdisjoint(_ders(content))]
    standing = {der: name for name, content in files.items() if name not in dropped for der in _ders(content)}
    for name in dropped:
        yield Delete(f"{path}/{name}", digest(files[name]))
    links.drop(dropped)
    names = {one.der: standing.get(one.der, "") for one in added}
    for one in added:
        if not names[one.der]:
            names[one.der] = file_name(one, {*links.names, *names.values()})
            pem = trusted_pem(one) if what.form == "openssl-directory" else one.pem
            yield Edit(f"{path}/{names[one.der]}", Content(pem), ABSENT, _MODE)
        for value in filter(None, (subject_hash(one, P11_KIT), old_subject_hash(one))):
            links.put_hash(value, names[one.der])
    yield from links.steps()
    if mirror:
        yield from mirror.steps(links, names.values(), dropped)


def _files(host: Host, path: str, links: Links) -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of the regular files in a directory."""
    for name in sorted(links.names - links.before.keys()):
        with suppress(OSError):
            yield name, host.read(f"{path}/{name}")


def _ders(content: bytes) -> set[bytes]:
    return {block.der for block in pem_blocks(content) if block.der is not None}


class _Mirror:
    """Links elsewhere that lead to a directory's files (Arch), and copies of its links by hash (Arch, Fedora)."""

    def __init__(self, host: Host, path: str, of: str, links: Links) -> None:
        self._links = Links(host, path)
        self._way = posixpath.relpath(of, host.real(path))
        self._old = links.before

    def steps(self, links: Links, files: Iterable[str], dropped: Collection[str]) -> Iterator[Step]:
        """Yield the changes of links that followed the directory before."""
        before = self._links.before
        if any(target.startswith(f"{self._way}/") for target in before.values()):
            self._links.drop({f"{self._way}/{name}" for name in dropped})
            for name in files:
                self._links.put(name, f"{self._way}/{name}")
        copied = [
            name for name, target in before.items() if HASH_LINK.fullmatch(name) and self._old.get(name) == target
        ]
        if copied:
            for name in copied:
                self._links.take(name)
            for name, target in links.after.items():
                if HASH_LINK.fullmatch(name) and (name in copied or name not in self._links.names):
                    self._links.put(name, target)
        yield from self._links.steps()
