"""The contract on the machine that this is: `scripts/contract-here --store ID`. It changes that machine's own store.

For CI's throw-away machines of distributions, macOS and Windows, so that the stand-ins of the other tests are proved or
refuted. Nothing collects this module by itself. What can be done only by ruining the machine (a bad tool in the place
of the good one) is left to the throw-away roots.
"""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import stat
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.contract.machines import Run
from tests.support.changes import Entry
from tests.support.pki import Root, make_root
from trustinstall.testing.contract import Contract

_LEAD = {name: value for name, value in os.environ.items() if not name.startswith(("SSL_CERT", "TRUSTINSTALL"))}
_KEYSTORES = ("cacerts", ".jks", ".keystore")  # with the time of writing in them
_SYSTEM = "/Library/Keychains/System.keychain"
_THUMBPRINTS = r"Get-ChildItem Cert:\LocalMachine\Root | ForEach-Object Thumbprint"


def _said(*command: str) -> str:
    return subprocess.run(command, env=_LEAD, check=True, capture_output=True, text=True, timeout=300).stdout


@dataclass
class Here(ABC):
    """Some system's own store, without the ways to ruin it."""

    store: str
    place: Path
    sabotages: Sequence[str] = ()
    kills: int = 6
    crowd: int = 4
    singly: bool = False
    one_place: str = ""
    nameless: bool = False
    roots: dict[int, Root] = field(default_factory=dict[int, Root])

    def root(self, number: int) -> tuple[str, str]:
        """See `Machine`."""
        root = self.roots.setdefault(number, make_root(f"Contract Root {number}"))
        path = self.place / f"{number}.crt"
        path.write_bytes(root.pem)
        return str(path), root.sha256

    def path_of(self, sha256: str) -> str:
        """The file of a test root."""
        return next(self.root(number)[0] for number, one in self.roots.items() if one.sha256 == sha256)

    def start(self, command: str, *arguments: str) -> Run:
        """See `Machine`."""
        selected = () if command == "repair" else ("--store", self.store)
        words = [sys.executable, "-I", "-m", "trustinstall", command, "--json", *selected, *arguments]
        nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
        return Run(subprocess.Popen(words, env=_LEAD, encoding="utf-8", stdin=nothing, stdout=pipe, stderr=pipe))

    def put_by_hand(self, number: int) -> str:
        """See `Machine`."""
        path, sha256 = self.root(number)
        self.put(path)
        return sha256

    def put_otherwise(self, _number: int, /) -> bool:
        """See `Machine`: it is played in the throw-away roots."""
        return False

    def rewrite(self) -> bool:
        """See `Machine`: it is played in the throw-away roots."""
        return False

    def distrust(self, _number: int, /) -> bool:
        """See `Machine`: it is played in the throw-away roots."""
        return False

    def lose_mark(self, _number: int, /) -> bool:
        """See `Machine`: nothing is named by us, unless a subclass knows better."""
        return False

    def put_beside(self, _number: int, /) -> bool:
        """See `Machine`: a certificate is held once, unless a subclass knows better."""
        return False

    def bring_by_package(self, _number: int, /) -> bool:
        """No package is made here."""
        return False

    def take_own(self, _sha256: str, /) -> None:
        """See `Machine`."""
        self.put(self.root(-2)[0])

    @abstractmethod
    def put(self, path: str) -> None:
        """Have the system itself trust a file."""

    @abstractmethod
    def trusts(self, sha256: str) -> bool:
        """See `Machine`."""

    @abstractmethod
    def sound(self) -> int:
        """See `Machine`."""

    @abstractmethod
    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """See `Machine`."""

    def clean(self) -> None:
        """Leave nothing behind."""
        self.start("remove", "--all", "--yes").wait()
        for number in (-1, -2, 0):
            if number in self.roots:
                self.start("remove", "--not-ours", "--sha256", self.roots[number].sha256).wait()

    def refreshes(self) -> int:
        """Runs of the tool are not counted here."""
        return 0

    def sabotage(self, how: str) -> None:
        """Nothing is ruined here."""
        raise NotImplementedError(how)

    def spoil(self) -> str:
        """Nothing is ruined here, unless a subclass knows how to mend it."""
        raise NotImplementedError(self.store)

    def elsewhere(self) -> Sequence[str]:
        """This system pretends to be no other, unless a subclass knows how."""
        raise NotImplementedError(self.store)


