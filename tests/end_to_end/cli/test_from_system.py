"""The company's root is in the machine's own store already, and no account has a file of it."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.end_to_end.cli.machine import DEBIAN, holds, told, venv
from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway

utc = timezone.utc
CORP, LAB = make_root("Corp Root G2"), make_root("Corp Lab Root")
LOCAL = "/usr/local/share/ca-certificates"


@pytest.fixture
def company(fresh: Throwaway) -> Throwaway:
    """A machine that the company has given two roots, and an environment of root's that knows nothing of them."""
    for name, root in (("corp", CORP), ("lab", LAB)):
        fresh.write(f"{LOCAL}/{name}.crt", root.pem)
    fresh.run(["update-ca-certificates"], check=True)
    venv(fresh, "/srv/app")
    fresh.write("/srv/app/lib/python3.11/site-packages/certifi/cacert.pem", fresh.read("/usr/share/ca.before"))
    return fresh


@pytest.fixture
def fresh(fresh: Throwaway) -> Throwaway:
    """A machine as it was delivered, with a copy of its bundle."""
    fresh.write("/usr/share/ca.before", fresh.read(DEBIAN))
    return fresh


def bundle(root: Throwaway) -> bytes:
    """The environment's bundle."""
    return root.read("/srv/app/lib/python3.11/site-packages/certifi/cacert.pem")


def has(root: Throwaway, one: Root) -> bool:
    """Whether the environment's clients trust a root."""
    return one.pem.strip() in bundle(root)


ADD = ("add", "--from", "system", "--search", "/srv")


def test_a_script_names_the_fingerprint(company: Throwaway) -> None:
    """Exactly that one is brought to the other stores; the system's copy is the company's, and stays."""
    before = company.read(DEBIAN)
    done = company.trustinstall(*ADD, "--sha256", CORP.sha256, "--json")
    assert done.returncode == 0, done
    assert (has(company, CORP), has(company, LAB)) == (True, False)
    assert [one["sha256"] for one in told(done)["certificates"]] == [CORP.sha256]
    assert company.trustinstall("remove", CORP.sha256).returncode == 0
    assert (has(company, CORP), company.read(DEBIAN)) == (False, before)


def test_public_roots_are_not_offered(company: Throwaway) -> None:
    """A dry run shows the company's two with their whole fingerprints, and none of the hundred and forty others."""
    done = company.trustinstall(*ADD, "--dry-run")
    assert (done.returncode, CORP.sha256 in done.stdout, LAB.sha256 in done.stdout) == (0, True, True)
    assert " ".join(done.stdout.split()).count("found in debian") == 2
    assert not has(company, CORP)


def test_match_chooses_by_subject(company: Throwaway) -> None:
    """In any case; a text that is nowhere is an error."""
    done = company.trustinstall(*ADD, "--match", "corp LAB", "--dry-run")
    assert (LAB.sha256 in done.stdout, CORP.sha256 in done.stdout) == (True, False)
    nothing = company.trustinstall(*ADD, "--match", "nowhere", "--dry-run")
    assert (nothing.returncode, "nowhere" in nothing.stderr) == (2, True)


@pytest.mark.parametrize("words", [(), ("--yes",), ("--match", "Corp", "--yes", "--no-input")])
def test_nobody_vouches_without_a_fingerprint(company: Throwaway, words: tuple[str, ...]) -> None:
    """Without a terminal, or with --yes, what was only found is not trusted anywhere."""
    before = bundle(company)
    done = company.trustinstall(*ADD, *words)
    assert (done.returncode, "--sha256" in done.stderr) == (2, True)
    assert bundle(company) == before


def test_a_fingerprint_that_no_store_holds(company: Throwaway) -> None:
    """It is an error that names it."""
    done = company.trustinstall(*ADD, "--sha256", "0" * 64)
    assert (done.returncode, "0" * 64 in done.stderr) == (2, True)


def test_nothing_but_public_roots(fresh: Throwaway) -> None:
    """An error that says what to do."""
    done = fresh.trustinstall("add", "--from", "system")
    assert (done.returncode, "ask for the certificate's file" in done.stderr) == (2, True)


