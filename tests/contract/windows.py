"""Throw-away Windows machines for the contract: the machine's store, and one account's; see `tests.support.wine`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.contract.machines import FULL, Run, store_ids
from tests.support.changes import Entry
from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server
from tests.support.wine import CERTUTIL, PROGRAM, Windows
from trustinstall.testing.machine import SABOTAGE

_KEYS = (
    r"HKLM\SOFTWARE\Microsoft\SystemCertificates",
    r"HKLM\SOFTWARE\Microsoft\EnterpriseCertificates",
    r"HKLM\SOFTWARE\Policies\Microsoft",
    r"HKCU\SOFTWARE\Microsoft\SystemCertificates",
)
_MACHINES_VARIABLES = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
_ACCOUNTS_VARIABLES = r"HKCU\Environment"
_TOLD = "import json, os; print(json.dumps(os.environ.get('NODE_EXTRA_CA_CERTS')))"
_CHANGE = {"fails": "fails", "lies": "lies", "fails afterwards": "late"}


class WindowsMachine:
    """A Windows with an administrator's prompt, or an account without rights that says yes to every dialog."""

    sabotages: Sequence[str] = SABOTAGE
    kills = 40 if FULL else 4
    crowd = 10 if FULL else 4
    singly = True
    one_place = ""
    nameless = False

    keys: Sequence[str] = _KEYS

    def __init__(self, windows: Windows, store: str, *, elevated: bool) -> None:
        """Deliver it."""
        self.windows, self.store = windows, store
        self._elevated = elevated
        state = r"C:\ProgramData\trustinstall" if self._elevated else rf"{windows.home}\AppData\Local\trustinstall"
        self._ignored = [windows.path(each) for each in (state, r"C:\certutil", r"C:\contract")]
        self._roots: dict[int, Root] = {}
        self._delivered = self._files(times=True)
        self._keys = self._registry()

    # --- the program ------------------------------------------------------------------------------

    def root(self, number: int) -> tuple[str, str]:
        """See `Machine`. The file lies in a place that snapshots leave out."""
        root = self._roots.setdefault(number, make_root(f"Contract Root {number}"))
        return self.windows.write(rf"C:\contract\{number}.crt", root.pem), root.sha256

    def start(self, command: str, *arguments: str) -> Run:
        """See `Machine`."""
        selected = () if command == "repair" else ("--store", self.store)
        words = [*PROGRAM, command, "--json", *selected, *arguments]
        return Run(self.windows.popen(words, elevated=self._elevated))

    # --- looking ----------------------------------------------------------------------------------

    def trusts(self, sha256: str) -> bool:
        """By Windows' own chain engine, which a TLS client asks; the store must say the same."""
        root = next(one for one in self._roots.values() if one.sha256 == sha256)
        with Server(root.issue("localhost")) as server:
            trusted = self.windows.go_trusts(server.port)
        assert trusted == (sha256 in self.windows.roots()), "store and chain engine disagree"
        return trusted

    def sound(self) -> int:
        """See `Machine`."""
        return len(self.windows.roots())

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """See `Machine`: files, and values of the registry below where certificates are kept."""
        files = self._files(times=times)
        delivered = {path: one if times else one._replace(mtime_ns=0) for path, one in self._delivered.items()}
        keys = self._registry()
        paths = {path: files.get(path) for path in files.keys() | delivered if files.get(path) != delivered.get(path)}
        values = {key: keys.get(key) for key in keys.keys() | self._keys if keys.get(key) != self._keys.get(key)}
        return {**paths, **values}

    def _files(self, *, times: bool) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        left = [self.windows.path("C:\\")]
        while left:
            for path in left.pop().iterdir():
                if path in self._ignored:
                    continue
                found[str(path)] = _entry(path, times=times)
                if path.is_dir() and not path.is_symlink():
                    left.append(path)
        return found

    def _registry(self) -> dict[str, object]:
        trees = self.windows.registry(*self.keys)
        return {
            rf"{top}\{key}": values for top, tree in zip(self.keys, trees, strict=True) for key, values in tree.items()
        }

    def refreshes(self) -> int:
        """Nothing is derived from the registry: every run of the tool adds or deletes one certificate."""
        return len(self.windows.calls())

    # --- another program --------------------------------------------------------------------------

    def put_by_hand(self, number: int) -> str:
        """A person does it by hand."""
        path, sha256 = self.root(number)
        whose = () if self._elevated else ("-user",)
        self.windows.certutil(*whose, "-addstore", "Root", path, elevated=self._elevated, check=True)
        return sha256

    def lose_mark(self, _number: int, /) -> bool:
        """The key of a certificate is its thumbprint: it has no other name."""
        return False

    def put_beside(self, _number: int, /) -> bool:
        """A store of Windows holds a certificate once: adding it again writes the same key."""
        return False

    def bring_by_package(self, _number: int, /) -> bool:
        """Wine does not read what policies bring: see `WslMachine`, whose registry is the same."""
        return False

    def put_otherwise(self, _number: int, /) -> bool:
        """The registry has one format."""
        return False

    def rewrite(self) -> bool:
        """No program is known that would."""
        return False

    def distrust(self, _number: int, /) -> bool:
        """Wine's chain engine knows no distrust: see `WslMachine`, whose registry is the same."""
        return False

    def take_own(self, _sha256: str, /) -> None:
        """And another root."""
        self.put_by_hand(-2)

    def sabotage(self, how: str) -> None:
        """What changes something misbehaves; what looks does not."""
        self.windows.behave(change=_CHANGE[how])

    def spoil(self) -> str:
        """The tool is not there; or the person at the screen says no."""
        if self._elevated:
            self.windows.path(CERTUTIL).unlink()
            return "certutil"
        self.windows.behave(dialog="no")
        return "0x800704C7"

    def elsewhere(self) -> Sequence[str]:
        """A Linux with a drive C: lying about."""
        with Throwaway(java=False) as linux:
            linux.write("/C:/windows/system32/certutil.exe", "MZ")
            return store_ids(linux, "root")


