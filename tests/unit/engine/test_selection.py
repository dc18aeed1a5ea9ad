"""The names that `--store` and `--skip` take."""

from __future__ import annotations

import pytest

from trustinstall.cli.common import selection_of
from trustinstall.engine.request import Selection
from trustinstall.errors import UsageProblem
from trustinstall.stores.store import Store, fed_by

STORES = [
    Store("debian", "/etc/ssl/certs/ca-certificates.crt", 0, "debian", "curl", system=True),
    Store(
        "firefox-policy", "/etc/firefox/policies/policies.json", 0, "firefox-policy:/etc/firefox", "", label="Firefox"
    ),
    Store("certifi", "/srv/a/cacert.pem", 0, "certifi:/srv/a/cacert.pem", "requests"),
    Store("certifi", "/opt/b/cacert.pem", 0, "certifi:/opt/b/cacert.pem", "requests"),
    Store("settings", "/root/.npmrc", 0, "settings:/root/.npmrc", "npm", label="npm"),
    Store("settings", "/root/.config/pip/pip.conf", 0, "settings:/root/.config/pip/pip.conf", "pip", label="pip"),
]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["system"], [0]),
        (["browsers"], [1]),
        (["firefox"], [1]),
        (["python"], [2, 3, 5]),
        (["npm,firefox"], [1, 4]),
        (["npm", "pip"], [4, 5]),
        (["settings:npm"], [4]),
        (["certifi:*"], [2, 3]),
        (["python:/srv/**"], [2]),
        (["certifi:/opt/b"], [3]),
        (["debian"], [0]),
    ],
    ids=str,
)
def test_a_word_names_stores(words: list[str], ids: list[int]) -> None:
    """A group, a printed name, an id, several with commas, and a pattern choose the stores that a reader expects."""
    chosen, skipped = selection_of(words, []), selection_of([], words)
    chosen.check(STORES)
    skipped.check(STORES)
    wanted = [STORES[at] for at in ids]
    assert [one for one in STORES if chosen.takes(one)] == wanted
    assert [one for one in STORES if not skipped.takes(one)] == wanted
    assert all(chosen.may_take(one.backend) for one in wanted)
    assert not any(skipped.may_take(one.backend) and skipped.takes(one) for one in wanted)


def test_an_unknown_word_gets_a_suggestion() -> None:
    """The nearest name is suggested; a word that is like none names the command that lists the stores."""
    with pytest.raises(UsageProblem, match=r"unknown store firefx; did you mean firefox"):
        Selection(("firefx",)).check(STORES)
    with pytest.raises(UsageProblem, match="see: trustinstall stores"):
        Selection(skip=("zzzz",)).check(STORES)


def test_a_group_without_stores_can_be_skipped_and_not_chosen() -> None:
    """One command line serves many machines: `--skip java` holds where no Java is; `--store java` would do nothing."""
    Selection(skip=("java",)).check(STORES)
    with pytest.raises(UsageProblem, match="no store of the group java"):
        Selection(("java",)).check(STORES)


def test_a_store_that_another_feeds_is_not_chosen_alone() -> None:
    """The sentence names the store to choose; together with that store it can be named."""
    fed = Store("java", "/etc/ssl/certs/java/cacerts", 0, "java", "Java", source=fed_by(STORES[0].location))
    with pytest.raises(UsageProblem, match="java is fed by debian: use --store debian"):
        Selection(("java",)).check([*STORES, fed])
    Selection(("java", "debian")).check([*STORES, fed])
    Selection(skip=("java",)).check([*STORES, fed])
    Selection(("java",)).check([*STORES, fed], elsewhere=True)
