"""Throw-away roots that are laid out as a Photon, a Flatcar or a Clear Linux.

The engines are OpenSSL's `rehash` and p11-kit, from Debian's archive. What these systems ship around them is written
here from what their recipes and manuals say that it does; nothing is taken from the backends.
"""

from __future__ import annotations

from tests.support.families import COUNT, Layout

# Photon has no tool. Here OpenSSL's own program counts its runs; a copy of it is for the tests' own questions.
OPENSSL = "/opt/openssl"
_PHOTON = f"""#!/bin/sh
if [ "$1" = rehash ]; then echo run >>{COUNT}; fi
exec {OPENSSL} "$@"
"""

# What its package runs after each installation; a root that has expired goes, which none of these has.
PHOTON_UPGRADE = f"""
{OPENSSL} rehash /etc/ssl/certs
cat /etc/ssl/certs/*.pem >/etc/pki/tls/certs/ca-bundle.crt
find -L /etc/ssl/certs -type l -delete
"""

_PHOTON_SETUP = f"""
cp -L /usr/bin/openssl {OPENSSL}
mkdir -p /etc/ssl/certs /etc/pki/tls/certs
ln -s /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem
"""

# Container Linux's c_rehash is a shell script: all links go, then each *.pem gets one, unless it is there twice.
_C_REHASH = """#!/bin/sh
cd "$1" || exit 1
for each in *.[0-9]; do
    if [ -L "$each" ]; then rm "$each"; fi
done
for file in *.pem; do
    if ! said=$(openssl x509 -hash -fingerprint -noout -in "$file" 2>/dev/null); then
        echo "WARNING: $file does not contain a certificate or CRL: skipping" >&2
        continue
    fi
    hash=${said%%
*} number=0
    while [ -L "$hash.$number" ]; do
        if [ "$(openssl x509 -hash -fingerprint -noout -in "$hash.$number")" = "$said" ]; then
            echo "WARNING: Skipping duplicate certificate $file" >&2
            continue 2
        fi
        number=$((number + 1))
    done
    ln -s "$file" "$hash.$number"
done
"""

# The bundle is made of what the links lead to, where the directory is newer than it.
_FLATCAR = f"""#!/bin/bash
set -e
if [ $# -gt 0 ] && [ "$1" != --skip-rehash ]; then echo "$0 [--skip-rehash]"; exit; fi
echo run >>{COUNT}
certs=/etc/ssl/certs
if ! [ -w $certs ]; then echo "Error: SSL certificate directory $certs isn't writable" >&2; exit 1; fi
if [ $# = 0 ]; then c_rehash $certs; fi
if ! [ -e $certs/ca-certificates.crt ] || [ $certs -nt $certs/ca-certificates.crt ]; then
    echo "Recreating certificate bundle $certs/ca-certificates.crt"
    new=$(mktemp $certs/ca-certificates.crt.XXXXXXXXXX)
    sed --separate '$a\\' $certs/*.[0-9] >"$new"
    chmod 644 "$new"
    mv -f "$new" $certs/ca-certificates.crt
    touch --reference=$certs $certs/ca-certificates.crt
fi
"""

_FLATCAR_SETUP = f"""
rm -rf /usr/share/ca-certificates
mkdir -p /usr/share/ca-certificates /etc/ssl/certs
cat >/usr/bin/c_rehash <<'END'
{_C_REHASH}END
chmod 755 /usr/bin/c_rehash
for number in $(seq 0 29); do
    name=Public_Root_$(printf %03d $number).pem
    ln -s ../../../usr/share/ca-certificates/$name /etc/ssl/certs/$name
done
ln -s certs/ca-certificates.crt /etc/ssl/cert.pem
"""

