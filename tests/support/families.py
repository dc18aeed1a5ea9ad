"""Throw-away roots that are laid out as a RHEL, a SUSE, an Arch or an Alpine.

The engine is p11-kit's own, from Debian's archive, pointed at the distribution's directories; the few lines around it
that the distribution ships as `update-ca-trust` or `update-ca-certificates` are written here from what is documented of
them. Alpine's tool is a C program without any engine: here it is a stand-in. Nothing is taken from the backends.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.throwaway import Throwaway

#: Where the tools note that they have run.
COUNT = "/var/tmp/refreshes"
_PUBLIC = 30  # as many of Debian's public roots are delivered; more cost only time
_MODULE = "/usr/share/p11-kit/modules/p11-kit-trust.module"


@dataclass(frozen=True)
class Layout:
    """One distribution.

    Attributes:
        os_release: what its os-release says.
        tool: the absolute path of its tool.
        script: that tool.
        arguments: what its manual says to call it with.
        anchors: the administrator's directory.
        blocklist: where distrusted certificates go.
        shipped: the file of public roots that its package brings; "" where Debian's files serve.
        bundle: what clients read.
        directory: OpenSSL's CApath, if clients have one.
        setup: a shell script that lays the rest out.
        java: the keystore that the tool writes, with the time of writing in it.
        files: the directory in which each public root is a file of its own; "" where none is.
        trust_path: what p11-kit is built to read first, where it is not the directory above `anchors`.
        finish: a shell script that is run when everything is there.
    """

    os_release: str
    tool: str
    script: str
    arguments: tuple[str, ...]
    anchors: str
    blocklist: str
    shipped: str
    bundle: str
    directory: str
    setup: str
    java: str = ""
    files: str = ""
    trust_path: str = ""
    finish: str = ""


# EL9: every argument is ignored, nothing is checked, and the status is that of the last line.
_EL9 = f"""#!/bin/sh
echo run >>{COUNT}
D=/etc/pki/ca-trust/extracted
p11-kit extract --format=openssl-bundle --filter=certificates --overwrite --comment $D/openssl/ca-bundle.trust.crt
for each in tls:server-auth email:email objsign:code-signing; do
    p11-kit extract --format=pem-bundle --filter=ca-anchors --overwrite --comment --purpose ${{each#*:}} \\
        $D/pem/${{each%:*}}-ca-bundle.pem
done
p11-kit extract --format=java-cacerts --filter=ca-anchors --overwrite --purpose server-auth $D/java/cacerts
p11-kit extract --format=edk2-cacerts --filter=ca-anchors --overwrite --purpose=server-auth $D/edk2/cacerts.bin
"""

# Fedora 40 and EL10: `extract` or nothing; stops at the first failure; a directory of hash links, and links in it.
_EL10 = f"""#!/bin/sh
set -eu
case ${{1-extract}} in
extract) ;;
*) echo "Error: Unknown command: $1" >&2; exit 1 ;;
esac
echo run >>{COUNT}
D=/etc/pki/ca-trust/extracted
trust extract --format=openssl-bundle --filter=certificates --overwrite --comment $D/openssl/ca-bundle.trust.crt
for each in tls:server-auth email:email objsign:code-signing; do
    trust extract --format=pem-bundle --filter=ca-anchors --overwrite --comment --purpose ${{each#*:}} \\
        $D/pem/${{each%:*}}-ca-bundle.pem
done
trust extract --format=java-cacerts --filter=ca-anchors --overwrite --purpose server-auth $D/java/cacerts
trust extract --format=edk2-cacerts --filter=ca-anchors --overwrite --purpose=server-auth $D/edk2/cacerts.bin
trust extract --format=pem-directory-hash --filter=ca-anchors --overwrite --purpose server-auth $D/pem/directory-hash
for name in ca-certificates.crt ca-bundle.crt; do
    ln -s ../tls-ca-bundle.pem $D/pem/directory-hash/$name
done
"""

_RHEL_SETUP = """
mkdir -p /etc/pki/ca-trust/source/anchors /etc/pki/ca-trust/source/blocklist /etc/pki/tls/certs
cd /etc/pki/ca-trust/extracted || { mkdir -p /etc/pki/ca-trust/extracted && cd /etc/pki/ca-trust/extracted; }
mkdir -p pem openssl java edk2
ln -s /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/cert.pem
ln -s /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/certs/ca-bundle.crt
"""

# openSUSE: hooks in a directory, serialised; without -f the bundle is kept where it is newer than the hash links.
_SUSE = f"""#!/bin/sh
fresh=
for word; do
    case $word in
    -f) fresh=1 ;;
    -v) ;;
    *) echo "invalid option: $word" >&2; exit 1 ;;
    esac
