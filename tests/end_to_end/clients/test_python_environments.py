"""Python environments of every kind, made by their own tools: one `add` reaches all, and `remove` takes it back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.machines import FULL
from tests.end_to_end.clients import asksix
from tests.end_to_end.clients.conftest import MATRIX
from tests.end_to_end.clients.table import REFUSES, TRUSTS
from tests.support.fresh import copy_in, downloads
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server, wheel, wheel_name

pytestmark = pytest.mark.timeout(300)

CERTIFICATE = "/srv/corp.crt"
NOBODY, MACHINE, ACCOUNT = "nobody's", "an administrator's", "alice's own"
ADDS = {MACHINE: ("root", "--scope", "all-users"), ACCOUNT: ("alice",)}
WHEELS = ("certifi", *asksix.LIBRARIES)
TOOLS = ("virtualenv", "uv", "poetry", "pipx")
PIP = "pip>=26.1"  # which pipx puts into what it shares
#: Python's own OpenSSL, which nothing but the system's store reaches; conda's has a bundle of its own built in.
FOLLOWS = "aiohttp"
CONDA = "/home/alice/miniconda3/envs/app"


@dataclass(frozen=True)
class Kind:
    """A kind of environment.

    Attributes:
        name: whose kind it is.
        make: what makes it, in alice's home, where `six` puts the libraries into the environment of an interpreter.
        ask: how what is in it is started.
        environment: what is in the environment then.
    """

    name: str
    make: str
    ask: str
    environment: tuple[tuple[str, str], ...] = ()


_POETRY = """[project]
name = "child"
version = "1"
requires-python = ">=3.10"
"""
#: The layout alone, for conda's packages are not to be had: an interpreter of its own, which finds its library beside
#: it; conda's list of packages; and the bundle that its OpenSSL reads, which Debian's OpenSSL must be told.
_CONDA = f"""
name=$(basename "$(readlink -f /usr/bin/python3)")
mkdir -p {CONDA}/bin {CONDA}/conda-meta {CONDA}/ssl {CONDA}/lib/$name/site-packages
cp -L /usr/bin/python3 {CONDA}/bin/$name
ln -s $name {CONDA}/bin/python
ln -s /usr/lib/$name/* {CONDA}/lib/$name/
rm -f {CONDA}/lib/$name/sitecustomize.py
echo "import site; site.addsitedir('{CONDA}/lib/$name/site-packages')" >{CONDA}/lib/$name/sitecustomize.py
: >{CONDA}/conda-meta/history
six {CONDA}/bin/python --target {CONDA}/lib/$name/site-packages
cp {CONDA}/lib/$name/site-packages/certifi/cacert.pem {CONDA}/ssl/cacert.pem
"""
_BACKEND = "pip" if FULL else "uv"  # pipx takes uv where it finds it, which is six times as fast
KINDS = (
    Kind("venv", "python3 -m venv --without-pip src/a/.venv; six src/a/.venv/bin/python", "src/a/.venv/bin/asksix"),
    Kind(
        "virtualenv",
        "/opt/python/bin/virtualenv --quiet .virtualenvs/app; six .virtualenvs/app/bin/python",
        ".virtualenvs/app/bin/asksix",
    ),
    Kind(
        "uv",
        "/opt/python/bin/uv venv --quiet --python=/usr/bin/python3 src/b/.venv; six src/b/.venv/bin/python",
        "src/b/.venv/bin/asksix",
    ),
    Kind("pipx", f"/opt/python/bin/pipx install --quiet --backend={_BACKEND} asksix", ".local/bin/asksix"),
    Kind(
        "poetry",
        f"mkdir -p src/c; cd src/c; echo '{_POETRY}' >pyproject.toml; /opt/python/bin/poetry env use --quiet python3; "
        'cd; six "$(echo .cache/pypoetry/virtualenvs/child-*)/bin/python"',
        ".cache/pypoetry/virtualenvs/child-*/bin/asksix",
    ),
    Kind("conda", _CONDA, f"{CONDA}/bin/python -m asksix", (("SSL_CERT_FILE", f"{CONDA}/ssl/cacert.pem"),)),
)
#: uv links what it has unpacked into each of them: one file in its cache, and one that several environments share.
_SIX = """
set -e
export PIP_NO_INDEX=1 PIP_FIND_LINKS="/opt/wheels /opt/tools" PIP_DISABLE_PIP_VERSION_CHECK=1
export UV_OFFLINE=1 UV_NO_INDEX=1 UV_FIND_LINKS=/opt/wheels
six() { /opt/python/bin/uv pip install --quiet --python "$@" asksix; }
cd
"""
_TOOLS = """
set -e
python3 -m venv --without-pip /opt/python
pip3 --python /opt/python/bin/python install --quiet --no-index --find-links /opt/tools uv
/opt/python/bin/uv pip install --quiet --offline --no-cache --no-index --find-links /opt/tools \
    --python /opt/python/bin/python TOOLS
"""
_PLACES = "-path '*/ssl/*.pem' -o -path '*-packages/*.pem' -o -path '*-packages/httplib2/*.txt'"
_BUNDLES = f"find . {_PLACES} | sort | xargs sha256sum"
_CACHED = "find .cache/uv -path '*/certifi/cacert.pem' | xargs sha256sum"