@pytest.mark.parametrize("words", [("corp.crt", "--from", "system"), (), ("corp.crt", "--match", "Corp")])
def test_a_file_or_the_system(fresh: Throwaway, words: tuple[str, ...]) -> None:
    """One of them, not both and not neither."""
    done = fresh.trustinstall("add", *words)
    assert (done.returncode, "--from system" in done.stderr) == (2, True)


def test_an_expired_root_is_left_out(company: Throwaway) -> None:
    """It causes no failure, unless it was named."""
    old = make_root(
        "Corp Root G1", not_before=datetime(2015, 1, 1, tzinfo=utc), not_after=datetime(2016, 1, 1, tzinfo=utc)
    )
    company.write(f"{LOCAL}/old.crt", old.pem)
    company.run(["update-ca-certificates"], check=True)
    done = company.trustinstall(*ADD, "--dry-run")
    assert (done.returncode, "Left out: Corp Root G1" in done.stdout) == (0, True)
    named = company.trustinstall(*ADD, "--sha256", old.sha256)
    assert (named.returncode, has(company, old)) == (4, False)


def test_an_ordinary_account(company: Throwaway) -> None:
    """A developer's first day: her own environment gets it, and she is told what an administrator would run."""
    home = "/home/alice/.local/lib/python3.11/site-packages/certifi/cacert.pem"
    company.write(home, company.read("/usr/share/ca.before"), user="alice")
    done = company.trustinstall("add", "--from", "system", "--sha256", CORP.sha256, user="alice")
    assert done.returncode == 0, done
    assert holds(company, home, CORP)
    assert f"add --from system --sha256 {CORP.sha256}" in done.stdout


WARP, INSTALLED = "/usr/bin/warp-svc", "/var/lib/cloudflare-warp/installed_certs/1.pem"
GATEWAY, NETSKOPE = make_root("Gateway CA - Cloudflare Managed G1 a"), make_root("ca.corp.goskope.com")


def test_the_root_of_an_inspection_product(company: Throwaway) -> None:
    """It is found in the product's own file, where no store holds it; the screen names the product and the file."""
    company.write(WARP, "#!/bin/sh\n", mode=0o755)
    company.write(INSTALLED, GATEWAY.pem)
    shown = company.trustinstall(*ADD, "--match", "gateway", "--dry-run")
    words = " ".join(shown.stdout.split())
    assert (GATEWAY.sha256 in words, f"found in {INSTALLED}" in words) == (True, True)
    assert f"product Cloudflare WARP, which is installed here ({WARP})" in words
    nobody = company.trustinstall(*ADD, "--match", "gateway", "--yes")
    assert (nobody.returncode, has(company, GATEWAY)) == (2, False)
    done = company.trustinstall(*ADD, "--sha256", GATEWAY.sha256)
    assert (done.returncode, has(company, GATEWAY)) == (0, True)


def test_what_is_left_of_another_product(company: Throwaway) -> None:
    """The root of a product that is gone is left out, unless it is named; `list` says how one that was added goes."""
    company.write(f"{LOCAL}/netskope.crt", NETSKOPE.pem)
    company.run(["update-ca-certificates"], check=True)
    assert NETSKOPE.sha256 in company.trustinstall(*ADD, "--dry-run").stdout
    company.write(WARP, "#!/bin/sh\n", mode=0o755)
    shown = " ".join(company.trustinstall(*ADD, "--dry-run").stdout.split())
    assert "Left out: ca.corp.goskope.com: it may be left of Netskope, which is not installed here" in shown
    alone = company.trustinstall(*ADD, "--match", "goskope", "--dry-run")
    assert (alone.returncode, f"--sha256 {NETSKOPE.sha256}" in alone.stderr) == (2, True)
    assert company.trustinstall(*ADD, "--sha256", NETSKOPE.sha256).returncode == 0
    listed = " ".join(company.trustinstall("list").stdout.split())
    assert f"it may be left of Netskope, which is not installed here, but Cloudflare WARP is ({WARP})" in listed
    assert f"`trustinstall remove {NETSKOPE.sha256}` takes it out" in listed
