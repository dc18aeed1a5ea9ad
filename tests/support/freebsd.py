"""Throw-away roots that are laid out as a FreeBSD, in either age of its certctl(8).

Nothing of FreeBSD runs here. The stand-ins are written from certctl(8) and from what usr.sbin/certctl of freebsd-src
does: the script of 13 and 14, and the program in C that came after it. The program under test is told that it runs on
FreeBSD before anything of it is imported.
"""

from __future__ import annotations

from tests.support.families import COUNT
from tests.support.throwaway import Throwaway

TOOL = "/usr/sbin/certctl"
HASHED, BUNDLE = "/etc/ssl/certs", "/etc/ssl/cert.pem"
COMMAND = "/rehash"  # where the program in C is a Python, what it does is here
PROGRAM = ("/opt/trustinstall/bin/python", "-I", "/opt/freebsd.py")
_PUBLIC = 20

_LAUNCHER = """import sys
sys.platform = "freebsd14"
from trustinstall.__main__ import main
sys.exit(main())
"""

_COMMON = f"""
import hashlib, os, re, shutil, ssl, subprocess, sys
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
TRUSTED, UNTRUSTED = "/etc/ssl/certs", "/etc/ssl/untrusted"

def note():
    with open("{COUNT}", "a") as count:
        count.write("run\\n")

def ders(path):
    try:
        with open(path, encoding="latin-1") as file:
            found = PEM.findall(file.read())
        return [ssl.PEM_cert_to_DER_cert(one) for one in found]
    except (OSError, ValueError):
        return []

def hashed(der):
    done = subprocess.run(
        ["openssl", "x509", "-noout", "-subject_hash", "-inform", "DER"], input=der, capture_output=True, check=True)
    return done.stdout.decode().strip()

def below(*tops):
    for top in tops:
        for directory, _, names in os.walk(top, followlinks=True):
            yield from (os.path.join(directory, name) for name in sorted(names))
"""

# The script: both directories are emptied; what has no line `Certificate:` is passed over; what has one is linked
# (hard, on one file system), what has several is split into copies.
_SCRIPT = f"""#!/usr/bin/python3 -I
{_COMMON}
def shows(path):
    with open(path, encoding="latin-1") as file:
        return sum(line == "Certificate:\\n" for line in file)

def put(directory, der, path=None):
    name, number = hashed(der), 0
    while os.path.lexists(f"{{directory}}/{{name}}.{{number}}"):
        if ders(f"{{directory}}/{{name}}.{{number}}")[:1] == [der]:
            return
        number += 1
    if path:
        os.link(os.path.realpath(path), f"{{directory}}/{{name}}.{{number}}")
    else:
        with open(f"{{directory}}/{{name}}.{{number}}", "w") as file:
            file.write("Certificate:\\n" + ssl.DER_cert_to_PEM_cert(der))

def rehash():
    for directory in (TRUSTED, UNTRUSTED):
        os.makedirs(directory, exist_ok=True)
        for path in below(directory):
            os.unlink(path)
    local = "/usr/local/etc/ssl/"
    untrusted = ("/usr/share/certs/untrusted", local + "untrusted", local + "blacklisted")
    trusted = ("/usr/share/certs/trusted", "/usr/local/share/certs", local + "certs")
    out = set()
    for directory, tops in ((UNTRUSTED, untrusted), (TRUSTED, trusted)):
        for path in below(*tops):
            if not path.endswith((".pem", ".crt", ".cer", ".crl")) or not shows(path):
                continue
            found = ders(path)
            for der in found:
                if directory == UNTRUSTED:
                    out.add(der)
                elif der in out:
                    print("certctl: Skipping untrusted certificate", path, file=sys.stderr)
                    continue
                put(directory, der, path if len(found) == 1 else None)

command = sys.argv[1] if len(sys.argv) > 1 else ""
if command == "rehash":
    note()
    rehash()
elif command == "untrust":
    os.makedirs(UNTRUSTED, exist_ok=True)
    for path in sys.argv[2:]:
        shutil.copy(path, f"{{UNTRUSTED}}/{{hashed(ders(path)[0])}}.0")
else:
    sys.exit(64)
"""

