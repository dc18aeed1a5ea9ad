"""What the tools themselves say of made-up settings is what `effective` says: who decides, and which file is meant."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.end_to_end.clients.homes import NAMES, few, home, know, path_of, say

URL = "https://git.corp/"
_named = st.sampled_from(NAMES)

_git_value = _named.flatmap(
    lambda name: st.sampled_from(
        [f"~/{name}", f'"~/{name}"', f"TOP/{name} ; mine", f'"TOP/{name}" # "x"', f'TOP/"{name}"']
    )
)
_git_section = st.sampled_from(["[http]", "[HTTP]", '[http "https://git.corp/"]', '[http "https://other/"]', "[core]"])
_git_file = st.lists(st.tuples(_git_section, st.sampled_from(["sslCAInfo", "sslcainfo"]), _git_value), max_size=3).map(
    lambda rows: "".join(f"{section}\n\t{key} = {value}\n" for section, key, value in rows)
)


@few(30)
@given(own=_git_file, other=_git_file, included=_git_file, moved=st.booleans())
@example(own='[http]\n\tsslCAInfo = "TOP/a.pem" # x\n[include]\n\tpath = more\n', other="", included="", moved=False)
def test_git(own: str, other: str, included: str, *, moved: bool) -> None:
    """`git config --get-urlmatch` names the same file, with both files, includes, quotes and URLs."""
    files = {
        ".gitconfig": f"{own}[include]\n\tpath = more\n",
        "x/git/config" if moved else ".config/git/config": other,
        "more": included,
    }
    with home(files) as top:
        variables = {"XDG_CONFIG_HOME": f"{top}/x"} if moved else {}
        said = say(top, ["git", "config", "--type=path", "--get-urlmatch", "http.sslcainfo", URL], variables)
        limited = know(top, f"git for {URL}", variables)
        assert path_of(limited or know(top, "git", variables)) == said


_hg_file = st.lists(
    st.tuples(st.sampled_from(["web", "ui", "paths"]), st.sampled_from(["cacerts", "other"]), _named), max_size=3
).map(lambda rows: "".join(f"[{section}]\n{key} = TOP/{name}\n" for section, key, name in rows))


@few(8)
@given(own=_hg_file, other=_hg_file, included=_hg_file, moved=st.booleans())
def test_mercurial(own: str, other: str, included: str, *, moved: bool) -> None:
    """`hg config web.cacerts` names the same file: the one in ~/.config counts more, and files are included."""
    files = {
        ".hgrc": f"{own}%include more.rc\n",
        "x/hg/hgrc" if moved else ".config/hg/hgrc": other,
        "more.rc": included,
    }
    with home(files) as top:
        variables = {"XDG_CONFIG_HOME": f"{top}/x"} if moved else {}
        said = say(top, ["hg", "config", "web.cacerts"], variables)
        assert path_of(know(top, "Mercurial", variables)) == said


_pip_file = st.lists(
    st.tuples(st.sampled_from(["global", "install", "list"]), st.sampled_from(["cert", "Cert", "client-cert"]), _named),
    max_size=3,
    unique_by=lambda row: (row[0], row[1].lower()),
).map(lambda rows: "".join(f"[{section}]\n{key} = TOP/{name}\n" for section, key, name in rows if key))


def _once(text: str) -> str:
    """Return a text without sections that stand there twice: pip refuses such a file."""
    seen: dict[str, list[str]] = {}
    current = ""
    for line in text.splitlines():
        current = line if line.startswith("[") else current
        seen.setdefault(current, [])
        seen[current] += [] if line.startswith("[") else [line]
    return "".join(f"{section}\n" + "".join(f"{one}\n" for one in rows) for section, rows in seen.items())


@few(5)
@given(own=_pip_file, old=_pip_file, named=_pip_file, moved=st.sampled_from(["", "XDG_CONFIG_HOME", "PIP_CONFIG_FILE"]))
def test_pip(own: str, old: str, named: str, moved: str) -> None:
    """`pip config get` names the same file for all commands and for `install`, wherever its files were moved."""
    new = "x/pip/pip.conf" if moved == "XDG_CONFIG_HOME" else ".config/pip/pip.conf"
    with home({new: _once(own), ".pip/pip.conf": _once(old), "named": _once(named)}) as top:
        values = {"XDG_CONFIG_HOME": f"{top}/x", "PIP_CONFIG_FILE": f"{top}/named"}
        variables = {moved: values[moved]} if moved else {}
        every = say(top, ["/usr/bin/python3", "-m", "pip", "config", "list"], variables)
        said = {key: value.strip("'") for key, _, value in (line.partition("=") for line in every.splitlines())}
        assert path_of(know(top, "pip", variables)) == said.get("global.cert", "")
        limited = know(top, "pip for install", variables)
        assert path_of(limited) == (said.get("install.cert", ""))


_npm_value = _named.flatmap(
    lambda name: st.sampled_from([f"TOP/{name}", f"~/{name}", "${HOME}/" + name, f'"TOP/{name}"', f"TOP/{name} ; x"])
)
_npm_file = st.one_of(st.just("fund=false\n"), _npm_value.map(lambda value: f"fund=false\ncafile = {value}\n"))


@few(5)
@given(own=_npm_file, project=_npm_file, moved=st.booleans(), variable=st.one_of(st.just(""), _named))
def test_npm(own: str, project: str, variable: str, *, moved: bool) -> None:
    """`npm config get cafile` names the same file: variable, project, account and machine."""
    files = {"n" if moved else ".npmrc": own, "p/.npmrc": project, "p/package.json": "{}"}
    with home(files) as top:
        variables = {"NPM_CONFIG_USERCONFIG": f"{top}/n"} if moved else {}
        variables |= {"npm_config_cafile": f"{top}/{variable}"} if variable else {}
        said = say(top, ["npm", "config", "get", "cafile"], variables, "p")
        found = know(top, "npm", variables, f"{top}/p")
        assert path_of(found) == (said if said != "null" else "")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("openssl.cafile = TOP/a.pem ; mine\n", "a.pem"),
        ('[openssl]\nopenssl.cafile="TOP/b.pem"\n', "b.pem"),
        ("openssl.cafile='TOP/b.pem'\nopenssl.cafile=TOP/c.pem\n", "c.pem"),
        (";openssl.cafile=TOP/a.pem\n", ""),
    ],
)
def test_php(text: str, path: str) -> None:
    """PHP's own `ini_get` names the same file."""
    with home({"php.ini": text}) as top:
        variables = {"PHPRC": str(top)}
        said = say(top, ["php", "-r", "echo ini_get('openssl.cafile');"], variables)
        assert said == (f"{top}/{path}" if path else "")
        assert path_of(know(top, "PHP", variables)) == said