# Clear Linux: the store is made anew in a directory of its own, which then takes the old one's place; after that
# p11-kit, which reads it there, writes what is for others. For that moment no client finds a bundle.
_CLEAR = f"""#!/usr/bin/python3 -I
import hashlib, os, pathlib, re, shutil, ssl, subprocess, sys, tempfile
STORE, LOCK = pathlib.Path("/var/cache/ca-certs"), "/run/lock/clrtrust.lock"
LOCAL, SHIPPED = pathlib.Path("/etc/ca-certs"), pathlib.Path("/usr/share/ca-certs")
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
status = 0

def found(directory):
    global status
    prints = {{}}
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if path.is_symlink() or not path.is_file():
            continue
        try:
            first = PEM.search(path.read_text("latin-1"))
            prints.setdefault(hashlib.sha1(ssl.PEM_cert_to_DER_cert(first[0])).hexdigest(), path)
        except (TypeError, ValueError):
            print(path, "is not a PEM-encoded X.509 certificate. Skipping...", file=sys.stderr)
            status = 127
    return prints

def generate():
    os.umask(0o022)
    trusted = {{**found(LOCAL / "trusted"), **found(SHIPPED / "trusted")}}
    if not trusted:
        sys.exit(127)
    for one in found(LOCAL / "distrusted"):
        trusted.pop(one, None)
    stage = pathlib.Path(tempfile.mkdtemp())
    stage.chmod(0o755)
    for part in ("anchors", "compat"):
        (stage / part).mkdir()
    for path in trusted.values():
        shutil.copyfile(path, stage / "anchors" / path.name)
    subprocess.run(["openssl", "rehash", stage / "anchors"], stderr=subprocess.DEVNULL)
    try:
        os.close(os.open(LOCK, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        print("Failed to acquire lock file:", LOCK, file=sys.stderr)
        sys.exit(16)
    shutil.rmtree(STORE, ignore_errors=True)
    shutil.move(stage, STORE)
    for form, name in (("java-cacerts", "ca-roots.keystore"), ("pem-bundle", "ca-roots.pem")):
        subprocess.run(
            ["p11-kit", "extract", "--filter=ca-anchors", "--format=" + form, "--purpose=server-auth",
             STORE / "compat" / name])
        (STORE / "compat" / name).chmod(0o644)
    os.unlink(LOCK)
    print("Trust store generated at", STORE)

with open("{COUNT}", "a") as count:
    count.write("run\\n")
if sys.argv[1] == "add":
    (LOCAL / "trusted").mkdir(parents=True, exist_ok=True)
    (LOCAL / "distrusted").mkdir(exist_ok=True)
    for name in sys.argv[2:]:
        shutil.copy(name, LOCAL / "trusted")
elif sys.argv[1] != "generate":
    sys.exit(128)
generate()
sys.exit(status)
"""

_CLEAR_SETUP = """
mkdir -p /usr/share/ca-certs/trusted /var/cache /run/lock
ln -s /var/cache/ca-certs/anchors /etc/ssl/certs
ln -s /var/cache/ca-certs/compat/ca-roots.pem /etc/ssl/cert.pem
"""

OTHERS = {
    "photon": Layout(
        'NAME="VMware Photon OS"\nID=photon\nVERSION_ID=5.0\n',
        "/usr/bin/openssl",
        _PHOTON,
        ("rehash", "/etc/ssl/certs"),
        "/etc/ssl/certs",
        "",
        "",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/certs",
        _PHOTON_SETUP,
        files="/etc/ssl/certs",
        finish=PHOTON_UPGRADE,
    ),
    "flatcar": Layout(
        'NAME="Flatcar Container Linux by Kinvolk"\nID=flatcar\nID_LIKE=coreos\nVERSION_ID=4230.2.1\n',
        "/usr/sbin/update-ca-certificates",
        _FLATCAR,
        (),
        "/etc/ssl/certs",
        "",
        "",
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/ssl/certs",
        _FLATCAR_SETUP,
        files="/usr/share/ca-certificates",
    ),
    "clear": Layout(
        'NAME="Clear Linux OS"\nID=clear-linux-os\nID_LIKE=clear-linux-os\nVERSION_ID=43000\n',
        "/usr/bin/clrtrust",
        _CLEAR,
        ("generate",),
        "/etc/ca-certs/trusted",
        "/etc/ca-certs/distrusted",
        "",
        "/var/cache/ca-certs/compat/ca-roots.pem",
        "/var/cache/ca-certs/anchors",
        _CLEAR_SETUP,
        java="/var/cache/ca-certs/compat/ca-roots.keystore",
        files="/usr/share/ca-certs/trusted",
        trust_path="/var/cache/ca-certs",
    ),
}
