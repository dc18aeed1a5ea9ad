"""The tables of clients: the places that each reads, in its order of precedence; a module for each family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective.clients import (
    clouds,
    clusters,
    conda,
    downloads,
    javascript,
    languages,
    python,
    repositories,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall_platforms.tools.effective.model import Scene
    from trustinstall_platforms.tools.effective.rows import Client

CLIENTS: tuple[Client, ...] = (
    *javascript.CLIENTS,
    *python.CLIENTS,
    *conda.CLIENTS,
    *repositories.CLIENTS,
    *downloads.CLIENTS,
    *clouds.CLIENTS,
    *languages.CLIENTS,
)
#: The variables that clients read a bundle or a switch from.
READ = frozenset(
    (
        *(name for client in CLIENTS for place in client.places for name in place.variables),
        *(name for place in repositories.GIT_VARIABLES for name in place.variables),
        *("AWS_CA_BUNDLE", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"),
    )
)
_IN_ENVIRONMENTS = frozenset({"pip", "conda"})
#: The client of each row of the table of tools without files that has one.
OF_OTHERS = {
    "git": "git",
    "curl": "curl",
    "node": "Node.js",
    "uv": "uv",
    "deno": "Deno",
    "bun": "Bun",
    "cargo": "Cargo",
    "gem": "RubyGems",
    "php": "PHP",
    "nix": "Nix",
    "ansible": "Python's ssl",
}


def every(scene: Scene) -> Iterator[Client]:
    """Yield every client, and the profiles, URLs and commands that have settings of their own in the scene's files."""
    found = (
        *CLIENTS,
        *repositories.main(scene),
        *python.limited(scene),
        *repositories.limited(scene),
        *clouds.limited(scene),
        *javascript.limited(scene),
        *clusters.limited(scene),
        *languages.limited(scene),
    )
    yield from (one for one in found if scene.host.platform in one.systems)


def in_environment(scene: Scene) -> Iterator[Client]:
    """Yield the clients that read settings of the Python environment that they run in."""
    found = (*python.CLIENTS, *conda.CLIENTS, *python.limited(scene))
    yield from (one for one in found if one.name.partition(" ")[0] in _IN_ENVIRONMENTS)


def of_tool(scene: Scene, name: str) -> Client | None:
    """Return the client of a row of the table of tools, without reading profiles, URLs and commands.

    None if its table does not know the places of this system.
    """
    known = (one for one in (*CLIENTS, *repositories.main(scene), *clouds.main(scene)) if one.tool == name)
    return next((one for one in known if scene.host.platform in one.systems), None)
