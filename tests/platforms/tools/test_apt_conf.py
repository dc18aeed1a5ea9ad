"""apt's own reader finds the same options as trustinstall's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from trustinstall_platforms.tools import apt_conf

_PROXY = "acquire::http::proxy"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('Acquire::http::Proxy "http://a:1";\n', 1),
        ('Acquire {\n  http {\n    Proxy "http://a:1";\n  };\n};\n', 3),
        ('acquire::HTTP { Proxy "http://a:1"; }\n', 1),
        ('# Acquire::http::Proxy "http://a:1";\n// Acquire::http::Proxy "b";\n', 0),
        ('/* Acquire::http::Proxy\n"http://a:1"; */\nX "y";\n', 0),
        ('APT::Get::Show "1";\nAcquire::http\n{\nProxy http://a:1;\n}\n', 4),
        ('Acquire::http::Proxy::host "DIRECT";\n', 0),
        ('X "// no comment";\nAcquire::http::Proxy "http://a:1";\n', 2),
    ],
)
def test_an_option_is_found_where_apt_finds_it(tmp_path: Path, text: str, line: int) -> None:
    """The proxy is found, with its line, exactly where `apt-config` says that there is one."""
    found = [at for name, at in apt_conf.options(text) if name == _PROXY]
    assert found == ([line] if line else [])
    (tmp_path / "apt.conf").write_text(text)
    environment = {"APT_CONFIG": str(tmp_path / "apt.conf"), "PATH": "/usr/bin:/bin"}
    said = subprocess.run(
        ["apt-config", "shell", "found", "Acquire::http::Proxy"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert (said.strip() not in {"", "found=''"}) == bool(found), said


@pytest.mark.parametrize("text", ['a "', "}" * 5, "{" * 5, '"', "a b", "/*"])
def test_damaged_files_are_read_as_far_as_possible(text: str) -> None:
    """A file that apt refuses has no options, and no error ends the command."""
    assert apt_conf.options(text) == []
