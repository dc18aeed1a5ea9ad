"""Whole trees: what in them is a bundle of roots, what is passed by, and where looking ends."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import certifi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_host import make, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine import discovery
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.engine.task import StoreTask
from trustinstall.host import Account, ActingHost, Host
from trustinstall.host.memory import Wanted
from trustinstall.stores import trees
from trustinstall.stores.desired import Desired
from trustinstall.stores.store import DiscoveryOptions, ScanProgress
from trustinstall_platforms.python.certifi import Certifi

ROOT = Certificate(make_root("Corp Root").der)
BUNDLE = Path(certifi.where()).read_bytes()
HOME = "/home/tester"
SITE = "lib/python3.12/site-packages"
THROUGH = DiscoveryOptions(through=True)
UV = str(Path(sys.executable).with_name("uv"))


def _no_file(_names: tuple[str, ...]) -> tuple[str, ...]:
    return ()


NONE = Wanted("no file", _no_file)


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """An empty machine."""
    return make(tmp_path, "tester", HOME)


def file(host: ActingHost, path: str, content: bytes = BUNDLE) -> str:
    """Write a file: a bundle, where nothing else is said."""
    return write(host, path, content)


def found(host: ActingHost, places: DiscoveryOptions | None = None) -> set[str]:
    """Where bundles are found when everything is looked through."""
    asked = places or DiscoveryOptions(through=True)
    return {store.location for _, store in discovery.discover(host, (Certifi(),), asked).stores.values()}


@pytest.mark.parametrize(
    "path",
    [
        f"{HOME}/src/app/.venv/{SITE}/certifi/cacert.pem",  # in a project: poetry, pipenv, pdm, uv
        f"{HOME}/.local/share/hatch/env/virtual/app/Xa1/app/{SITE}/certifi/cacert.pem",
        f"{HOME}/.cache/pre-commit/repo1/py_env-python3/{SITE}/pip/_vendor/certifi/cacert.pem",
        f"{HOME}/google-cloud-sdk/lib/third_party/certifi/cacert.pem",
        f"{HOME}/google-cloud-sdk/platform/gsutil/gslib/data/cacerts.txt",
        "/usr/local/aws-cli/v2/2.15.0/dist/awscli/botocore/cacert.pem",
        "/usr/local/lib/aws/lib/python3.9/site-packages/botocore/cacert.pem",
        "/usr/lib/google-cloud-sdk/lib/third_party/httplib2/cacerts.txt",
        "/usr/lib64/az/lib/python3.12/site-packages/certifi/cacert.pem",
        f"/opt/az/{SITE}/certifi/cacert.pem",
        f"/opt/company/tool/{SITE}/certifi/cacert.pem",
    ],
)
def test_what_no_table_names_is_found(host: ActingHost, path: str) -> None:
    """Environments below a home and below the places for an administrator's software need no option."""
    assert found(host) == set()
    file(host, path)
    assert found(host) == {path}


@pytest.mark.parametrize(
    ("environ", "prefix"),
    [
        ({"PYENV_ROOT": "/srv/pyenv"}, "/srv/pyenv/versions/3.12.1"),
        ({"WORKON_HOME": "/srv/envs"}, "/srv/envs/app"),
        ({"UV_TOOL_DIR": "/srv/tools"}, "/srv/tools/ruff"),
        ({"UV_PYTHON_INSTALL_DIR": "/srv/uv"}, "/srv/uv/cpython-3.13"),
        ({"PIPX_HOME": "/srv/pipx"}, "/srv/pipx/venvs/ruff"),
        ({"POETRY_VIRTUALENVS_PATH": "/srv/poetry"}, "/srv/poetry/app-py3.12"),
        ({"MAMBA_ROOT_PREFIX": "/srv/mamba"}, "/srv/mamba/envs/data"),
        ({}, "/opt/conda/envs/data"),
        ({}, f"{HOME}/miniconda3"),
        ({}, f"{HOME}/miniforge3/envs/data"),
        ({}, f"{HOME}/.local/share/pdm/venvs/app-3.12"),
    ],
)
def test_tools_that_keep_environments_elsewhere(host: ActingHost, environ: dict[str, str], prefix: str) -> None:
    """Each tool's own variable is followed, and no tree is looked through for that."""
    path = file(host, f"{prefix}/{SITE}/certifi/cacert.pem")
    assert found(replace(host, environ=environ), DiscoveryOptions()) == {path}


