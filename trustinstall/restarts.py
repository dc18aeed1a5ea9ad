"""Programs that read their roots once, at start: they go on with the old ones until somebody restarts them.

Facts: dockerd (moby issue 20912), containerd, kubelet, CRI-O, Podman's service and GitLab Runner load Go's system
pool once per process (crypto/x509, SystemCertPool); a JVM loads its cacerts when TLS is first used (JSSE reference).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trustinstall.host import Host

# As the kernel shows them: at most 15 characters (proc_pid_comm(5)).
_AT_START = ("dockerd", "containerd", "kubelet", "crio", "podman", "gitlab-runner", "snapd", "java")


def needed(host: Host) -> tuple[str, ...]:
    """Which running programs will not notice a change of the system's roots."""
    running = host.running()
    return tuple(name for name in _AT_START if name[:15] in running)
