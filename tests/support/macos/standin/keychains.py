"""Keychains: opening and changing them, and the sub-commands that do."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import NoReturn

from . import call as calls
from . import certs, machine, status
from .call import Call


def read_file(call: Call, name: str, complaint: bool = True) -> certs.Certificate:  # noqa: FBT001, FBT002
    """The certificate in a file that the caller names; ends the call where there is none."""
    try:
        content = Path(name).read_bytes()
    except OSError:
        print(f"***Error reading file {name}")
        _unreadable(name, complaint)
    try:
        if certs.is_pem(content):
            try:
                content = certs.pem_decode(content)
            except certs.BadCertificateError:
                status.say(f"Error decoding cert file {name}")
                _unreadable(name, complaint)
        return certs.parse(content)
    except certs.BadCertificateError:
        call.cssm_perror("SecCertificateCreateFromData", status.UNKNOWN_FORMAT)
        _unreadable(name, complaint)


def _unreadable(name: str, complaint: bool) -> NoReturn:  # noqa: FBT001
    if complaint:
        status.say(f"Error reading file {name}")
    raise status.Ended(1)


# --- opening --------------------------------------------------------------------------------------


def default_search_list() -> list[str]:
    """The login keychain of the caller, where there is one, what the caller has created, and the machine's."""
    login = f"{machine.home().rstrip('/')}/{machine.LOGIN_KEYCHAIN}"
    return [*([login] if Path(login).exists() else []), *machine.created(), machine.SYSTEM_KEYCHAIN]


def located(name: str) -> str:
    """Where a keychain of that name is: names that are no absolute paths are below the home directory."""
    where = os.environ.get("HOME") or machine.home()
    return name if name.startswith("/") else f"{where.rstrip('/')}/Library/Keychains/{name}"


def opened(call: Call, name: str) -> str | None:
    """A keychain's path; None, and a message, where it cannot be opened."""
    path = located(name)
    if call.state.reading == "notes" and not _is_keychain(path):
        status.sec_error(
            f"SecKeychainOpen {name}: {status.text(status.NO_SUCH_KEYCHAIN, call.state.language)}",
        )
        return None
    return path


def array(call: Call, names: list[str]) -> list[str]:
    """The keychains to look into: one that cannot be opened is left out, and one alone means the search list."""
    found = [path for name in names if (path := opened(call, name))]
    return found if len(names) > 1 or found else default_search_list()


def _is_keychain(path: str) -> bool:
    try:
        machine.unpack_keychain(Path(path).read_bytes())
    except (OSError, ValueError):
        return False
    return True


def certificates(path: str) -> list[certs.Certificate]:
    """What is in a keychain; one that is missing or broken is as good as empty, when it is looked through."""
    try:
        return [certs.parse(one) for one in machine.unpack_keychain(Path(path).read_bytes())]
    except (OSError, ValueError):
        return []


# --- changing -------------------------------------------------------------------------------------


def add(call: Call, certificate: certs.Certificate, path: str) -> None:
    """Add to a keychain; raises OSStatusError, for a duplicate too: the same issuer and serial number are one item."""
    if not _is_keychain(path):
        raise status.OSStatusError(status.NO_SUCH_KEYCHAIN)
    if any((one.issuer, one.serial) == (certificate.issuer, certificate.serial) for one in certificates(path)):
        raise status.OSStatusError(status.DUPLICATE_ITEM)
    _unlock(call, path)
    with _alone(path):
        _write(path, [*(one.der for one in certificates(path)), certificate.der])


@contextlib.contextmanager
def _alone(path: str) -> Generator[None, None, None]:
    """One writer of a keychain at a time: items are single rows there, and none is lost to another's write."""
    descriptor = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _unlock(call: Call, path: str) -> None:
    if call.state.locked and path.endswith(machine.LOGIN_KEYCHAIN):
        if call.state.session != "Aqua":
            raise status.OSStatusError(status.INTERACTION_NOT_ALLOWED)
        calls.dialog(call, "unlock")


def _write(path: str, ders: list[bytes]) -> None:
    try:
        machine.replace(Path(path), machine.pack_keychain(ders))
    except OSError as error:
        raise status.from_errno(error) from None
    machine.note("change", what=path)


def add_certificates(call: Call) -> int:
    """`add-certificates -k KEYCHAIN FILE...`."""
    found, files = call.options("hk:")
    name = dict(found).get("-k")
    if not files or name == "":
        return status.USAGE
    path = opened(call, name) if name else default_search_list()[0]
    if path is None:
        return 1
    result = 0
    for file in files:
        try:
            add(call, read_file(call, file, complaint=False), path)
        except status.Ended as end:
            result = end.code
        except status.OSStatusError as error:
            result = 1
            if error.code == status.DUPLICATE_ITEM:
                status.sec_error(f"{file}: already in {name or 'default keychain'}")
            else:
                call.sec_perror("SecCertificateAddToKeychain", error.code)
    return result