class WindowsVariables(WindowsMachine):
    """Its environment variables: what programs are told is what one says that is started afterwards."""

    sabotages = ()
    singly = False
    variable = "NODE_EXTRA_CA_CERTS"

    def __init__(self, windows: Windows, *, elevated: bool) -> None:
        """Deliver it."""
        self._key = _MACHINES_VARIABLES if elevated else _ACCOUNTS_VARIABLES
        self.keys = (*_KEYS, _MACHINES_VARIABLES, _ACCOUNTS_VARIABLES)
        super().__init__(windows, f"environment:{self._key}", elevated=elevated)

    def trusts(self, sha256: str) -> bool:
        """By looking at the file that is named."""
        return sha256 in self._named()

    def sound(self) -> int:
        """What is named comes on top of what programs have built in."""
        return super().sound() + len(self._named())

    def _named(self) -> set[str]:
        path = self.windows.python(_TOLD)
        blocks = self.windows.read(path).decode().split("-----BEGIN CERTIFICATE-----")[1:] if path else []
        ders = (base64.b64decode(block.split("-----END CERTIFICATE-----")[0]) for block in blocks)
        return {hashlib.sha256(der).hexdigest() for der in ders}

    def lose_mark(self, number: int, /) -> bool:
        """A person has the variable name another bundle with the same certificate."""
        self.put_by_hand(number)
        return True

    def put_beside(self, _number: int, /) -> bool:
        """A variable has one value, and only trustinstall writes the managed file that it names."""
        return False

    def put_by_hand(self, number: int) -> str:
        """A person has a bundle, and the variable names it: from then on that bundle is the store to observe."""
        path, sha256 = self.root(number)
        theirs = self.windows.write(r"C:\company\roots.pem", make_root().pem + self.windows.read(path))
        self._say(self.variable, theirs)
        self.store = f"environment:{theirs}".replace("\\", "/")
        return sha256

    def take_own(self, _sha256: str, /) -> None:
        """Another variable, in the same key."""
        self._say("EDITOR", "notepad")

    def _say(self, name: str, value: str) -> None:
        words = ["reg.exe", "add", self._key, "/v", name, "/d", value, "/f"]
        self.windows.run(words, elevated=self._elevated, check=True)

    def sabotage(self, how: str) -> None:
        """There is no tool to make misbehave."""
        raise NotImplementedError(how)

    def spoil(self) -> str:
        """A directory stands where our file should be."""
        state = r"C:\ProgramData\trustinstall" if self._elevated else rf"{self.windows.home}\AppData\Local\trustinstall"
        self.windows.write(rf"{state}\anchors.pem\keep", "")
        return "own-bundle"

    def elsewhere(self) -> Sequence[str]:
        """A Linux has no registry."""
        with Throwaway(java=False) as linux:
            return [one for one in store_ids(linux, "root") if "HK" in one]


def _entry(path: Path, *, times: bool) -> Entry:
    """A file that is shared with the template is known by its place on the disk: no program has written to it."""
    status = path.lstat()
    mode, mtime = status.st_mode & 0o7777, status.st_mtime_ns if times else 0
    if path.is_symlink() or path.is_dir():
        kind = "link" if path.is_symlink() else "directory"
        return Entry(kind, mode, status.st_uid, status.st_gid, 0, "", 0)
    content = f"{status.st_ino}" if status.st_nlink > 1 else hashlib.sha256(path.read_bytes()).hexdigest()
    return Entry("file", mode, status.st_uid, status.st_gid, status.st_size, content, mtime)
