"""What clients read where a Python environment or a project of the account has settings of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective import environments, projects
from trustinstall_platforms.tools.effective.clients import every, in_environment
from trustinstall_platforms.tools.effective.decide import bare, effective
from trustinstall_platforms.tools.effective.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Effective, Scene
    from trustinstall_platforms.tools.effective.rows import Client


def look(host: Host) -> Iterator[tuple[Client, Scene, Effective]]:
    """Yield what clients read that start in such a place, if a file there decides."""
    yield from _in_environments(host)
    yield from in_projects(host)


def _in_environments(host: Host) -> Iterator[tuple[Client, Scene, Effective]]:
    for session in environments.sessions(host):
        scene = bare(host)._replace(session=session)
        for client in in_environment(scene):
            found = effective(client, scene)
            if environments.decides(session, found):
                yield client, scene, found


def in_projects(host: Host) -> Iterator[tuple[Client, Scene, Effective]]:
    """Yield what clients read in a project whose own settings decide, or a file that these include."""
    for project in projects.projects(host):
        scene = bare(host, project.directory)
        for client in every(scene):
            if client.name.partition(" for ")[0] in project.clients:
                found = effective(client, scene)
                if found.decider.kind is Kind.SETTING and found.decider != effective(client, bare(host)).decider:
                    yield client, scene, found