done
if [ "${{TRANSACTIONAL_UPDATE-}}" = true ]; then
    touch /etc/pki/trust/.updated
    exit 0
fi
echo run >>{COUNT}
umask 0222
S=/var/lib/ca-certificates
exec 9<$S
flock 9
if [ ! -L /etc/ssl/certs ]; then
    mv /etc/ssl/certs /etc/ssl/certs.old
    ln -s ../../var/lib/ca-certificates/pem /etc/ssl/certs
fi
/usr/lib/ca-certificates/update.d/50java.run
trust extract --format=openssl-directory --filter=ca-anchors --overwrite $S/openssl
trust extract --format=pem-directory-hash --filter=ca-anchors --purpose=server-auth --overwrite $S/pem
if [ -n "$fresh" ] || [ ! "$(stat -c %Y $S/ca-bundle.pem)" -gt "$(stat -c %Y $S/pem)" ]; then
    trust extract --format=pem-bundle --filter=ca-anchors --purpose=server-auth --overwrite $S/ca-bundle.pem
fi
exit 0
"""

_SUSE_SETUP = """
mkdir -p /etc/pki/trust/anchors /etc/pki/trust/blocklist /var/lib/ca-certificates /usr/lib/ca-certificates/update.d
cat >/usr/lib/ca-certificates/update.d/50java.run <<'END'
#!/bin/sh
trust extract --format=java-cacerts --filter=ca-anchors --purpose=server-auth --overwrite \\
    /var/lib/ca-certificates/java-cacerts
END
chmod 755 /usr/lib/ca-certificates/update.d/50java.run
ln -s ../../var/lib/ca-certificates/ca-bundle.pem /etc/ssl/ca-bundle.pem
ln -s ../../var/lib/ca-certificates/pem /etc/ssl/certs
"""

# Arch: as EL10's, into its own directories; /etc/ssl/certs holds links to all of it.
_ARCH = f"""#!/bin/bash
set -eu
case ${{1-extract}} in
extract) ;;
*) echo "Error: Unknown command: $1" >&2; exit 1 ;;
esac
echo run >>{COUNT}
D=/etc/ca-certificates/extracted
trust extract --format=openssl-bundle --filter=certificates --overwrite --comment $D/ca-bundle.trust.crt
for each in tls:server-auth email:email objsign:code-signing; do
    trust extract --format=pem-bundle --filter=ca-anchors --overwrite --comment --purpose ${{each#*:}} \\
        $D/${{each%:*}}-ca-bundle.pem
done
trust extract --format=java-cacerts --filter=ca-anchors --overwrite --purpose server-auth $D/java-cacerts.jks
trust extract --format=pem-directory-hash --filter=ca-anchors --overwrite --purpose server-auth $D/cadir
for file in $D/cadir/*; do
    if [ -L "$file" ]; then
        ln -sfT "$(readlink "$file")" /etc/ssl/certs/"${{file##*/}}"
    else
        ln -sfT ../../ca-certificates/extracted/cadir/"${{file##*/}}" /etc/ssl/certs/"${{file##*/}}"
    fi
