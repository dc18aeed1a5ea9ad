"""What the doctor's rules make of the chains of `chains`, beside what a program makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.support.chain_making import NOW, Chain
from tests.support.chains import CHAINS
from trustinstall.certificates.certificate import Certificate
from trustinstall.doctor import judging, paths

if TYPE_CHECKING:
    from trustinstall.doctor.family import Family
    from trustinstall.doctor.judging import Judgement


def judge(chain: Chain, family: Family) -> Judgement:
    """What the rules of a family make of a chain."""
    sent = [Certificate(one.der) for one in (chain.leaf, *chain.leaf.parents[:-1])]
    known = paths.by_subject(Certificate(one.der) for one in chain.anchors)
    return judging.judge(sent, known, chain.host, NOW, family)


#: Kinds about which the rules are wrong, by the word of the family, each with the reason.
WRITTEN_DOWN: Mapping[str, Mapping[str, str]] = {
    "go": {
        "root-no-usage-bits": "Go takes a key usage without any bit for none; no authority is known that has such one"
    }
}


def judged(family: Family, *, by_name: bool = True) -> dict[str, bool | None]:
    """Whether the rules of a family accept each chain; None where they are not sure.

    Without `by_name`, as for a program that does not compare the name of the server.
    """
    found = {name: judge(chain, family) for name, chain in CHAINS.items()}
    return {
        name: True if not by_name and {reason.code for reason in one.reasons} == {"host-name"} else one.accepted
        for name, one in found.items()
    }


def disagreement(said: Mapping[str, bool], predicted: Mapping[str, bool | None]) -> dict[str, bool]:
    """Return what a program says of the chains about which the rules say otherwise."""
    assert said.keys() == predicted.keys()
    return {name: yes for name, yes in said.items() if predicted[name] not in {yes, None}}


def table(name: str, said: Mapping[str, bool], predicted: Mapping[str, bool | None]) -> str:
    """Return both opinions of each chain, for people."""
    words = {True: "accepts", False: "refuses", None: "not sure"}
    rows = [f"{one:32}{words[said[one]]:10}{words[predicted[one]]}" for one in said]
    return "\n".join([f"{name:32}{'program':10}rules", *rows])