@dataclass(frozen=True)
class Layout:
    """Where a distribution keeps its roots: documented, and looked at here for the first time."""

    bundle: str
    anchors: str
    command: tuple[str, ...]
    package: str
    watched: tuple[str, ...]


_DEBIAN = Layout(
    "/etc/ssl/certs/ca-certificates.crt",
    "/usr/local/share/ca-certificates",
    ("/usr/sbin/update-ca-certificates",),
    "ca-certificates",
    ("/etc/ssl", "/usr/local/share"),
)
LAYOUTS = {
    "debian": _DEBIAN,
    "alpine": _DEBIAN,
    "rhel": Layout(
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/ca-trust/source/anchors",
        ("/usr/bin/update-ca-trust", "extract"),
        "ca-certificates",
        ("/etc/pki", "/etc/ssl"),
    ),
    "suse": Layout(
        "/var/lib/ca-certificates/ca-bundle.pem",
        "/etc/pki/trust/anchors",
        ("/usr/sbin/update-ca-certificates", "-f"),
        "ca-certificates",
        ("/etc/pki", "/etc/ssl", "/var/lib/ca-certificates"),
    ),
    "arch": Layout(
        "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
        "/etc/ca-certificates/trust-source/anchors",
        ("/usr/bin/update-ca-trust",),
        "ca-certificates",
        ("/etc/ca-certificates", "/etc/ssl"),
    ),
    "photon": Layout(
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/certs",
        (
            "/bin/sh",
            "-c",
            "openssl rehash /etc/ssl/certs && cat /etc/ssl/certs/*.pem >/etc/pki/tls/certs/ca-bundle.crt",
        ),
        "ca-certificates",
        ("/etc/pki", "/etc/ssl"),
    ),
}


class Linux(Here):
    """A distribution, in a container of its own."""

    @property
    def layout(self) -> Layout:
        """What is known of it."""
        return LAYOUTS[self.store]

    def trusts(self, sha256: str) -> bool:
        """As the distribution's own OpenSSL is built to look."""
        command = ["openssl", "verify", self.path_of(sha256)]
        return subprocess.run(command, env=_LEAD, capture_output=True, timeout=60, check=False).returncode == 0

    def sound(self) -> int:
        """OpenSSL loads the bundle, and holds as many as there are blocks."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=self.layout.bundle)
        count = context.cert_store_stats()["x509"]
        assert Path(self.layout.bundle).read_bytes().count(b"-----BEGIN CERTIFICATE-----") == count
        return count

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """Every file below the directories in question; keystores with the time in them are looked at elsewhere."""
        return {
            str(path): _entry(path, times=times)
            for top in self.layout.watched
            for path in Path(top).rglob("*")
            if not path.name.endswith(_KEYSTORES)
        }

    def lose_mark(self, number: int, /) -> bool:
        """Rename the file, and run the distribution's own command."""
        (path,) = Path(self.layout.anchors).glob(f"*{self.root(number)[1][:12]}*")
        path.rename(path.with_name(f"by-hand{number}{path.suffix}"))
        _said(*self.layout.command)
        return True

    def put_beside(self, number: int, /) -> bool:
        """A file of another name."""
        self.put_by_hand(number)
        return True

    def put(self, path: str) -> None:
        """A file among the anchors, and the distribution's own command."""
        ending = ".pem" if self.store == "photon" else ".crt"
        Path(self.layout.anchors, f"by-hand{Path(path).stem}{ending}").write_bytes(Path(path).read_bytes())
        _said(*self.layout.command)

    def spoil(self) -> str:
        """The tool is away until the test has ended."""
        tool = Path("/usr/bin/openssl" if self.store == "photon" else self.layout.command[0]).resolve()
        tool.rename(f"{tool}.away")
        self.place.joinpath("away").symlink_to(tool)
        return self.layout.package

    def elsewhere(self) -> Sequence[str]:
        """Another name in os-release, until the answer is there."""
        release = Path("/etc/os-release")
        away = release.rename("/etc/os-release.away")
        try:
            release.write_text("ID=plan9\n")
            found = json.loads(_said(sys.executable, "-I", "-m", "trustinstall", "stores", "--json"))
            return [str(one["id"]) for one in found["stores"]]
        finally:
            away.replace(release)

    def clean(self) -> None:
        """Put the tool back first."""
        away = self.place / "away"
        if away.is_symlink():
            tool = away.readlink()
            Path(f"{tool}.away").rename(tool)
        super().clean()


