"""Throw-away machines of container engines for the contract: an account's engine, and the system inside its machine."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Mapping, Sequence

from tests.contract.machines import FULL, Base, bring_selected, store_ids
from tests.support.engines.engines import Engine
from tests.support.families import COUNT
from tests.support.throwaway import NOISE, Throwaway
from trustinstall.testing.machine import SABOTAGE

_TOOL = "/usr/sbin/update-ca-certificates"
_ANCHORS = "/usr/local/share/ca-certificates"
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_OUTSIDE = ("/tmp/contract", "/home/alice/.local", "/opt/engines")
_BAD = {"fails": "exit 1", "lies": "exit 0", "fails afterwards": '"$0.real" "$@"; exit 3'}


class VmMachine(Base):
    """alice's machine of one engine, with a Debian inside whose own tool is run; or a cluster with two such nodes."""

    def __init__(
        self,
        throwaway: Throwaway,
        engine: str,
        nodes: int = 0,
        lay_out: Callable[[Throwaway], object] | None = None,
    ) -> None:
        """Deliver it: inside, a hook counts the runs of the tool."""
        nodes = nodes or (2 if engine == "minikube" else 1)  # as many as its profile names
        self.engine = Engine(throwaway, engine, nodes=nodes, lay_out=lay_out)
        self.engine.__enter__()
        super().__init__(
            throwaway,
            "alice",
            f"vm:{self.engine.location}",
            _BUNDLE,
            "/home/alice/.local",
            tool=_TOOL,
            sabotages=SABOTAGE,
            kills=40 if FULL else 2,
            crowd=6 if FULL else 2,
        )
        for node in self.engine.nodes:
            hook = f"#!/bin/sh\necho run >>{COUNT}\n"
            node.write("/etc/ca-certificates/update.d/zz-count", hook, mode=0o755)
            node.freeze()
        throwaway.freeze()

    def close(self) -> None:
        """See `Base`."""
        self.engine.__exit__()

    def trusts(self, sha256: str) -> bool:
        """By file and by directory, as OpenSSL looks inside; all nodes must agree."""
        der = next(one.pem for one in self.roots.values() if hashlib.sha256(one.der).hexdigest() == sha256)
        codes: set[bool] = set()
        for node in self.engine.nodes:
            node.write("/tmp/contract.crt", der)
            for place in (["-no-CApath", "-CAfile", _BUNDLE], ["-no-CAfile", "-CApath", "/etc/ssl/certs"]):
                codes.add(node.run(["openssl", "verify", *place, "/tmp/contract.crt"]).returncode == 0)
        assert len(codes) == 1, "nodes, or file and directory, disagree"
        return codes.pop()

    def sound(self) -> int:
        """OpenSSL loads the bundle inside; of several nodes, one may be behind while the program is killed."""
        counts: list[int] = []
        for node in self.engine.nodes:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cafile=str(node.path(_BUNDLE)))
            counts.append(context.cert_store_stats()["x509"])
            content = node.read(_BUNDLE)
            assert content.count(b"-----BEGIN CERTIFICATE-----") == content.count(b"-----END CERTIFICATE-----")
        assert max(counts) - min(counts) <= 1
        return counts[0]

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """See `Machine`: what is outside, and what is inside."""
        found: dict[str, object] = dict(self.throwaway.changes(ignore=(*NOISE, *_OUTSIDE), mtimes=times))
        for number, node in enumerate(self.engine.nodes):
            inside = node.changes(ignore=(*NOISE, "/tmp/contract.crt", COUNT), mtimes=times)
            found |= {f"node {number}: {path}": entry for path, entry in inside.items()}
        return found

    def refreshes(self) -> int:
        """See `Machine`."""
        paths = [node.path(COUNT) for node in self.engine.nodes]
        return sum(len(path.read_bytes().splitlines()) for path in paths if path.exists())

    def put_by_hand(self, number: int) -> str:
        """A person does it by hand, inside."""
        self._by_hand(f"by-hand{number}.crt", number)
        return self.root(number)[1]

    def lose_mark(self, number: int, /) -> bool:
        """A person renames the file, inside."""
        for node in self.engine.nodes:
            (path,) = node.path(_ANCHORS).glob(f"*{self.root(number)[1][:12]}*")
            path.rename(path.with_name("renamed.crt"))
            node.run([_TOOL], check=True)
        return True

    def put_beside(self, number: int, /) -> bool:
        """A person adds a file of another name, inside."""
        self.put_by_hand(number)
        return True

    def bring_by_package(self, number: int, /) -> bool:
        """A package of the company's brings a file, and selects it."""
        for node in self.engine.nodes:
            bring_selected(node, self.make(number).pem)
            node.run([_TOOL], check=True)
        return True

    def take_own(self, _sha256: str, /) -> None:
        """And another root."""
        self._by_hand("another.crt", -2)

    def _by_hand(self, name: str, number: int) -> None:
        for node in self.engine.nodes:
            node.write(f"{_ANCHORS}/{name}", self.make(number).pem)
            node.run([_TOOL], check=True)

    def sabotage(self, how: str) -> None:
        """Put a bad tool in the place of the good one, inside."""
        for node in self.engine.nodes:
            if not node.path(f"{_TOOL}.real").exists():
                node.write(f"{_TOOL}.real", node.read(_TOOL), mode=0o755)
            node.write(_TOOL, f"#!/bin/sh\n{_BAD[how]}\n", mode=0o755)

    def spoil(self) -> str:
        """The machine does not answer."""
        self.engine.behave(ssh="lost")
        return "does not reach"

    def elsewhere(self) -> Sequence[str]:
        """Bob has no machine."""
        return store_ids(self.throwaway, "bob")