done
find -L /etc/ssl/certs -maxdepth 1 -type l -delete
"""

_ARCH_SETUP = """
mkdir -p /etc/ca-certificates/trust-source/anchors /etc/ca-certificates/trust-source/blocklist
mkdir -p /etc/ca-certificates/extracted /etc/ssl/certs
ln -s ../../ca-certificates/extracted/tls-ca-bundle.pem /etc/ssl/certs/ca-certificates.crt
ln -s certs/ca-certificates.crt /etc/ssl/cert.pem
rm -rf /etc/ca-certificates/update.d
"""

# Alpine: ignores every argument; takes entries of any name; renames the new bundle into place; then runs hooks.
_ALPINE = f"""#!/usr/bin/python3 -I
import os, subprocess, sys, tempfile
LOCAL, SHIPPED, CERTS = "/usr/local/share/ca-certificates/", "/usr/share/ca-certificates/", "/etc/ssl/certs/"
with open("{COUNT}", "a") as count:
    count.write("run\\n")
with open("/etc/ca-certificates.conf") as conf:
    files = [SHIPPED + line.strip() for line in conf if line.strip() and line[0] not in "#!"]
files += [LOCAL + name for name in sorted(os.listdir(LOCAL)) if name[0] != "."]
links = {{}}
try:
    descriptor, new = tempfile.mkstemp(prefix="bundle", dir=CERTS)
except OSError:
    sys.exit("Failed to open temporary file /etc/ssl/certs/bundleXXXXXX for ca bundle")
with open(descriptor, "wb") as bundle:
    for path in files:
        name = os.path.basename(path)
        stem = name[:-4] if name.endswith(".crt") else name
        links["ca-cert-" + stem.translate(str.maketrans(" (),", "_==_")) + ".pem"] = path
        try:
            with open(path, "rb") as file:
                bundle.write(file.read())
        except OSError:
            print("Warning! Cannot copy to bundle: " + path, file=sys.stderr)
for name in os.listdir(CERTS):
    target = os.path.islink(CERTS + name) and os.readlink(CERTS + name)
    if target and target.startswith((LOCAL, SHIPPED)) and links.get(name) != target:
        os.unlink(CERTS + name)
for name, path in links.items():
    if not os.path.lexists(CERTS + name):
        os.symlink(path, CERTS + name)
