"""A change of a keystore as a step of a plan: made when it is applied, and checked by a second reader before it counts.

It is never written to the journal: the whole former content undoes it, which needs no password.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.errors import StoreError, StoreLocked
from trustinstall.stores.observation import Copy
from trustinstall.values import dataclass
from trustinstall_platforms import keystores
from trustinstall_platforms.keystores import Locked, New, Trusted, Unreadable

PREFIX = "trustinstall-"
ADVICE = "look at it with keytool -list, or install that Java anew"
UNLOCK = "name a file that holds it: --java-storepass-file FILE"


def alias(sha256: str) -> str:
    """Return the alias that marks a certificate as managed by trustinstall."""
    return f"{PREFIX}{sha256}"


def is_marked(one: Trusted) -> bool:
    """Whether an entry is marked as managed: its alias is the fingerprint of its certificate, with a number or not."""
    return one.alias.lower().startswith(alias(sha256_of(one.der)))


def copies(entries: Iterable[Trusted], names: frozenset[str], marked: Callable[[Trusted], bool]) -> Iterator[Copy]:
    """Yield the entries that hold one of these certificates (SHA-256), by their aliases."""
    for one in entries:
        if (sha256 := sha256_of(one.der)) in names:
            yield Copy(sha256, one.alias, marked(one))


@dataclass(frozen=True)
class EntryChange:
    """New content of a keystore.

    Attributes:
        store: the store's id, for errors.
        add: certificates to be trusted.
        remove: alias and SHA-256 of each entry that is to go.
        salt: random bytes, for parts that are encrypted again: the result is the same each time.
        passwords: returns the passwords to try, which are read from their files when they are needed.
    """

    store: str
    add: tuple[New, ...]
    remove: frozenset[tuple[str, str]]
    salt: bytes = field(repr=False)
    passwords: Callable[[], Iterable[str]] = field(repr=False)
    _made: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes], init=False, repr=False, compare=False)

    def apply(self, old: bytes) -> bytes:
        """Return the changed keystore. Raises StoreError, or StoreLocked if no password fits."""
        key = hashlib.sha256(old).digest()
        try:
            if key not in self._made:  # it is needed twice: for the undo, and for the file
                self._made[key] = self._changed(old)
            return self._made[key]
        except Unreadable as error:
            raise refused(self.store, error) from None

    def _changed(self, old: bytes) -> bytes:
        from trustinstall_platforms.keystores.check import Expected, problem  # loads both formats

        keystore = keystores.parse(old)
        password = keystore.password(self.passwords())
        before = keystore.trusted([password])
        salt = hashlib.sha256(self.salt + old).digest()
        new = keystore.changed([password], self.add, self._drops, salt)
        kept = frozenset(one.der for one in before if not self._drops(one)) | {one.der for one in self.add}
        expected = Expected(kept, frozenset(one.der for one in before) - kept)
        # If the second reader refused the keystore before the change, it cannot judge the result.
        wrong = problem(new, password, expected)
        if wrong and problem(old, password, Expected(frozenset(one.der for one in before), frozenset())) is None:
            raise Unreadable(f"{wrong}, so that nothing was written")
        return new

    def _drops(self, one: Trusted) -> bool:
        return (one.alias, sha256_of(one.der)) in self.remove


def refused(store: str, error: Unreadable) -> StoreError:
    """Return the error of a keystore that cannot be understood or opened, with what to do."""
    if isinstance(error, Locked):
        return StoreLocked(store=store, cause=str(error), advice=UNLOCK)
    return StoreError(store=store, cause=str(error), advice=ADVICE)