# --- looking --------------------------------------------------------------------------------------


def find_certificate(call: Call) -> int:
    """`find-certificate [-a] [-c NAME] [-Z] [-p] [KEYCHAIN...]`."""
    found, names = call.options("hac:e:mpZ")
    given = dict(found)
    keychains = array(call, names)
    matching = [(path, one) for path in keychains for one in certificates(path) if _named(one, given.get("-c"))]
    if "-a" not in given:
        if not matching:
            call.sec_perror("SecKeychainSearchCopyNext", status.ITEM_NOT_FOUND)
            return status.ITEM_NOT_FOUND
        matching = matching[:1]
    for path, one in matching:
        if "-Z" in given:
            if machine.version() >= (10, 15):
                print(f"SHA-256 hash: {one.sha256}")
            print(f"SHA-1 hash: {one.sha1}")
        sys.stdout.write(certs.to_pem(one.der) if "-p" in given else _attributes(path, one))
    return 0


def _named(one: certs.Certificate, name: str | None) -> bool:
    """Whether the common name holds a text, in any case."""
    if name is None:
        return True
    return one.common_name is not None and name.casefold() in one.common_name.casefold()


def _attributes(path: str, one: certs.Certificate) -> str:
    label = one.label.encode()
    fields = (
        ("alis", "blob", label),
        ("cenc", "uint32", b"\0\0\0\3"),
        ("ctyp", "uint32", b"\0\0\0\1"),
        ("hpky", "blob", one.key_identifier),
        ("issu", "blob", one.issuer),
        ("labl", "blob", label),
        ("skid", "blob", one.key_identifier),
        ("snbr", "blob", one.serial),
        ("subj", "blob", one.subject),
    )
    lines = [f'keychain: "{path}"', "version: 256", f"class: {_buffer(bytes.fromhex('80001000'))}", "attributes:"]
    lines += [f'    "{tag}"<{kind}>={_buffer(value) if value else "<NULL>"}' for tag, kind, value in fields]
    return "\n".join(lines) + "\n"


def _buffer(value: bytes) -> str:
    """Hexadecimal, where a byte is no plain character; and the characters, where there is one."""
    plain = [0x20 <= byte <= 0x7E and byte != 0x5C for byte in value]
    text = "".join(chr(byte) if good else f"\\{byte:03o}" for byte, good in zip(value, plain, strict=True))
    hexadecimal = "" if all(plain) else f"0x{value.hex().upper()} {' ' if any(plain) else ''}"
    return hexadecimal + (f'"{text}"' if any(plain) else "")


# --- taking out -----------------------------------------------------------------------------------


def unique(keychains: list[str], name: str | None, wanted: str | None) -> tuple[str, certs.Certificate] | None:
    """The one certificate of a hash or a name; None, with a message where several have the name."""
    every = [(path, one) for path in keychains for one in certificates(path)]
    if wanted is not None:
        return next((pair for pair in every if wanted.upper() in {pair[1].sha1, pair[1].sha256}), None)
    matching = [pair for pair in every if _named(pair[1], name)]
    exact = [pair for pair in matching if (pair[1].common_name or "").casefold() == (name or "").casefold()]
    best = exact or matching
    if len({one.der for _, one in best}) > 1:
        status.sec_error(f'"{name}" is ambiguous, matches more than one certificate')
        return None
    return best[0] if best else None


def take_out(call: Call, path: str, certificate: certs.Certificate) -> None:
    """Delete from a keychain; raises OSStatusError."""
    _unlock(call, path)
    with _alone(path):
        _write(path, [one.der for one in certificates(path) if one.der != certificate.der])


def create_keychain(call: Call) -> int:
    """`create-keychain -p PASSWORD NAME`: it joins the search list. Nothing is asked for here."""
    found, names = call.options("hp:P")
    if not names or "-p" not in dict(found):
        return status.USAGE
    path = Path(located(names[0]))
    if path.exists():
        message = "A keychain with the same name already exists."
        status.sec_error(f"SecKeychainCreate {names[0]}: {message}")
        return -25296
    machine.replace(path, machine.pack_keychain([]), 0o600)
    machine.create(str(path))
    return 0


def delete_keychain(call: Call) -> int:
    """`delete-keychain NAME`."""
    _, names = call.options("h")
    for name in names:
        Path(located(name)).unlink()
    return 0 if names else status.USAGE


def list_keychains(call: Call) -> int:
    """`list-keychains`: the search list."""
    call.options("hd:s")
    for path in default_search_list():
        print(f'    "{path}"')
    return 0
