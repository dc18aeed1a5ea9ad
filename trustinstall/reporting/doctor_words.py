"""The sentences about a server that the screen of `doctor URL` and its page for a help desk share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.doctor.families import COMMON
from trustinstall.installer.inspected import Inspected

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall.installer.client_views import ClientView
    from trustinstall.installer.diagnosis import Diagnosis

_VERDICTS = {"yes": "Accepted by", "no": "Refused", "off": "Not verified"}
_INSPECTED = {
    Inspected.NO: "the connection is not inspected",
    Inspected.BYPASSED: "the connection is not inspected, for NO_PROXY leads past the proxy",
    Inspected.PERHAPS: "the server is private, or the connection is inspected",
    Inspected.UNKNOWN: "it is not known whether the connection is inspected",
}


def count(found: Sequence[Diagnosis]) -> str:
    """Return the number of servers that all clients accept, as a sentence."""
    good = sum(one.accepted for one in found)
    return f"{good} of {len(found)} servers {'is' if good == 1 else 'are'} accepted by every client that was judged"


def headline(found: Diagnosis) -> str:
    """Return the sentence with the answer."""
    if found.failure:
        return f"{found.target}{through(found)}: {found.failure}"
    refuse = sum(one.accepts == "no" for one in found.clients)
    would = "would " if found.planned else ""
    every = f"Every client that was judged {would}accept{'' if would else 's'}"
    head = f"{refuse} of {len(found.clients)} clients here {would}refuse" if refuse else every
    return f"{head} {found.target}{through(found)}{' after this add' if would else ''}"


def verdict(clients: Sequence[ClientView]) -> str:
    """Return the verdict of a group of clients, and the reasons."""
    first = clients[0]
    why = "; ".join(reason.text for reason in first.reasons)
    said = _VERDICTS.get(first.accepts, "Not known")
    return f"{said}: {why}" if why else said


def judged_as(client: ClientView) -> str:
    """Return the verifier whose rules were used, and whether they are those of documents; "" for none."""
    return f"{client.verifier}, by documents" if _is_by_documents(client) else client.verifier


def by_documents(clients: Iterable[ClientView]) -> str:
    """Return the sentence that names the programs whose rules no test has held against them; "" for none."""
    found = ", ".join(dict.fromkeys(one.verifier for one in clients if _is_by_documents(one)))
    return f"Judged by the rules in documents, which no test holds against the program: {found}." if found else ""


def _is_by_documents(client: ClientView) -> bool:
    """Whether a program's rules are those of documents; a store that several programs read has those of most."""
    return client.verifier not in {"", COMMON.name} and not client.tested


def through(found: Diagnosis) -> str:
    """Return the caller and the proxy, as the end of a sentence; "" for the calling session without a proxy."""
    proxy = f" through the proxy {found.proxy}" if found.proxy else ""
    return f"{proxy}, as {found.caller} does" if found.caller else proxy


def before(found: Diagnosis) -> str:
    """Return the sentence before the command that mends it."""
    name, wanted = found.root.name if found.root else "", "fingerprint" if found.saved else "file and fingerprint"
    return (
        f"Ask the administrator whether {name} is the company's root, and for its {wanted}. "
        "Where the fingerprint is this one, the command is:"
    )


def about_root(found: Diagnosis) -> Iterable[str]:
    """Yield sentences about the end of the chain, and whether the connection is inspected."""
    if found.root is None:
        return
    said = inspected(found)
    if found.public is None:
        last, issuer = found.root.name, found.root.issuer_name
        yield f"The root is not seen; the last certificate is {last}, issued by {issuer}: {said}."
    else:
        yield f"The root is {found.root.name}, {'a public one' if found.public else 'no public one'}: {said}."
    if not found.public and found.names_root:
        yield f"SHA-256 {found.root.sha256}"


def inspected(found: Diagnosis) -> str:
    """Return whether the connection is inspected, as the end of a sentence."""
    state, product, beside, evidence = found.inspection
    if state is Inspected.PERHAPS and product:
        unseen = "nothing of it is found on this machine"
        return f"a certificate has the name of {product}, which may inspect the connection; {unseen}"
    if state is Inspected.PERHAPS and beside:
        return f"the connection is inspected, or {beside} is of the same owner: one authority answers for both"
    if state is not Inspected.YES:
        return _INSPECTED[state]
    if evidence:
        return f"the connection is inspected by {product} ({evidence})"
    if product:
        return f"the connection is inspected: the same authority, with the name of {product}, answers for {beside}"
    return f"the connection is inspected, for the same authority answers for {beside}"


def alike(clients: Iterable[ClientView]) -> list[list[ClientView]]:
    """Return the clients in groups of the same verdict and reasons; those that accept come last."""
    groups: dict[tuple[str, tuple[str, ...]], list[ClientView]] = {}
    for one in clients:
        groups.setdefault((one.accepts, tuple(reason.text for reason in one.reasons)), []).append(one)
    return sorted(groups.values(), key=lambda group: group[0].accepts == "yes")
