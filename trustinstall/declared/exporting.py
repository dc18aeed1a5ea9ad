"""The claims of the acting account's ledger as a document for `apply`, with the certificates in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from trustinstall.declared import schema
from trustinstall.engine.keeping import ProxyEngine
from trustinstall.engine.scope import Engine
from trustinstall.installer.ends import last_day

if TYPE_CHECKING:
    from trustinstall.installer.installer import Installer
    from trustinstall.state.ledger import Claim, Ledger


def as_toml(installer: Installer) -> str:
    """Return the document as TOML. Raises StateError if the ledger is not trusted."""
    data = _data(installer)
    lines = [f"version = {schema.VERSION}"]
    if data["defaults"]:
        lines += ["", "[defaults]", *(f"{key} = {_toml(value)}" for key, value in data["defaults"].items())]
    if data["proxies"]:
        lines += ["", "[proxies]", *(f"{key} = {_toml(value)}" for key, value in data["proxies"].items())]
    for one in data["certificate"]:
        lines += ["", "[[certificate]]", *(f"{key} = {_toml(value)}" for key, value in one.items())]
    return "\n".join(lines)


def as_json(installer: Installer) -> str:
    """Return the document as JSON. Raises StateError if the ledger is not trusted."""
    data = {key: value for key, value in _data(installer).items() if value or key == "certificate"}
    return json.dumps(data, indent=2)


def _data(installer: Installer) -> dict[str, Any]:
    ledger = Engine(installer.host, installer.backends, installer.on_progress).ledger()
    modes = [one.terms.variables for one in ledger.claims.values() if one.terms.variables]
    certificates = [_certificate(installer, ledger, claim) for _, claim in sorted(ledger.claims.items())]
    return {
        "version": schema.VERSION,
        "defaults": {"env": modes[-1]} if modes else {},
        "proxies": _proxies(installer),
        "certificate": certificates,
    }


def _proxies(installer: Installer) -> dict[str, Any]:
    """Return the proxies that are set, without logins: not only the owner reads a document."""
    kept = ProxyEngine(installer.host, installer.backends, installer.on_progress).kept()
    found = kept.proxies.without_secrets._asdict()
    said = {key: list(value) if key == "no_proxy" else value for key, value in found.items() if value}
    names = [one.name for one in kept.accounts if installer.host.account_named(one.name) is not None]
    accounts = "all" if kept.all_users else names
    return {**said, "accounts": accounts} if said and accounts else said


def _certificate(installer: Installer, ledger: Ledger, claim: Claim) -> dict[str, Any]:
    certificate, terms = ledger.certificates[claim.sha256], claim.terms
    names = [one.name for one in claim.accounts if installer.host.account_named(one.name) is not None]
    accounts = "all" if terms.all_users else names
    found = {
        "name": certificate.name,
        "sha256": claim.sha256,
        # A document has days only: round down, so that trust never lasts longer than requested.
        "until": last_day(terms.until) if terms.until else "",
        "stores": list(terms.stores),
        "skip": list(terms.skip),
        "domains": list(terms.domains),
        "accounts": accounts,
        "intermediate": not certificate.self_issued,
        "pem": certificate.pem.decode("ascii"),
    }
    return {key: value for key, value in found.items() if value}


def _toml(value: object) -> str:
    """Return a value in TOML; a JSON string is also a basic string of TOML, except for DEL and line breaks."""
    if isinstance(value, str) and value.startswith("-----BEGIN"):
        return f"'''\n{value}'''"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