def test_conda_lists_its_environments(host: ActingHost) -> None:
    """What conda has made anywhere is in a list; what else is in it names nothing."""
    path = file(host, f"/data/envs/x/{SITE}/certifi/cacert.pem")
    conda = file(host, "/data/envs/x/ssl/cacert.pem")
    file(host, "/data/envs/x/conda-meta/history", b"")
    file(host, f"{HOME}/.conda/environments.txt", b"/data/envs/x\nrelative\n\xff\0\n/nowhere\n\n")
    assert found(host, DiscoveryOptions()) == {path, conda}
    assert found(host, DiscoveryOptions(searches=("/data",))) == {path, conda}


@pytest.mark.parametrize(
    ("name", "content", "counts"),
    [
        ("vendor/roots.pem", BUNDLE, True),
        ("vendor/data/ca-certificates.crt", BUNDLE, True),
        ("vendor/cacerts.txt", BUNDLE, True),
        ("vendor/Mozilla.CRT", BUNDLE, True),
        ("vendor/ca-bundle", BUNDLE, True),
        ("vendor/notes.txt", BUNDLE, False),
        ("vendor/roots.pem", BUNDLE[:9000], False),
        ("vendor/roots.pem", b"#" * 300_000, False),
        ("vendor/roots.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" * 100, False),
    ],
)
def test_bundles_are_known_by_what_is_in_them(host: ActingHost, name: str, content: bytes, *, counts: bool) -> None:
    """Among packages, a likely name and a likely size are only the reason to look."""
    path = file(host, f"{HOME}/env/{SITE}/{name}", content)
    assert found(host) == ({path} if counts else set())
    file(host, f"{HOME}/doc/{name}", content)
    assert found(host) == ({path} if counts else set())


@pytest.mark.parametrize(
    "place",
    [
        f"{HOME}/.local/share/containers/storage/overlay/abc/diff/usr/lib/python3/dist-packages",
        f"{HOME}/.local/share/docker/overlay2/abc/diff/usr/lib/python3/dist-packages",
        f"{HOME}/.cache/uv/archive-v0/abc",
        f"{HOME}/miniconda3/pkgs/certifi-2026.1-0/site-packages",
    ],
)
def test_containers_and_caches_are_passed_by(host: ActingHost, place: str) -> None:
    """What is shared with others, or belongs to an image, is neither found nor changed."""
    file(host, f"{HOME}/.cache/uv/CACHEDIR.TAG", b"")
    file(host, f"{HOME}/miniconda3/pkgs/urls.txt", b"")
    file(host, f"{place}/certifi/cacert.pem")
    env = file(host, f"{HOME}/env/{SITE}/certifi/cacert.pem")
    file(host, f"{HOME}/env/CACHEDIR.TAG", b"")  # uv and virtualenv mark environments so
    file(host, f"{HOME}/env/pyvenv.cfg", b"")
    assert found(host) == found(host, DiscoveryOptions(searches=(HOME,))) == {env}