os.chmod(new, 0o644)
os.rename(new, CERTS + "ca-certificates.crt")
sys.exit(subprocess.call(["run-parts", "/etc/ca-certificates/update.d"]))
"""

_ALPINE_SETUP = """
mkdir -p /usr/local/share/ca-certificates /etc/ssl/certs /etc/ca-certificates/update.d
rm -f /etc/ca-certificates/update.d/*
printf '#!/bin/sh\\nexec openssl rehash /etc/ssl/certs 2>/dev/null\\n' >/etc/ca-certificates/update.d/certhash
chmod 755 /etc/ca-certificates/update.d/certhash
ln -s certs/ca-certificates.crt /etc/ssl/cert.pem
"""

_RHEL = "/etc/pki/ca-trust"
LAYOUTS = {
    "el9": Layout(
        'NAME="AlmaLinux"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.5"\n',
        "/usr/bin/update-ca-trust",
        _EL9,
        ("extract",),
        f"{_RHEL}/source/anchors",
        f"{_RHEL}/source/blocklist",
        "/usr/share/pki/ca-trust-source/ca-bundle.trust.p11-kit",
        f"{_RHEL}/extracted/pem/tls-ca-bundle.pem",
        "",
        f"{_RHEL_SETUP}\nln -s /etc/pki/tls/certs /etc/ssl/certs\nln -s {_RHEL}/extracted/pem/tls-ca-bundle.pem "
        "/etc/ssl/cert.pem\nln -s ca-bundle.crt /etc/pki/tls/certs/ca-certificates.crt\n",
        f"{_RHEL}/extracted/java/cacerts",
    ),
    "fedora": Layout(
        "NAME=Fedora\nID=fedora\nVERSION_ID=43\n",
        "/usr/bin/update-ca-trust",
        _EL10,
        ("extract",),
        f"{_RHEL}/source/anchors",
        f"{_RHEL}/source/blocklist",
        "/usr/share/pki/ca-trust-source/ca-bundle.trust.p11-kit",
        f"{_RHEL}/extracted/pem/tls-ca-bundle.pem",
        f"{_RHEL}/extracted/pem/directory-hash",
        f"{_RHEL_SETUP}\nln -s {_RHEL}/extracted/pem/directory-hash /etc/ssl/certs\n",
        f"{_RHEL}/extracted/java/cacerts",
    ),
    "suse": Layout(
        'NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\n',
        "/usr/sbin/update-ca-certificates",
        _SUSE,
        ("-f",),
        "/etc/pki/trust/anchors",
        "/etc/pki/trust/blocklist",
        "/usr/share/pki/trust/ca-bundle.trust.p11-kit",
        "/var/lib/ca-certificates/ca-bundle.pem",
        "/var/lib/ca-certificates/pem",
        _SUSE_SETUP,
        "/var/lib/ca-certificates/java-cacerts",
    ),
    "arch": Layout(
        'NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n',
        "/usr/bin/update-ca-trust",
        _ARCH,
        (),
        "/etc/ca-certificates/trust-source/anchors",
        "/etc/ca-certificates/trust-source/blocklist",
        "/usr/share/ca-certificates/trust-source/mozilla.trust.p11-kit",
        "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
        "/etc/ssl/certs",
        _ARCH_SETUP,
        "/etc/ca-certificates/extracted/java-cacerts.jks",
    ),
    "alpine": Layout(
        'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.1\n',
        "/usr/sbin/update-ca-certificates",
        _ALPINE,
        (),
        "/usr/local/share/ca-certificates",
        "",
        "",
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/ssl/certs",
        _ALPINE_SETUP,
    ),
}

# What of Debian is in the way.
_CLEAR = """
rm -rf /etc/ssl/certs /etc/ssl/cert.pem /usr/local/share/ca-certificates /usr/sbin/update-ca-certificates
rm -f /etc/os-release
ln -sfn /etc/ssl/cert.pem /usr/lib/ssl/cert.pem  # in OPENSSLDIR, which these distributions say is where cert.pem is
"""


def lay_out(throwaway: Throwaway, layout: Layout) -> Layout:
    """Make a throw-away root without Java such a machine, as its packages deliver it; `freeze` is the caller's."""
    shipped = throwaway.read("/etc/ssl/certs/ca-certificates.crt").split(b"-----BEGIN CERTIFICATE-----")[1:]
    throwaway.run(["sh", "-e", "-c", _CLEAR + layout.setup], check=True)
    throwaway.write("/etc/os-release", layout.os_release)
    if layout.script:
        throwaway.write(layout.tool, layout.script, mode=0o755)
    if layout.files:
        for number, block in enumerate(shipped[:_PUBLIC]):
            pem = b"-----BEGIN CERTIFICATE-----" + block.rstrip() + b"\n"
            throwaway.write(f"{layout.files}/Public_Root_{number:03}.pem", pem)
    if layout.trust_path or layout.shipped:
        _point_p11_kit(throwaway, layout)
    if layout.shipped:
        objects = (
            b"[p11-kit-object-v1]\ntrusted: true\nmodifiable: false\n-----BEGIN CERTIFICATE-----" + block
            for block in shipped[:_PUBLIC]
        )
        throwaway.write(layout.shipped, b"\n".join(objects))
    throwaway.run([layout.tool, *layout.arguments], check=True)
    throwaway.run(["sh", "-e", "-c", f"rm {COUNT}\n{layout.finish}"], check=True)
    return layout


def _point_p11_kit(throwaway: Throwaway, layout: Layout) -> None:
    """What a distribution says when it builds p11-kit (--with-trust-paths): its directories, the first one its own."""
    source = layout.trust_path or layout.anchors.removesuffix("/anchors")
    packages = layout.shipped.rpartition("/")[0] or "/nowhere"
    module = throwaway.read(_MODULE).decode()
    assert "x-init-reserved:" in module
    paths = f"x-init-reserved: paths={source}:{packages}"
    throwaway.write(_MODULE, module.replace("x-init-reserved:", paths))
