"""A change of a keystore as a step of a plan: made when it is applied, and read by a second reader before it counts.

It is never written to the journal: it is undone by the whole content that stood there, which needs no password.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trustinstall.errors import StoreError, StoreLocked
from trustinstall_platforms import keystores
from trustinstall_platforms.keystores import Locked, New, Trusted, Unreadable
from trustinstall_platforms.keystores.check import Expected, problem

PREFIX = "trustinstall-"
ADVICE = "look at it with keytool -list, or install that Java anew"
UNLOCK = "name a file that holds it: --java-storepass-file FILE"


def alias(sha256: str) -> str:
    """What a certificate of ours is called."""
    return f"{PREFIX}{sha256}"


def is_ours(one: Trusted) -> bool:
    """Whether an entry carries our mark: its alias is the fingerprint of what it holds, with a number or not."""
    return one.alias.lower().startswith(alias(sha256_of(one.der)))


def sha256_of(der: bytes) -> str:
    """A certificate's fingerprint, in hex."""
    return hashlib.sha256(der).hexdigest()


@dataclass(frozen=True)
class Change:
    """New content of a keystore.

    Attributes:
        store: the store's id, for errors.
        add: certificates that shall be trusted.
        ours, foreign: SHA-256 of those whose entries of ours, and of others, shall go.
        salt: random bytes, for parts that are encrypted again: made twice, it is the same.
        passwords: gives those to try, from where they stand.
    """

    store: str
    add: tuple[New, ...]
    ours: frozenset[str]
    foreign: frozenset[str]
    salt: bytes = field(repr=False)
    passwords: Callable[[], Sequence[str]] = field(repr=False)
    _made: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes], init=False, repr=False, compare=False)

    def apply(self, old: bytes) -> bytes:
        """Return the changed keystore. Raises StoreError, or StoreLocked where no password fits."""
        key = hashlib.sha256(old).digest()
        try:
            if key not in self._made:  # it is asked for twice: for the undo, and for the file
                self._made[key] = self._changed(old)
            return self._made[key]
        except Locked as error:
            raise StoreLocked(store=self.store, cause=str(error), advice=UNLOCK) from None
        except Unreadable as error:
            raise StoreError(store=self.store, cause=str(error), advice=ADVICE) from None

    def _changed(self, old: bytes) -> bytes:
        keystore = keystores.parse(old)
        password = keystore.password(self.passwords())
        before = keystore.trusted([password])
        salt = hashlib.sha256(self.salt + old).digest()
        new = keystore.changed([password], self.add, self._drops, salt)
        kept = frozenset(one.der for one in before if not self._drops(one)) | {one.der for one in self.add}
        expected = Expected(kept, frozenset(one.der for one in before) - kept)
        # What it has always refused, it cannot judge.
        wrong = problem(new, password, expected)
        if wrong and problem(old, password, Expected(frozenset(one.der for one in before), frozenset())) is None:
            raise Unreadable(f"{wrong}, so that nothing was written")
        return new

    def _drops(self, one: Trusted) -> bool:
        return sha256_of(one.der) in (self.ours if is_ours(one) else self.foreign)
