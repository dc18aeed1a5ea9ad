"""Developer tools for which no file is written: facts, a row each.

They follow the system, or a store of another kind reaches them, or only a variable or their own command does. A row has
the version of a change, and its source: "real" is proved in the tests (tests/end_to_end), "documented" is not.

Not here: libpq, which verifies only if a connection asks for it; a variable that asks for all (PGSSLROOTCERT=system)
would make every one without TLS fail. Nor programs that keep their roots in a dialog (Postman, Insomnia).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.facts.programs import expanded, programs
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from trustinstall.host import Host

FOLLOWS, VARIABLE, STORE, BY_HAND = "follows", "variable", "store", "by hand"


class Other(NamedTuple):
    """One tool without a managed settings file.

    Attributes:
        name: its name for people.
        programs: the tool is installed if one of these is.
        mode: FOLLOWS the system's store, only a VARIABLE reaches it, a STORE of another kind does, or a person does
            BY_HAND, with the tool's own command, which trustinstall does not run: it could not take the root out again.
        how: its behaviour, and since when.
        source: the source of this row.
        known: "real" or "documented".
        places: directories that show that the account uses it.
    """

    name: str
    programs: tuple[str, ...]
    mode: str
    how: str
    source: str
    known: str = "documented"
    places: tuple[str, ...] = ()

    def is_here(self, host: Host) -> bool:
        """Whether the tool is installed or has been used by the acting account."""
        used = any(host.status(path) is not None for path in expanded(host, self.places))
        return used or programs(host, self.programs)


_OPENSSL = "OpenSSL's or GnuTLS' own paths"
_CERTIFI = "the certifi or pip of its own environment (certifi)"
_JAVA = "the keystore of the Java that runs it (java)"
_GO = "Go's crypto/x509; restart what runs"
_NODE = "NODE_EXTRA_CA_CERTS"
_GO_SOURCE = "Go documentation, crypto/x509, SystemCertPool"

OTHERS: tuple[Other, ...] = (
    # Versions and downloads
    Other("git", ("git", "git-lfs"), FOLLOWS, f"{_OPENSSL}; LFS reads git's settings", "git-config(1)", "real"),
    Other("curl", ("curl",), FOLLOWS, _OPENSSL, "curl(1), --cacert", "real"),
    Other("wget", ("wget",), FOLLOWS, _OPENSSL, "GNU Wget manual, ca_certificate", "real"),
    Other("aria2", ("aria2c",), FOLLOWS, _OPENSSL, "aria2c(1), --ca-certificate"),
    Other("hg", ("hg",), FOLLOWS, "Python's ssl", "Mercurial wiki, CACertificates", "real"),
    Other("svn", ("svn",), FOLLOWS, f"{_OPENSSL}, unless ssl-trust-default-ca is no", "Subversion book", "real"),
    Other("apt", ("apt-get",), FOLLOWS, "GnuTLS", "apt-transport-https(1)"),
    Other("dnf", ("dnf", "zypper", "pacman", "apk"), FOLLOWS, "libcurl or OpenSSL", "dnf.conf(5), sslcacert"),
    Other("snap", ("snap",), FOLLOWS, "Go's crypto/x509, and store-certs; restart snapd", "snapd documentation"),
    Other("flatpak", ("flatpak",), FOLLOWS, "the host's p11-kit, in its sandboxes too", "flatpak wiki, Certificates"),
    Other("nix", ("nix",), FOLLOWS, "the system's bundle, where ssl-cert-file is not set", "Nix manual, ssl-cert-file"),
    Other("brew", ("brew",), STORE, "its own bundle (homebrew)", "Homebrew, ca-certificates formula"),
    # Python
    Other("uv", ("uv",), VARIABLE, "UV_SYSTEM_CERTS from 0.11, UV_NATIVE_TLS before", "uv documentation", "real"),
    Other("poetry", ("poetry",), STORE, _CERTIFI, "Poetry, requests", "real"),
    Other("pipenv", ("pipenv",), STORE, _CERTIFI, "pipenv, its vendored pip"),
    Other("pdm", ("pdm", "hatch"), STORE, _CERTIFI, "httpx"),
    Other(
        "pipx",
        ("pipx",),
        VARIABLE,
        "uv's, where it finds uv; else its pip is reached as pip is",
        "pipx, backends",
        "real",
    ),
    Other("tox", ("tox", "nox", "twine"), STORE, _CERTIFI, "requests; pip"),
    Other("pixi", ("pixi",), VARIABLE, "SSL_CERT_FILE, where tls-root-certs is not `system`", "pixi configuration"),
    Other("az", ("az",), STORE, _CERTIFI, "Azure CLI documentation, Work behind a proxy"),
    Other("oci", ("oci",), STORE, _CERTIFI, "OCI CLI, requests"),
    Other("ansible", ("ansible",), FOLLOWS, "Python's ssl", "Ansible, module_utils/urls.py"),
    # JavaScript
    Other("node", ("node", "nodejs", "corepack"), VARIABLE, _NODE, "Node.js documentation, CLI", "real"),
    Other("bun", ("bun",), FOLLOWS, f"the system's bundle (1.4); before, {_NODE}", "Bun documentation", "real"),
    Other("deno", ("deno",), VARIABLE, "DENO_TLS_CA_STORE from 1.13, DENO_CERT", "Deno documentation", "real"),
    Other("electron", ("electron",), VARIABLE, f"{_NODE}; Chromium's part by nss", "Electron documentation"),
    Other("code", ("code", "codium"), FOLLOWS, "http.systemCertificates is on", "VS Code documentation, Network"),
    Other("copilot", ("copilot", "gemini", "opencode"), VARIABLE, _NODE, "their documentation: Node.js, Bun"),
    Other("codex", ("codex",), FOLLOWS, "the system's bundle; SSL_CERT_FILE", "codex pull request 6864"),
    # Compiled languages
    Other("go", ("go",), FOLLOWS, "crypto/x509", _GO_SOURCE, "real"),
    Other("cargo", ("cargo", "rustup"), FOLLOWS, "openssl-probe, libcurl", "The Cargo Book, http.cainfo", "real"),
    Other(
        "dotnet",
        ("dotnet", "pwsh", "nuget"),
        FOLLOWS,
        "OpenSSL's paths, its own store (dotnet)",
        ".NET runtime",
        "real",
    ),
    Other(
        "mono",
        ("mono",),
        FOLLOWS,
        "with ca-certificates-mono, or its own store (mono); no elliptic curves",
        "cert-sync",
        "real",
    ),
    Other(
        "dart",
        ("dart", "flutter"),
        FOLLOWS,
        "the system's bundle, except in Dart before 2.0",
        "Dart SDK, runtime/bin/security_context_linux.cc",
    ),
    Other("ghc", ("cabal", "stack"), FOLLOWS, "the paths of x509-system", "x509-system, System.X509.Unix"),
    # Scripting languages
    Other("gem", ("gem", "bundle", "ruby"), FOLLOWS, "OpenSSL's paths, and its own roots", "RubyGems", "real"),
    Other("php", ("php", "composer"), FOLLOWS, "OpenSSL's paths; composer/ca-bundle", "PHP manual, openssl", "real"),
    Other("perl", ("perl", "cpanm"), FOLLOWS, "OpenSSL's paths, without Mozilla::CA", "LWP, HTTP::Tiny", "real"),
    Other("R", ("R", "Rscript"), FOLLOWS, "libcurl", "R, ?libcurlVersion"),
    Other("julia", ("julia",), FOLLOWS, "the system's bundle, except on Windows and macOS", "NetworkOptions.jl"),
    Other("erlang", ("erl", "elixir", "mix"), FOLLOWS, "public_key:cacerts_get from OTP 25", "public_key", "real"),
    # Java
    Other("maven", ("mvn", "gradle", "sbt", "bazel"), STORE, _JAVA, "their manuals", "real: Maven"),
    Other(
        "jetbrains",
        ("idea", "pycharm", "goland"),
        FOLLOWS,
        "and their Java's keystore",
        "jvm-native-trusted-roots",
    ),
    # Phones that a computer plays
    Other(
        "ios-simulator",
        (),
        BY_HAND,
        "xcrun simctl keychain DEVICE add-root-cert FILE; only `keychain DEVICE reset` takes it out, with all else",
        "xcrun simctl help keychain; Xcode 11.4 release notes",
        places=("~/Library/Developer/CoreSimulator/Devices",),
    ),
    Other(
        "android-emulator",
        ("emulator",),
        STORE,
        "its certificates of users (android-emulator), while it runs an image without Google Play",
        "AOSP, Network security configuration; Conscrypt, TrustedCertificateStore",
        places=("~/.android/avd",),
    ),
    # Clouds and clusters
    Other("kubectl", ("kubectl", "helm", "k9s"), FOLLOWS, _GO, _GO_SOURCE),
    Other("terraform", ("terraform", "tofu", "packer", "vault"), FOLLOWS, _GO, _GO_SOURCE),
    Other("gh", ("gh", "glab", "gitlab-runner"), FOLLOWS, _GO, _GO_SOURCE),
    # Containers. A directory in certs.d is one registry's, so a root for all has no place there, and needs none:
    # roots in it are trusted beside the system's roots (tests/end_to_end/clients/test_containers.py).
    Other("skopeo", ("skopeo",), FOLLOWS, _GO, "containers-certs.d(5)", "real"),
    Other("docker", ("docker", "dockerd", "containerd"), FOLLOWS, _GO, "moby issue 20912", "real: the client"),
    Other("orbstack", ("orbctl",), FOLLOWS, "the Mac's keychains, when it starts: restart it", "ddev issue 7061"),
    Other("podman", ("podman", "buildah"), FOLLOWS, f"{_GO}; in a podman machine vm", "containers-certs.d(5)"),
    Other("minikube", ("minikube",), STORE, "its nodes (vm), and ~/.minikube/certs (drop-directory)", "its handbook"),
    Other("kind", ("kind",), STORE, "its nodes (vm); restart containerd in them", "containerd issue 3071"),
)