def test_the_network_is_left_alone_unless_asked(host: ActingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home on NFS is not looked through, and that is said; `--search` goes there."""
    path = file(host, f"{HOME}/env/{SITE}/certifi/cacert.pem")
    file(host, "/proc/self/mountinfo", f"30 1 0:40 / {HOME} rw - nfs4 server:/home rw\n".encode())
    scanned: list[str] = []
    walk = ActingHost.walk

    def note(self: ActingHost, top: str, *rest: object) -> Iterator[object]:
        scanned.append(top)
        return walk(self, top, *rest)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(ActingHost, "walk", note)
    said = [one for one in trees.directories(host, THROUGH, NONE) if isinstance(one, ScanProgress)]
    assert said == [ScanProgress(HOME, "it lies on the network (nfs4)")]
    assert HOME not in scanned
    assert found(host, DiscoveryOptions(searches=(HOME,))) == {path}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("ENTRIES", 500, "more than 500 entries"), ("SECONDS", -1.0, "more than -1 seconds")],
)
def test_looking_ends(host: ActingHost, monkeypatch: pytest.MonkeyPatch, name: str, value: float, said: str) -> None:
    """Too much, or too long: what was found until then counts, and what was left out is named."""
    first = file(host, f"/usr/local/{SITE}/certifi/cacert.pem")
    for number in range(600):
        file(host, f"{HOME}/many/{number}", b"")
    monkeypatch.setattr(trees, name, value)
    ends = [one.why for one in trees.directories(host, THROUGH, NONE) if isinstance(one, ScanProgress) and one.why]
    assert said in ends
    assert found(host) == {first}


def test_signs_of_life_come_while_looking(host: ActingHost) -> None:
    """Every two thousand directories, where it is now is said."""
    for number in range(3000):
        Path(host.where(f"{HOME}/{number}")).mkdir(parents=True)
    signs = [one for one in trees.directories(host, THROUGH, NONE) if isinstance(one, ScanProgress)]
    assert len(signs) == 1
    assert signs[0].path.startswith(HOME)


@given(st.text(min_size=1, max_size=40).filter(lambda name: "/" not in name and "\0" not in name))
def test_any_name_can_be_asked(name: str) -> None:
    """A file of any name can be asked about, and one that is not there is no bundle."""
    backend = Certifi()
    nowhere = Host("linux", "/nonexistent", {}, Account(1000, 1000, "tester", HOME))
    assert backend.recognise(nowhere, f"/e/lib/site-packages/x/{name}") is None


# --- real environments ---


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A certifi to install from, so that nothing is fetched."""
    directory = tmp_path / "wheels"
    directory.mkdir()
    info = "certifi-2026.1.1.dist-info"
    with zipfile.ZipFile(directory / "certifi-2026.1.1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("certifi/__init__.py", "")
        wheel.writestr("certifi/cacert.pem", BUNDLE)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: certifi\nVersion: 2026.1.1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return directory


@pytest.fixture
def install(tmp_path: Path, wheels: Path) -> Callable[..., Path]:
    """Make an environment by uv, with a cache of its own; returns its bundle."""

    def made(name: str, how: str) -> Path:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "UV_CACHE_DIR": str(tmp_path / "cache")}
        place = tmp_path / name
        subprocess.run([UV, "venv", "-q", "--python", sys.executable, place], env=env, check=True)
        words = [
            "pip",
            "install",
            "-q",
            "--offline",
            "--no-index",
            "--find-links",
            str(wheels),
            "--link-mode",
            how,
            "certifi",
        ]
        subprocess.run([UV, *words], env={**env, "VIRTUAL_ENV": str(place)}, check=True)
        (bundle,) = place.glob("lib/python*/site-packages/certifi/cacert.pem")
        return bundle

    return made


def change(host: ActingHost, *places: Path, trusted: bool = True) -> list[Result]:
    """Add to or remove from named environments, on this machine, with state of the test's own."""
    engine = Engine(host, (Certifi(),), lambda _doing: None)
    asked = DiscoveryOptions(searches=tuple(map(str, places)), scanned=False)
    scope = engine.change(Request((ROOT,), trusted=trusted, by="root"), asked, Selection(below=tuple(map(str, places))))
    return [one.result for one in scope.outcomes]


@pytest.mark.parametrize("how", ["hardlink", "copy"])
def test_uvs_cache_is_not_changed_through_a_hard_link(
    tmp_path: Path, install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Two environments share the cache's file; `add` and `remove` in one change neither the other nor the cache."""
    one, two = install("one", how), install("two", how)
    (cached,) = (tmp_path / "cache").glob("archive-v0/*/certifi/cacert.pem")
    assert (one.stat().st_ino == cached.stat().st_ino) == (how == "hardlink")
    state = Mock(return_value=str(tmp_path / "state"))
    monkeypatch.setattr("trustinstall.host.state_paths.machine", state)
    monkeypatch.setattr("trustinstall.host.state_paths.state", state)
    host = replace(ActingHost.current(), environ={}, account=replace(ActingHost.current().account, home=None))
    monkeypatch.setattr(trees, "MACHINE", ())
    monkeypatch.setattr(trees, "PROGRAMS", ())
    assert change(host, tmp_path / "one") == [Result.ADDED]
    assert ROOT.pem in one.read_bytes()
    assert cached.read_bytes() == two.read_bytes() == BUNDLE
    assert one.stat().st_ino != cached.stat().st_ino
    os.unlink(cached)  # noqa: PTH108  linked again from what we wrote: `remove` must not write through it either
    os.link(one, cached)
    assert change(host, tmp_path / "one", trusted=False) == [Result.REMOVED]
    assert one.read_bytes() == two.read_bytes() == BUNDLE
    assert ROOT.pem in cached.read_bytes()


def test_a_symbolic_link_into_uvs_cache_is_not_followed(tmp_path: Path, install: Callable[..., Path]) -> None:
    """With uv's link mode `symlink` the file is the cache's, shared by all: it is left, and what to do is said."""
    path = install("one", "symlink")
    assert path.is_symlink() or path.parent.is_symlink()
    places = DiscoveryOptions(searches=(str(tmp_path / "one"),))
    everything = discovery.discover(ActingHost.current(), (Certifi(),), places).stores.values()
    (store,) = (one for _, one in everything if one.location.startswith(str(tmp_path)))
    assert store.sealed
    assert "UV_LINK_MODE=copy" in (store.why_blocked or "")
    assert store.location.startswith(str(tmp_path / "one"))


@pytest.mark.parametrize("maker", ["venv", "uv"])
def test_real_environments_are_found(tmp_path: Path, install: Callable[..., Path], maker: str) -> None:
    """By their interpreter, by their directory, and below a directory."""
    if maker == "venv":
        subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
        (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
        (site / "certifi").mkdir()
        bundle = site / "certifi/cacert.pem"
        bundle.write_bytes(BUNDLE)
    else:
        bundle = install("env", "copy")
    for places in (
        DiscoveryOptions(pythons=(str(tmp_path / "env/bin/python"),)),
        DiscoveryOptions(pythons=(str(tmp_path / "env"),)),
        DiscoveryOptions(searches=(str(tmp_path / "env"),)),
    ):
        assert str(bundle) in found(ActingHost.current(), places)


def test_a_package_upgrade_keeps_what_repair_needs(host: ActingHost) -> None:
    """The ledger knows store and certificate after an upgrade has taken the root away; `add` puts it back."""
    path = file(host, f"{HOME}/env/{SITE}/certifi/cacert.pem")
    engine = Engine(host, (Certifi(),), lambda _doing: None)
    wish = Request((ROOT,), trusted=True, by="root")
    engine.change(wish, DiscoveryOptions(), Selection())
    file(host, path, BUNDLE + b"# newer\n")
    ledger = engine.ledger()
    assert ledger.certificates[ROOT.sha256] == ROOT
    assert ledger.placements[f"certifi:{path}", ROOT.sha256].entries == (path,)
    store = Certifi().at(host, path)
    assert store is not None
    task = StoreTask(Certifi(), store, (Desired(ROOT, trusted=True),), ledger.record(store.id))
    seen = task.observe(host)
    assert task.plan(host, seen, task.decide(seen)).steps
    assert [one.result for one in engine.change(wish, DiscoveryOptions(), Selection()).outcomes] == [Result.ADDED]
    engine.change(Request((ROOT,), trusted=False, by="root"), DiscoveryOptions(), Selection())
    assert host.read(path) == BUNDLE + b"# newer\n"
