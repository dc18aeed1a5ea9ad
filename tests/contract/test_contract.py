"""The contract, for every store that there is; a backend without a machine is an error, not a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.contract.android import AndroidMachine
from tests.contract.browsers import ChromiumPolicies, FirefoxPolicies, Nss
from tests.contract.dropped import DotNet, Minikube, Mono
from tests.contract.embedded import Tool
from tests.contract.environment import Pam, Profile
from tests.contract.images import AnchoredImage, DebianImage, Distroless, Named
from tests.contract.java import Jdk
from tests.contract.linux import Clear, FreeBSD, Photon
from tests.contract.machines import FULL, Base
from tests.contract.macos import MacMachine
from tests.contract.python import Environment
from tests.contract.settings import AddingSettings, PipSettings
from tests.contract.systems import Anchored, Copy, Debian
from tests.contract.vm import VmMachine
from tests.contract.windows import WindowsMachine, WindowsVariables
from tests.contract.wsl import WslMachine
from tests.support.families import LAYOUTS
from tests.support.other_families import OTHERS
from tests.support.throwaway import Throwaway
from tests.support.wine import Windows
from trustinstall import catalog
from trustinstall.testing.contract import Contract


def _anchored(layout: str, store: str, package: str) -> Callable[[Throwaway], Base]:
    return partial(Anchored, layout=(LAYOUTS | OTHERS)[layout], store=store, package=package)


MACHINES: dict[str, tuple[str, bool, Callable[[Throwaway], Base]]] = {
    "debian": ("debian", False, Debian),
    "debian-with-java": ("debian", True, Debian),
    "gentoo": ("gentoo", False, partial(Copy, store="gentoo", package="emerge app-misc/ca-certificates")),
    "void": ("void", False, partial(Copy, store="void", package="xbps-install ca-certificates")),
    "slackware": ("slackware", False, partial(Copy, store="slackware", package="slackpkg install ca-certificates")),
    "el9": ("rhel", False, _anchored("el9", "rhel", "dnf install ca-certificates")),
    "fedora": ("rhel", False, _anchored("fedora", "rhel", "dnf install ca-certificates")),
    "suse": ("suse", False, _anchored("suse", "suse", "zypper install ca-certificates")),
    "arch": ("arch", False, _anchored("arch", "arch", "pacman -S ca-certificates")),
    "alpine": ("alpine", False, _anchored("alpine", "alpine", "apk add ca-certificates")),
    "flatcar": ("flatcar", False, _anchored("flatcar", "flatcar", "have Ignition write the bundle")),
    "photon": ("photon", False, Photon),
    "clear": ("clear", False, Clear),
    "freebsd-14": ("freebsd", False, partial(FreeBSD, script=True)),
    "freebsd-15": ("freebsd", False, partial(FreeBSD, script=False)),
    "chromium-policy": ("chromium-policy", False, ChromiumPolicies),
    "chromium-policy-beside-others": ("chromium-policy", False, partial(ChromiumPolicies, beside=True)),
    "firefox-policy": ("firefox-policy", False, FirefoxPolicies),
    "firefox-policy-beside-others": ("firefox-policy", False, partial(FirefoxPolicies, beside=True)),
    "nss": ("nss", False, Nss),
    "chromium-nss": ("nss", False, partial(Nss, new=True)),
    "certifi": ("certifi", False, Environment),
    "embedded": ("embedded", False, Tool),
    "jdk-jks": ("java", True, partial(Jdk, kind="jks", user="root")),
    "jdk-pkcs12": ("java", True, partial(Jdk, kind="pkcs12", user="alice")),
    "jdk-pkcs12-plain": ("java", True, partial(Jdk, kind="pkcs12-plain", user="alice")),
    "jdk-pkcs12-old": ("java", True, partial(Jdk, kind="pkcs12-old", user="alice")),
    "bundle": ("bundle", False, Named),
    "settings": ("settings", False, PipSettings),
    "settings-that-add": ("settings", False, AddingSettings),
    "drop-directory": ("drop-directory", False, Minikube),
    "mono": ("mono", False, Mono),
    "dotnet": ("dotnet", False, DotNet),
    "lima": ("vm", False, partial(VmMachine, engine="lima")),
    "colima": ("vm", False, partial(VmMachine, engine="colima")),
    "rancher-desktop": ("vm", False, partial(VmMachine, engine="rancher-desktop")),
    "podman-machine": ("vm", False, partial(VmMachine, engine="podman")),
    "minikube": ("vm", False, partial(VmMachine, engine="minikube")),
    "kind": ("vm", False, partial(VmMachine, engine="kind", nodes=2)),
    "android-emulator": ("android-emulator", False, AndroidMachine),
    "environment": ("environment", False, Pam),
    "environment-of-an-account": ("environment", False, Profile),
    "distroless": ("bundle", False, Distroless),
    "debian-image": ("debian", False, DebianImage),
    "debian-image-with-java": ("debian", True, DebianImage),
    **{
        f"{layout}-image": (store, False, partial(AnchoredImage, layout=LAYOUTS[layout], store=store, package=package))
        for layout, store, package in (
            ("el9", "rhel", "dnf install ca-certificates"),
            ("fedora", "rhel", "dnf install ca-certificates"),
            ("suse", "suse", "zypper install ca-certificates"),
            ("arch", "arch", "pacman -S ca-certificates"),
            ("alpine", "alpine", "apk add ca-certificates"),
        )
    },
    "keychain": ("keychain", False, partial(MacMachine, store="keychain")),
    "windows-host": ("windows-host", False, partial(WslMachine, name="windows-host")),
    "windows-host-user": ("windows-host-user", False, partial(WslMachine, name="windows-host-user")),
    "login-keychain": ("login-keychain", False, partial(MacMachine, store="login-keychain")),
}
#: The short form runs each way in which a store is changed on one machine (`embedded` is changed as `bundle` is); the
#: full form runs all of them.
SHORT = {
    "debian",
    "debian-with-java",
    "el9",
    "photon",
    "freebsd-15",
    "certifi",
    "jdk-pkcs12",
    "chromium-policy",
    "nss",
    "bundle",
    "settings",
    "drop-directory",
    "mono",
    "dotnet",
    "lima",
    "android-emulator",
    "environment",
    "environment-of-an-account",
    "el9-image",
    "keychain",
}
#: Machines on which a managed copy can neither lose its mark nor have another copy beside it, and why.
ONE_PLACE = {
    **dict.fromkeys(
        ("keychain", "login-keychain"),
        "a keychain and its trust settings know a certificate by its SHA-1 alone, and hold it once",
    ),
    **dict.fromkeys(
        ("windows-host", "windows-host-user", "windows", "windows-user"),
        "the registry's key of a certificate is its thumbprint",
    ),
}
BROWSERS = ("chromium", "firefox")  # what a machine is called that has some
#: In the full form alone: under Wine, each keeps a core busy for 100 seconds.
WINDOWS: dict[str, Callable[[Windows], WindowsMachine]] = {
    "windows": partial(WindowsMachine, store="windows", elevated=True),
    "windows-user": partial(WindowsMachine, store="windows-user", elevated=False),
    "windows-environment": partial(WindowsVariables, elevated=True),
    "windows-environment-of-an-account": partial(WindowsVariables, elevated=False),
}
CARRIED = {"own-bundle"}  # only there while a setting names it: proved with the settings, each of which names one
SHARED = {"homebrew"}  # changed as `bundle` is: the rest is in tests/platforms/programs/test_homebrew.py
NEVER_WRITTEN = {"declared"}  # says what to declare elsewhere: proved in tests/platforms/linux/test_declarative.py


def test_every_backend_has_a_machine() -> None:
    """A kind of store that the contract is not run on does not exist."""
    covered = (
        {backend for backend, _, _ in MACHINES.values()}
        | {"windows", "windows-user"}
        | CARRIED
        | SHARED
        | NEVER_WRITTEN
    )
    assert {backend.name for backend in catalog.every()} == covered


@pytest.mark.timeout(1800)
class TestContract(Contract):
    """The promises, on each machine."""

    @pytest.fixture(params=[one for one in (*MACHINES, *WINDOWS) if FULL or one in SHORT])
    def machine(self, request: pytest.FixtureRequest) -> Iterator[Base | WindowsMachine]:
        """A machine as it was delivered."""
        if request.param in WINDOWS:
            with Windows() as windows:
                virtual = WINDOWS[request.param](windows)
                virtual.one_place = ONE_PLACE.get(request.param, "")
                yield virtual
            return
        _, java, deliver = MACHINES[request.param]
        with Throwaway(java=java, browsers=request.param.startswith(BROWSERS)) as throwaway:
            machine = deliver(throwaway)
            machine.one_place = ONE_PLACE.get(request.param, "")
            try:
                yield machine
            finally:
                machine.close()
