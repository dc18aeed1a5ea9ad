"""What the doctor's rules make of the chains of `chains`, beside what a program makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.chains import CHAINS, NOW, Chain
from trustinstall.certificates.certificate import Certificate
from trustinstall.doctor import judging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.doctor.families import Family
    from trustinstall.doctor.judging import Judgement


def judge(chain: Chain, family: Family) -> Judgement:
    """What the rules of a family make of a chain, for localhost."""
    sent = [Certificate(one.der) for one in (chain.leaf, *chain.leaf.parents[:-1])]
    known = judging.by_subject(Certificate(one.der) for one in chain.anchors)
    return judging.judge(sent, known, "localhost", NOW, family)


def judged(family: Family) -> dict[str, bool | None]:
    """Whether the rules of a family accept each chain; None where they are not sure."""
    return {name: judge(chain, family).accepted for name, chain in CHAINS.items()}


def disagreement(said: Mapping[str, bool], predicted: Mapping[str, bool | None]) -> dict[str, bool]:
    """Return what a program says of the chains about which the rules say otherwise."""
    assert said.keys() == predicted.keys()
    return {name: yes for name, yes in said.items() if predicted[name] not in {yes, None}}


def table(name: str, said: Mapping[str, bool], predicted: Mapping[str, bool | None]) -> str:
    """Return both opinions of each chain, for people."""
    words = {True: "accepts", False: "refuses", None: "not sure"}
    rows = [f"{one:32}{words[said[one]]:10}{words[predicted[one]]}" for one in said]
    return "\n".join([f"{name:32}{'program':10}rules", *rows])
