"""The failure of a probe before a handshake: the layer that failed; lower layers are not guessed."""

from __future__ import annotations

from enum import Enum

from trustinstall.errors import TrustInstallError
from trustinstall.host.network import ConnectionFailed, Fault


class Layer(Enum):
    """The part of a connection that failed, or why that is not known."""

    NAME = "name"
    ROUTE = "route"
    TCP = "tcp"
    PROXY = "proxy"
    NOT_TLS = "not-tls"
    TLS = "tls"
    CERTIFICATE = "certificate"
    NOT_LOOKED = "not-looked-at"  # no layer has failed: the time was over before


class ProbeFailed(TrustInstallError):  # noqa: N818  -- named for what it tells
    """There was no handshake. `layer` is the part that failed; the text describes the failure."""

    code = "probe-failed"

    def __init__(self, layer: Layer, text: str) -> None:
        self.layer = layer
        super().__init__(text)


_LAYERS = {
    Fault.NAME: (Layer.NAME, "the name {} is not known"),
    Fault.NAME_LATE: (Layer.NAME, "no name server answers for {}"),
    Fault.ROUTE: (Layer.ROUTE, "no route leads to {}"),
    Fault.REFUSED: (Layer.TCP, "{} refuses the connection: no program listens there"),
    Fault.LATE: (Layer.TCP, "{} does not answer in time"),
    Fault.CLOSED: (Layer.TCP, "{} has ended the connection"),
    Fault.TOO_MUCH: (Layer.TCP, "{} sends more than a handshake needs"),
    Fault.OTHER: (Layer.TCP, "there is no connection to {}"),
}


def of_connection(error: ConnectionFailed, peer: str) -> ProbeFailed:
    """Return the error for a connection to a peer that failed or ended."""
    layer, text = _LAYERS[error.fault]
    return ProbeFailed(layer, text.format(peer))