# The program: what is in its directories already counts as a source, too; copies are written one by one, then
# the bundle.
_PROGRAM = f"""{_COMMON}
def load(tops, out=()):
    return {{der: None for path in below(*tops) for der in ders(path) if der not in out}}

def replace(directory, name, text):
    with open(f"{{directory}}/.{{name}}", "w") as file:
        file.write(text)
    os.chmod(f"{{directory}}/.{{name}}", 0o444)
    os.rename(f"{{directory}}/.{{name}}", f"{{directory}}/{{name}}")

def save(directory, found):
    os.makedirs(directory, exist_ok=True)
    names = {{}}
    for der in sorted(found, key=lambda der: hashlib.sha1(der).digest()):
        name, number = hashed(der), 0
        while f"{{name}}.{{number}}" in names:
            number += 1
        names[f"{{name}}.{{number}}"] = der
    for name in sorted({{*os.listdir(directory), *names}}):
        if name in names:
            replace(directory, name, ssl.DER_cert_to_PEM_cert(names[name]))
        elif not os.path.isdir(f"{{directory}}/{{name}}"):
            os.unlink(f"{{directory}}/{{name}}")

def keep(trusted, untrusted):
    save(UNTRUSTED, untrusted)
    save(TRUSTED, trusted)
    order = sorted(trusted, key=lambda der: hashlib.sha1(der).digest())
    replace("/etc/ssl", "cert.pem", "".join(map(ssl.DER_cert_to_PEM_cert, order)))

command = os.path.basename(sys.argv[0])
if command == "rehash":
    note()
local = "/usr/local/share/certs"
untrusted = load(("/usr/share/certs/untrusted", local + "/untrusted", UNTRUSTED, "/etc/ssl/blacklisted"))
trusted = load(("/usr/share/certs/trusted", local + "/trusted", local, TRUSTED), untrusted)
extra = {{der: None for path in sys.argv[1:] for der in ders(path)}}
if command == "trust":
    trusted |= extra
    untrusted = {{der: None for der in untrusted if der not in extra}}
elif command == "untrust":
    untrusted |= extra
    trusted = {{der: None for der in trusted if der not in extra}}
keep(trusted, untrusted)
"""

_CLEAR = """
rm -rf /etc/ssl/certs /etc/ssl/cert.pem /usr/local/share/ca-certificates /etc/os-release
ln -sfn /etc/ssl/cert.pem /usr/lib/ssl/cert.pem
mkdir -p /etc/ssl/certs /usr/share/certs/trusted /usr/share/certs/untrusted
"""


def lay_out(throwaway: Throwaway, *, script: bool) -> None:
    """Make a throw-away root without Java a FreeBSD, as it is installed; `freeze` is the caller's."""
    shipped = throwaway.read("/etc/ssl/certs/ca-certificates.crt").split(b"-----BEGIN CERTIFICATE-----")[1:]
    throwaway.run(["sh", "-e", "-c", _CLEAR], check=True)
    throwaway.write("/etc/os-release", 'NAME=FreeBSD\nVERSION_ID=14.3\nID=freebsd\nPRETTY_NAME="FreeBSD 14.3"\n')
    throwaway.write("/opt/freebsd.py", _LAUNCHER)
    for number, block in enumerate(shipped[:_PUBLIC]):
        pem = b"Certificate:\n    Data:\n-----BEGIN CERTIFICATE-----" + block.rstrip() + b"\n"
        throwaway.write(f"/usr/share/certs/trusted/Public_Root_{number:03}.pem", pem)
    if script:
        throwaway.write(TOOL, _SCRIPT, mode=0o755)
    else:
        # A program, and no script: Python's own, which takes its first argument for a file in the current directory.
        throwaway.run(["cp", "-L", "/usr/bin/python3", TOOL], check=True)
        for command in ("rehash", "trust", "untrust"):
            throwaway.write(f"/{command}", _PROGRAM)
    throwaway.run([TOOL, "rehash"], cwd="/", check=True)
    throwaway.run(["rm", COUNT], check=True)
