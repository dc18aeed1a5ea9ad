"""Stand-ins for what a Linux in WSL starts of Windows: reg.exe, certutil.exe, whoami.exe, and WSL's own wslpath.

One script under four names, over one registry in a file. Written from Microsoft's reference pages and from what people
have shown of these programs' output; nothing is taken from the backend that it is there to test. Windows speaks German
here, in code page 850, and gives 32 bits of exit status to a Linux that sees eight of them.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import struct
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

STATE = "/mnt/c/standin/state.json"
LOG = "/mnt/c/standin/log"
SHARE = "\\\\wsl.localhost\\Debian"
PAGE = "cp850"
_HIVES = {"HKLM": "HKEY_LOCAL_MACHINE", "HKCU": "HKEY_CURRENT_USER"}
_MACHINE = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\Root\Certificates"
_ACCOUNT = r"HKCU\Software\Microsoft\SystemCertificates\Root\Certificates"
_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_ACCESS_DENIED, _CANCELLED, _NO_FILE, _NO_CERTIFICATE = 0x80070005, 0x800704C7, 0x80070002, 0x80092009


def state() -> dict[str, Any]:
    """Return the state at the start: the account has no rights, and a person accepts every question."""
    return {
        "registry": {_VERSION: {"": {"CurrentBuild": ["REG_SZ", "22631"]}}},
        "elevated": False,
        "desktop": True,
        "answer": "yes",
        "tool": "good",
        "reached": True,
        "reg": "good",
    }


def log(kind: str, **more: Any) -> None:  # noqa: ANN401 - any value of JSON
    """Note what has happened."""
    with open(LOG, "a") as file:  # noqa: PTH123 - a stand-in runs on any Python
        file.write(json.dumps({"kind": kind, **more}) + "\n")


@contextmanager
def opened() -> Generator[dict[str, Any], None, None]:
    """The state, for one program at a time; what was changed in it is kept, wholly or not at all."""
    with open(f"{STATE}.lock", "w") as lock:  # noqa: PTH123
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(STATE) as file:  # noqa: PTH123
            found = json.load(file)
        before = json.dumps(found)
        yield found
        if json.dumps(found) != before:
            with open(f"{STATE}.new", "w") as file:  # noqa: PTH123
                json.dump(found, file)
            os.replace(f"{STATE}.new", STATE)  # noqa: PTH105


def say(text: str, *, error: bool = False) -> None:
    """Print as a program of Windows does whose output is redirected."""
    stream = sys.stderr.buffer if error else sys.stdout.buffer
    stream.write(text.replace("\n", "\r\n").encode(PAGE, "replace"))
    stream.flush()


def held(registry: dict[str, Any], path: str) -> dict[str, Any]:
    """The keys of a key, which is made where it is missing; its name counts in any case."""
    known = next((key for key in registry if key.lower() == path.lower()), path)
    keys: dict[str, Any] = registry.setdefault(known, {})
    return keys


# --- reg.exe --------------------------------------------------------------------------------------


def reg(words: list[str], found: dict[str, Any]) -> int:
    """`reg query KEY [/s] [/v NAME] [/reg:64]`."""
    if not words or words[0].lower() != "query" or len(words) < 2 or found["reg"] == "broken":
        say('\nFEHLER: Ungültige Syntax.\nGeben Sie "REG /?" ein, um die Syntax anzuzeigen.\n', error=True)
        return 1
    key, options = words[1], words[2:]
    name = options[options.index("/v") + 1] if "/v" in options else None
    deep = "/s" in options
    hits = 0
    for where, values in _keys(found["registry"], key, deep=deep):
        chosen = {one: value for one, value in values.items() if name is None or one.lower() == name.lower()}
        if chosen:
            hive, _, rest = where.partition("\\")
            say(f"\n{_HIVES[hive]}\\{rest}\n")
            for one, (kind, data) in chosen.items():
                say(f"    {one}    {kind}    {data}\n")
                hits += 1
    if deep and any(_keys(found["registry"], key, deep=True)):
        say(f"\nEnde der Suche: {hits} Übereinstimmung(en) gefunden.\n")
    elif not hits:
        say("\nFEHLER: Der angegebene Registrierungsschlüssel bzw. Wert wurde nicht gefunden.\n", error=True)
    else:
        say("\n")
    return 0 if hits else 1


def _keys(registry: dict[str, Any], key: str, *, deep: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """A key and what is below it. The registry has keys of keys; each of the latter has values."""
    wanted = key.lower()
    for top, children in registry.items():
        for child, values in children.items():
            where = f"{top}\\{child}" if child else top
            if where.lower() == wanted or (deep and where.lower().startswith(f"{wanted}\\")):
                yield where, values


# --- certutil.exe ---------------------------------------------------------------------------------


def certutil(words: list[str], found: dict[str, Any]) -> int:
    """`certutil [-user] -addstore Root FILE` and `certutil [-user] -delstore Root SHA1`."""
    own = "-user" in words
    words = [word for word in words if word != "-user"]
    log("certutil", words=words, own=own)
    if len(words) != 3 or words[0] not in {"-addstore", "-delstore"} or words[1].lower() != "root":
        say("CertUtil: Unbekanntes Argument\n")
        return 0x80070057
    verb, subject = words[0], words[2]
    say('Root "Vertrauenswürdige Stammzertifizierungsstellen"\n')
    if found["tool"] == "lies":
        return _done(verb)
    if found["tool"] == "fails":
        return _failed(verb, 0x80004005)
    if found["tool"] == "denied" or not (own or found["elevated"]):
        say("Für die ausgewählten Optionen sind Administratorrechte erforderlich.\n")
        return _failed(verb, _ACCESS_DENIED)
    store = held(found["registry"], _ACCOUNT if own else _MACHINE)
    status = _add(store, subject, found, own=own) if verb == "-addstore" else _delete(store, subject, found, own=own)
    if status:
        return _failed(verb, status)
    return 0x80004005 if found["tool"] == "fails afterwards" else _done(verb)


def _add(store: dict[str, Any], subject: str, found: dict[str, Any], *, own: bool) -> int:
    if found["tool"] == "no share":
        return 0x80070035
    path = subject.removeprefix(SHARE).replace("\\", "/") if subject.startswith(SHARE) else None
    if path is None or not os.path.isfile(path):  # noqa: PTH113
        return _NO_FILE
    with open(path, "rb") as file:  # noqa: PTH123
        der = file.read()
    if b"-----BEGIN CERTIFICATE-----" in der:
        der = base64.b64decode(der.split(b"-----BEGIN CERTIFICATE-----")[1].split(b"-----END")[0])
    if der[:1] != b"\x30":
        return _NO_CERTIFICATE
    print_ = hashlib.sha1(der).digest()  # noqa: S324
    if own and (refused := _ask(found, print_.hex())):
        return refused
    blob = struct.pack("<III", 3, 1, len(print_)) + print_ + struct.pack("<III", 32, 1, len(der)) + der
    store[print_.hex().upper()] = {"Blob": ["REG_BINARY", blob.hex().upper()]}
    say('Signatur stimmt mit dem öffentlichen Schlüssel überein.\nZertifikat "Corp" zum Speicher hinzugefügt.\n')
    return 0


def _delete(store: dict[str, Any], subject: str, found: dict[str, Any], *, own: bool) -> int:
    if subject.upper() not in store:
        return 0  # and that is a success, as on Windows
    if own and (refused := _ask(found, subject)):
        return refused
    del store[subject.upper()]
    say("Löschen des Zertifikats 0\n")
    return 0


def _ask(found: dict[str, Any], sha1: str) -> int:
    """The window, and what is done with it."""
    log("dialog", sha1=sha1.upper())
    return 0 if found["answer"] == "yes" and found["desktop"] else _CANCELLED


def _done(verb: str) -> int:
    say(f"CertUtil: {verb}-Befehl wurde erfolgreich ausgeführt.\n")
    return 0


def _failed(verb: str, status: int) -> int:
    say(f"CertUtil: {verb}-Befehl ist fehlgeschlagen: 0x{status:x} (WIN32)\nCertUtil: Zugriff verweigert\n")
    return status


# --- whoami.exe, wslpath --------------------------------------------------------------------------


def whoami(words: list[str], found: dict[str, Any]) -> int:
    """`whoami /groups /fo csv /nh`."""
    if words != ["/groups", "/fo", "csv", "/nh"]:
        say("FEHLER: Ungültiges Argument\n", error=True)
        return 1
    kept = "Obligatorische Gruppe, Standardmäßig aktiviert, Aktivierte Gruppe"
    groups = [("Jeder", "Bekannte Gruppe", "S-1-1-0", kept)]
    groups.append(("VORDEFINIERT\\Administratoren", "Alias", "S-1-5-32-544", "Gruppe, die nur zum Verweigern dient"))
    if found["desktop"]:
        groups.append(("NT-AUTORITÄT\\INTERAKTIV", "Bekannte Gruppe", "S-1-5-4", kept))
    else:
        groups.append(("NT-AUTORITÄT\\NETZWERK", "Bekannte Gruppe", "S-1-5-2", kept))
    level, number = ("Hohe", 12288) if found["elevated"] else ("Mittlere", 8192)
    groups.append((f"Verbindliche Beschriftung\\{level} Verbindlichkeitsstufe", "Bezeichnung", f"S-1-16-{number}", ""))
    for group in groups:
        say(",".join(f'"{word}"' for word in group) + "\n")
    return 0


def wslpath(words: list[str]) -> int:
    """`wslpath -w PATH`; older ones know no file that is not there."""
    if len(words) != 2 or words[0] != "-w" or not os.path.exists(words[1]):  # noqa: PTH110
        sys.stderr.write(f"wslpath: {words[-1:]}: No such file or directory\n")
        return 1
    print(SHARE + words[1].replace("/", "\\"))
    return 0


def main() -> int:
    """Do what the program of this name does."""
    name, words = os.path.basename(sys.argv[0]), sys.argv[1:]  # noqa: PTH119
    if name == "wslpath":
        return wslpath(words)
    log("started", name=name, uid=os.geteuid(), environ=dict(os.environ), stdin=os.read(0, 1).decode())
    with opened() as found:
        if not found["reached"]:
            sys.stderr.write("<3>WSL (7) ERROR: UtilConnectToInteropServer:307\n")
            return 1
        return {"reg.exe": reg, "certutil.exe": certutil, "whoami.exe": whoami}[name](words, found) & 0xFF


if __name__ == "__main__":
    sys.exit(main())