Answers = dict[tuple[str, str, str], list[str]]  # kind, library, whose `add` -> the corporate server's, another one's


@dataclass(frozen=True)
class Seen:
    """What each library answered, and the bundles of roots that there were: path -> SHA-256."""

    answers: Answers
    bundles: dict[str, str]


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """All environments, asked before, after each `add`, and after each `remove`."""
    corporate, unknown = make_root("Corp Root"), make_root("Corp Root")
    files = {"/Not_Dns/k": b"content"}
    with (
        Server(corporate.issue("localhost"), files) as known,
        Server(unknown.issue("localhost"), files) as stranger,
        Throwaway(java=False) as root,
    ):
        _install(root)
        root.write(CERTIFICATE, corporate.pem)
        words = [word for server in (known, stranger) for word in (server.url, _leaf(root, server))]
        answers = _ask(root, words, NOBODY)
        bundles = {"before": _sums(root, _BUNDLES), "cached": _sums(root, _CACHED)}
        for whose, (user, *options) in ADDS.items():
            root.trustinstall("add", CERTIFICATE, *options, user=user, check=True)
            answers |= _ask(root, words, whose)
            bundles |= {f"added {whose}": _sums(root, _BUNDLES), f"cached {whose}": _sums(root, _CACHED)}
            root.trustinstall("remove", CERTIFICATE, *options, user=user, check=True)
            answers |= _ask(root, words, f"removed {whose}")
            bundles |= {f"removed {whose}": _sums(root, _BUNDLES)}
        yield Seen(answers, bundles)


def _install(root: Throwaway) -> None:
    copy_in(root, downloads(*WHEELS), "/opt/wheels")
    copy_in(root, downloads(*TOOLS, PIP), "/opt/tools")
    module = Path(asksix.__file__).read_bytes()
    root.write(f"/opt/wheels/{wheel_name('asksix')}", wheel("asksix", module, requires=WHEELS, program="asksix"))
    root.run(["sh", "-c", _TOOLS.replace("TOOLS", " ".join(TOOLS))], timeout=120, check=True)

    def make(kind: Kind) -> None:
        root.run(["sh", "-c", _SIX + kind.make], user="alice", timeout=120, check=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, KINDS))


def _leaf(root: Throwaway, server: Server) -> str:
    return root.write(f"/srv/leaf-{server.port}.pem", server.leaf.key_pem + server.leaf.chain_pem)


def _sums(root: Throwaway, command: str) -> str:
    return root.run(["sh", "-c", command], user="alice", check=True).stdout


def _ask(root: Throwaway, words: list[str], whose: str) -> Answers:
    """What every library in every environment answers now, started with nothing of a login's in the environment."""

    def ask(kind: Kind) -> Answers:
        command = ["sh", "-c", f'cd; exec {kind.ask} "$@"', "sh", *words]
        said = root.run(command, user="alice", env=dict(kind.environment), check=True).stdout
        return {(kind.name, library, whose): answer for library, answer in json.loads(said).items()}

    with ThreadPoolExecutor(3) as pool:
        return {key: answer for each in pool.map(ask, KINDS) for key, answer in each.items()}


@pytest.mark.parametrize("library", asksix.LIBRARIES)
@pytest.mark.parametrize("kind", [one.name for one in KINDS])
def test_an_environment(kind: str, library: str, seen: Seen, record_property: Callable[[str, object], None]) -> None:
    """The library refuses before `add`, trusts after it, refuses after `remove`, and never trusts another root."""
    found = {key[2]: answer for key, answer in seen.answers.items() if key[:2] == (kind, library)}
    for whose in (NOBODY, MACHINE, ACCOUNT):
        record_property(f"{MATRIX}{kind}: {library}/{whose}/bare", found[whose][0])
    alone = REFUSES if library == FOLLOWS and kind != "conda" else TRUSTS
    assert found == {
        NOBODY: [REFUSES, REFUSES],
        MACHINE: [TRUSTS, REFUSES],
        f"removed {MACHINE}": [REFUSES, REFUSES],
        ACCOUNT: [alone, REFUSES],
        f"removed {ACCOUNT}": [REFUSES, REFUSES],
    }


@pytest.mark.parametrize("whose", ADDS)
def test_bundles_come_back(whose: str, seen: Seen) -> None:
    """Each environment has bundles that `add` changes and `remove` brings back to the byte; uv's cache is untouched."""
    before, added = ([*map(str.split, seen.bundles[when].splitlines())] for when in ("before", f"added {whose}"))
    assert len(before) >= len(KINDS) * 4  # of certifi, botocore, httplib2 and gRPC in each
    assert [path for _, path in before] == [path for _, path in added]
    assert [path for (old, path), (new, _) in zip(before, added, strict=True) if old == new] == []
    assert seen.bundles[f"removed {whose}"] == seen.bundles["before"]
    assert seen.bundles[f"cached {whose}"] == seen.bundles["cached"] != ""
