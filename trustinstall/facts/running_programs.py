"""Programs that read their roots once, at start: they use the old ones until they are restarted.

Facts: dockerd (moby issue 20912), containerd, BuildKit, kubelet, CRI-O, Podman's service and GitLab Runner load Go's
system pool once per process (crypto/x509, SystemCertPool); a JVM loads its cacerts when TLS is first used (JSSE
reference).
On Windows, where Go and most others ask the system each time, Docker Desktop copies the roots to its virtual machine
when it starts (Docker's manual, "Adding TLS certificates": restart it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trustinstall.host import Host

# The names in the kernel: at most 15 characters (proc_pid_comm(5)).
_AT_START = ("dockerd", "containerd", "buildkitd", "kubelet", "crio", "podman", "gitlab-runner", "snapd", "java")
_ON_WINDOWS = ("Docker Desktop",)


def needed(host: Host) -> tuple[str, ...]:
    """Return the running programs that will not notice a change of the system's roots."""
    running = host.running()
    if host.platform == "win32":
        return tuple(name for name in _ON_WINDOWS if name in running)
    return tuple(name for name in _AT_START if name[:15] in running)


def older(host: Host, since: float) -> tuple[str, ...]:
    """Return those started before a change of the system's roots, in seconds since 1970 (Linux)."""
    started = host.started()
    return tuple(name for name in _AT_START if started.get(name[:15], since) < since)