class MacOS(Here):
    """The system keychain and its trust settings; needs the right com.apple.trust-settings.admin without a dialog."""

    def trusts(self, sha256: str) -> bool:
        """By the system's own evaluation."""
        command = ["/usr/bin/security", "verify-cert", "-c", self.path_of(sha256), "-p", "basic", "-l", "-L"]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0

    def sound(self) -> int:
        """How many certificates the keychain lists."""
        return _said("/usr/bin/security", "find-certificate", "-a", "-Z", _SYSTEM).count("SHA-256 hash:")

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """The fingerprints in the keychain, and the administrator's trust settings; times are the keychain's own."""
        listed = _said("/usr/bin/security", "find-certificate", "-a", "-Z", _SYSTEM)
        command = ["/usr/bin/security", "dump-trust-settings", "-d"]
        settings = subprocess.run(command, capture_output=True, timeout=60, check=False).stdout  # 1 where there is none
        found: dict[str, object] = {line: 1 for line in listed.splitlines() if line.startswith("SHA-256 hash:")}
        found["settings"] = settings.split(b"Cert ")[1:] and sorted(settings.splitlines())
        return found | ({"time": Path(_SYSTEM).stat().st_mtime_ns} if times else {})

    def put(self, path: str) -> None:
        """As its manual page says."""
        _said("/usr/bin/security", "add-trusted-cert", "-d", "-r", "trustRoot", "-k", _SYSTEM, path)


class Windows(Here):
    """LocalMachine's Root."""

    def thumbprints(self) -> list[str]:
        """What PowerShell lists."""
        return _said("powershell", "-NoProfile", "-Command", _THUMBPRINTS).split()

    def trusts(self, sha256: str) -> bool:
        """By its thumbprint."""
        der = next(one.der for one in self.roots.values() if one.sha256 == sha256)
        return hashlib.sha1(der).hexdigest().upper() in self.thumbprints()  # noqa: S324  Windows' name for it

    def sound(self) -> int:
        """How many there are."""
        return len(self.thumbprints())

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """The thumbprints; a store of the registry has no times."""
        return dict.fromkeys(self.thumbprints(), times)

    def put(self, path: str) -> None:
        """As its documentation says."""
        _said("certutil", "-f", "-addstore", "Root", path)


def _entry(path: Path, *, times: bool) -> Entry:
    status = path.lstat()
    link, file = stat.S_ISLNK(status.st_mode), stat.S_ISREG(status.st_mode)
    content = str(path.readlink()) if link else hashlib.sha256(path.read_bytes()).hexdigest() if file else ""
    kind = "link" if link else "file" if file else "directory"
    size, when = (status.st_size, status.st_mtime_ns if times else 0) if file else (0, 0)
    return Entry(kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, size, content, when)


#: Systems whose stores hold a certificate once, without a name from trustinstall.
ONE_PLACE = {
    "darwin": "a keychain and trust settings know a certificate by its SHA-1 alone, and hold it once",
    "win32": "the registry's key of a certificate is its thumbprint",
}
SYSTEMS: dict[str, type[Linux | MacOS | Windows]] = {"darwin": MacOS, "win32": Windows}


@pytest.mark.timeout(1800)
class TestHere(Contract):
    """The promises, on this machine."""

    @pytest.fixture
    def machine(self) -> Iterator[Linux | MacOS | Windows]:
        """This machine, if the caller has said so by a variable."""
        assert os.environ["TRUSTINSTALL_CONTRACT_ON_THIS_MACHINE"] == "yes"
        store = os.environ["TRUSTINSTALL_CONTRACT_STORE"]
        with tempfile.TemporaryDirectory() as place:
            here = SYSTEMS.get(sys.platform, Linux)(store, Path(place))
            here.one_place = ONE_PLACE.get(sys.platform, "")
            try:
                yield here
            finally:
                here.clean()
