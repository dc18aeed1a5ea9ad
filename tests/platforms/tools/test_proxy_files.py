"""Where a proxy's password may stand: in no file that others read, and in no arguments of a process."""

from __future__ import annotations

import pytest

from tests.support import fake_host
from trustinstall.facts.proxies import Proxies
from trustinstall.stores.keys import FileKeys
from trustinstall_platforms.tools import proxy_files

SECRET = Proxies("http://me:secret@proxy.example:3128", "http://me:secret@proxy.example:3128")
OPEN = Proxies("http://proxy.example:3128")


def _wanted(platform: str, proxies: Proxies) -> dict[str, FileKeys]:
    with fake_host.played(platform=platform) as host:
        for name in ("bash", "zsh", "git", "npm"):
            fake_host.program(host, f"/bin/{name}")
        fake_host.write(host, "/home/alice/.npmrc", "fund=false\n", 0o644)
        return {one.location.rpartition("/")[2]: one for one in proxy_files.wanted(host, proxies)}


def test_no_password_goes_into_the_arguments_of_a_process() -> None:
    """A launchd agent starts a process with its values as arguments, which every account sees."""
    agent = "trustinstall-proxy.environment.plist"
    said = _wanted("darwin", SECRET)
    assert (said[agent].keys, "every account" in said[agent].left) == ((), True)
    assert said[".zshenv"].secret
    assert _wanted("darwin", OPEN)[agent].keys


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_no_password_goes_into_a_file_that_others_read(platform: str) -> None:
    """Each file with it is private, and one that others may read is left with the words to mend that."""
    said = _wanted(platform, SECRET)
    assert (said[".npmrc"].keys, "chmod 600" in said[".npmrc"].left) == ((), True)
    assert all(one.secret and one.mode == 0o600 for one in said.values() if one.keys)
    assert any(one.keys for one in said.values())
